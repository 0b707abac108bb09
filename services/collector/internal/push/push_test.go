package push_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/hook"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/collector/internal/push"
)

func same(t *testing.T, want string, got *eventsv1.Response) {
	t.Helper()
	m := &eventsv1.Response{}
	require.NoError(t, protojson.Unmarshal([]byte(want), m))
	require.True(t, proto.Equal(m, got), "%s", protojson.Format(got))
}

const wholeNPS = `"answers":[{"metric":"NPS","value":2},{"verbatim":"Colis livré avec six jours de retard, personne ne répond."}]`

func TestWhatBringsItsAnswersBecomesAResponse(t *testing.T) {
	t.Parallel()
	for source, c := range map[string]struct{ file, want string }{
		"typeform": {"typeform_form_response.json", `{"id":"7f1c0e6b9d2a4c58b3e0a1d4c6f8e2b1","survey":"apres-livraison","channel":"web",
			"customer":{"id":"C-1042","phone":"+33600000001","language":"fr"},` + wholeNPS + `,"callbackRequested":true,
			"attributes":{"form":"Enquête NPS après livraison"},"submittedAt":"2026-09-14T08:02:47Z"}`},
		"zendesk": {"zendesk_ticket_csat_received.json", `{"id":"ticket-35436","survey":"support","channel":"email","touchpoint":"support",
			"customer":{"id":"8447388090494"},"answers":[{"metric":"CSAT","value":0,"scale":{"min":0,"max":1}},{"verbatim":"Personne n'a rappelé comme promis."}],
			"attributes":{"ticket":"35436"},"submittedAt":"2026-09-14T08:02:47Z"}`},
		"formbricks": {"formbricks_response_finished.json", `{"id":"cm8responsedemo042","survey":"apres-livraison","channel":"link",
			"customer":{"id":"C-1042","email":"client@example.org","language":"fr"},` + wholeNPS + `,"consent":{"callback":true},"submittedAt":"2026-09-14T08:02:47.116Z"}`},
	} {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			l := setup(t, open(source))
			l.told(fixture(t, c.file))
			l.eventually(func() bool { return len(l.stored()) == 1 })
			same(t, c.want, l.stored()[0])
			require.Equal(t, 1, l.counted(push.Taken))
			require.Equal(t, 1, l.counted(push.Answered))
		})
	}
}

// Told again, by a retry or by whoever overheard it, it is stored once.
func TestWhatIsToldTwiceIsStoredOnce(t *testing.T) {
	t.Parallel()
	l := setup(t, open("typeform"))
	for range 3 {
		l.told(fixture(t, "typeform_form_response.json"))
	}
	require.EqualValues(t, 1, l.pushes())
	l.eventually(func() bool { return len(l.stored()) == 1 })
}

// What was stored and not handled is handled by whoever comes next.
func TestWhatWasTakenIsHandledAfterARestart(t *testing.T) {
	t.Parallel()
	l := setup(t, open("typeform"))
	l.refusing(func(*eventsv1.Response) error { return ingest.ErrStarting })
	l.told(fixture(t, "typeform_form_response.json"))
	l.eventually(func() bool { return l.counted(push.Retried) > 0 })
	l.stop()
	require.Empty(t, l.letters(), "a store that is away is not the push's fault")
	l.refusing(nil)
	l.start(open("typeform"))
	l.eventually(func() bool { return len(l.stored()) == 1 })
}

// An endpoint that was taken out of the configuration leaves what it was told behind.
func TestWhatNobodyHandlesIsSaid(t *testing.T) {
	t.Parallel()
	l := setup(t, open("typeform"))
	l.refusing(func(*eventsv1.Response) error { return ingest.ErrStarting })
	l.told(fixture(t, "typeform_form_response.json"))
	l.eventually(func() bool { return l.counted(push.Retried) > 0 })
	l.stop()
	other := push.New(push.Options{Bus: l.bus, Ingest: l, Log: zap.New(l.core)})
	require.NoError(t, other.Start(t.Context()))
	require.NoError(t, other.Stop(t.Context()))
	said := l.logs.FilterFieldKey("endpoint").All()
	require.Len(t, said, 1)
	require.Equal(t, map[string]any{"endpoint": "e", "pushes": uint64(1)}, said[0].ContextMap())
}

func TestWhatHasNoIDOrTimeGetsThemFromItsPush(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "m.yaml")
	require.NoError(t, os.WriteFile(file, []byte("survey: s\nanswers: [{metric: NPS, path: score}]"), 0o600))
	l := setup(t, hook.Config{Source: "generic", AllowUnsigned: true, Mapping: file})
	l.told(`{"score":3}`)
	l.eventually(func() bool { return len(l.stored()) == 1 })
	r := l.stored()[0]
	require.Equal(t, hook.Push{Body: []byte(`{"score":3}`)}.EventID("e"), r.GetId())
	require.Equal(t, noon, r.GetSubmittedAt().AsTime())
}

func TestWhatIsLeftOutOnPurposeIsCounted(t *testing.T) {
	t.Parallel()
	l := setup(t, open("zendesk"))
	l.told(`{"type":"zen:event-type:ticket.csat_requested","id":"1"}`)
	l.eventually(func() bool { return l.counted(push.Skipped) == 1 })
	require.Empty(t, l.letters())
}

// A push that cannot become a response is kept, with a reason that repeats nothing of
// it, and becomes one once the mapping is mended.
func TestAMappingIsMendedAndThePushRedriven(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "m.yaml")
	write := func(path string) hook.Config {
		require.NoError(t, os.WriteFile(file, []byte("survey: s\nid: id\nanswers: [{metric: NPS, path: "+path+"}]"), 0o600))
		return hook.Config{Source: "generic", AllowUnsigned: true, Mapping: file}
	}
	l := setup(t, write("who"))
	l.told(`{"id":"r-1","score":3,"who":"06 39 98 20 11"}`)
	l.eventually(func() bool { return len(l.letters()) == 1 })
	letter := l.letters()[0]
	require.Equal(t, []string{"unmappable", "push-e"}, []string{letter.GetReason(), letter.GetConsumer()})
	require.Equal(t, `unmappable: "who": what it holds is no number`, letter.GetDetail())
	require.Equal(t, 1, l.counted(push.GivenUp))
	l.stop()
	l.start(write("score"))
	require.NoError(t, l.bus.Redrive(t.Context(), 1))
	l.eventually(func() bool { return len(l.stored()) == 1 })
	require.InDelta(t, 3, l.stored()[0].GetAnswers()[0].GetValue(), 0)
}

func TestWhatTheCollectorRefusesIsNamedByItsPath(t *testing.T) {
	t.Parallel()
	l := setup(t, open("typeform"))
	l.refusing(func(*eventsv1.Response) error { return invalid("customer.phone") })
	l.told(fixture(t, "typeform_form_response.json"))
	l.eventually(func() bool { return len(l.letters()) == 1 })
	require.Equal(t, "refused", l.letters()[0].GetReason())
	require.Equal(t, `refused: "form_response.answers[?@.field.ref=="callback_phone"].phone_number": is wrong`, l.letters()[0].GetDetail())
}

func TestWhatIsNoPushIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	l := setup(t, open("typeform"))
	_, err := l.take(`{"a":`)
	require.ErrorIs(t, err, hook.ErrBody)
	require.Equal(t, 1, l.counted(push.Refused))
	require.Zero(t, l.pushes())
	_, err = l.push.Endpoint("typeform", "f")
	require.ErrorIs(t, err, push.ErrUnknown)
	_, err = l.push.Endpoint("zendesk", "e")
	require.ErrorIs(t, err, push.ErrUnknown)
}

// The survey that the fixtures of SurveyMonkey belong to.
const smSurvey = `{"id":"318000001","pages":[{"questions":[{"id":"77000001","family":"matrix","answers":{
	"rows":[{"id":"5100000001","text":""}],"choices":[{"id":"5100000011","text":"0","position":1,"weight":0},{"id":"5100000013","text":"2","position":3,"weight":2}],
	"other":{"id":"5100000099","text":"Autre"}}},{"id":"77000002","family":"open_ended"}]}]}`

const (
	smDetailsPath = "/v3/surveys/318000001/responses/11800000042/details"
	smSurveyPath  = "/v3/surveys/318000001/details"
)

func TestWhatBringsIDsIsAskedFor(t *testing.T) {
	t.Parallel()
	hubspotPath := "/crm/v3/objects/feedback_submissions/512"
	qualtricsPath := "/API/v3/surveys/SV_0bouc1eNPS4demo/responses/R_0demoResponse42"
	short := `"answers":[{"metric":"NPS","value":2},{"verbatim":"Colis livré avec six jours de retard."}]`
	for source, c := range map[string]struct {
		body  string
		pages map[string]string
		auth  string
		want  string
	}{
		"surveymonkey": {
			fixture(t, "surveymonkey_response_completed.json"),
			map[string]string{smDetailsPath: fixture(t, "surveymonkey_response_details.json"), smSurveyPath: smSurvey},
			"Bearer secret-token",
			`{"id":"11800000042","survey":"apres-livraison","channel":"email","customer":{"id":"C-1042","language":"fr"},` + wholeNPS + `,"submittedAt":"2026-09-14T08:02:47Z"}`,
		},
		"qualtrics": {
			fixture(t, "qualtrics_completed_response.form.txt"),
			map[string]string{qualtricsPath: fixture(t, "qualtrics_get_response.json")},
			"secret-token",
			`{"id":"R_0demoResponse42","survey":"apres-livraison","channel":"email","customer":{"id":"C-1042","email":"client@example.org","language":"FR"},` +
				wholeNPS + `,"submittedAt":"2026-09-14T08:02:48.446Z"}`,
		},
		"hubspot": {
			fixture(t, "hubspot_feedback_submission_webhook.json"),
			map[string]string{hubspotPath: fixture(t, "hubspot_feedback_submission_object.json")},
			"Bearer secret-token",
			`{"id":"512","survey":"hubspot-5","channel":"EMAIL","customer":{"email":"client@example.org"},` + short + `,"attributes":{"survey_name":"NPS trimestriel"},"submittedAt":"2026-09-14T08:02:47Z"}`,
		},
	} {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			v := vendorOf(t, c.pages)
			l := setup(t, func() hook.Config {
				config := asking(source, v)
				if source == "qualtrics" {
					config.Secret = "boucle-demo-key-0123456789abcdef"
				}
				return config
			}())
			l.told(c.body)
			l.eventually(func() bool { return len(l.stored()) == 1 })
			same(t, c.want, l.stored()[0])
			for _, got := range v.bearer {
				require.Equal(t, c.auth, got)
			}
			if source == "hubspot" {
				require.Contains(t, v.calls()[0], "hs_value")
			}
		})
	}
}

// A survey's choices are asked for once, and again when a response has one that is new.
func TestTheChoicesOfASurveyAreRemembered(t *testing.T) {
	t.Parallel()
	old := strings.Replace(smSurvey, `,{"id":"5100000013","text":"2","position":3,"weight":2}`, "", 1)
	v := vendorOf(t, map[string]string{smDetailsPath: strings.Replace(fixture(t, "surveymonkey_response_details.json"), "5100000013", "5100000011", 1), smSurveyPath: old})
	l := setup(t, asking("surveymonkey", v))
	event := fixture(t, "surveymonkey_response_completed.json")
	for n := range 3 {
		l.told(strings.Replace(event, "90000000123", strings.Repeat("9", n+1), 1))
		l.eventually(func() bool { return len(l.stored()) == n+1 })
	}
	require.Len(t, v.calls(), 4, "the survey once, the response each time")
	v.set(smSurveyPath, smSurvey)
	v.set(smDetailsPath, fixture(t, "surveymonkey_response_details.json"))
	l.told(event)
	l.eventually(func() bool { return len(l.stored()) == 4 })
	require.InDelta(t, 2, l.stored()[3].GetAnswers()[0].GetValue(), 0)
	require.Len(t, v.calls(), 6)
}

func TestASourcesAPIThatIsAwayLosesNothing(t *testing.T) {
	t.Parallel()
	v := vendorOf(t, map[string]string{smDetailsPath: fixture(t, "surveymonkey_response_details.json"), smSurveyPath: smSurvey})
	l := setup(t, asking("surveymonkey", v))
	v.is(status(500), status(503), status(429), status(401), status(302), status(404), func(w http.ResponseWriter) { _, _ = w.Write([]byte("<html>")) },
		func(http.ResponseWriter) { panic(http.ErrAbortHandler) })
	event := fixture(t, "surveymonkey_response_completed.json")
	for n := range 5 {
		l.told(strings.Replace(event, "90000000123", strings.Repeat("9", n+1), 1))
	}
	l.eventually(func() bool { return len(l.stored()) == 5 })
	require.Empty(t, l.letters())
	require.GreaterOrEqual(t, l.counted(push.Retried), 5)
}

func TestTheAPIsOwnDelayIsKept(t *testing.T) {
	t.Parallel()
	v := vendorOf(t, map[string]string{smDetailsPath: fixture(t, "surveymonkey_response_details.json"), smSurveyPath: smSurvey})
	l := setup(t, asking("surveymonkey", v))
	v.is(func(w http.ResponseWriter) {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	began := time.Now()
	l.told(fixture(t, "surveymonkey_response_completed.json"))
	l.eventually(func() bool { return len(l.stored()) == 1 })
	require.GreaterOrEqual(t, time.Since(began), 900*time.Millisecond)
}

// It may be told of before it can be read; when it never can, that is said.
func TestAResponseThatIsNotThere(t *testing.T) {
	t.Parallel()
	v := vendorOf(t, map[string]string{smSurveyPath: smSurvey})
	l := setup(t, asking("surveymonkey", v))
	l.told(fixture(t, "surveymonkey_response_completed.json"))
	l.eventually(func() bool { return len(l.letters()) == 1 })
	require.Equal(t, "not_at_source", l.letters()[0].GetReason())
	require.Equal(t, "not_at_source: the source's API answers 404 Not Found", l.letters()[0].GetDetail())
	require.Len(t, v.calls(), 8)
}

func TestOneCallWithManyEvents(t *testing.T) {
	t.Parallel()
	object := fixture(t, "hubspot_feedback_submission_object.json")
	v := vendorOf(t, map[string]string{})
	var events []map[string]any
	for n := range 20 {
		id := 600 + n
		events = append(events, map[string]any{"eventId": n + 1, "subscriptionId": 2, "objectId": id, "objectTypeId": "0-19"})
		v.set("/crm/v3/objects/feedback_submissions/"+jsonOf(t, id), strings.ReplaceAll(object, `"512"`, `"`+jsonOf(t, id)+`"`))
	}
	events = append(events, map[string]any{"eventId": 99, "objectId": 1, "objectTypeId": "0-1"}) // a contact
	l := setup(t, asking("hubspot", v))
	n, err := l.take(jsonOf(t, events))
	require.NoError(t, err)
	require.Equal(t, 20, n)
	l.eventually(func() bool { return len(l.stored()) == 20 })
	n, err = l.take("[]")
	require.NoError(t, err)
	require.Zero(t, n)
	_, err = l.take(jsonOf(t, make([]int, 1001)))
	require.ErrorIs(t, err, hook.ErrBody)
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return string(data)
}

// HubSpot's CSAT is 0 to 2: 2 is the best there is.
func TestHubSpotsScales(t *testing.T) {
	t.Parallel()
	object := fixture(t, "hubspot_feedback_submission_object.json")
	v := vendorOf(t, map[string]string{"/crm/v3/objects/feedback_submissions/512": strings.Replace(object, `"hs_survey_type": "NPS"`, `"hs_survey_type": "CSAT"`, 1)})
	l := setup(t, asking("hubspot", v))
	l.told(fixture(t, "hubspot_feedback_submission_webhook.json"))
	l.eventually(func() bool { return len(l.stored()) == 1 })
	a := l.stored()[0].GetAnswers()[0]
	require.Equal(t, eventsv1.Metric_CSAT, a.GetMetric())
	require.InDelta(t, 2, a.GetScale().GetMax(), 0)
	require.InDelta(t, 0, a.GetScale().GetMin(), 0)
}

func TestASurveyResponseOfZendeskIsAskedFor(t *testing.T) {
	t.Parallel()
	v := vendorOf(t, map[string]string{"/api/v2/guide/survey_responses/01J1": fixture(t, "zendesk_survey_response.json")})
	c := asking("zendesk", v)
	c.Mapping = strings.Replace(c.Mapping, "zendesk", "zendesk-survey", 1)
	c.API.Token = "agent@example.org/token:k"
	l := setup(t, c)
	l.told(`{"survey_response_id":"01J1"}`)
	l.told(fixture(t, "zendesk_survey_response.json"))
	l.eventually(func() bool { return len(l.stored()) == 2 })
	require.True(t, proto.Equal(l.stored()[0], l.stored()[1]))
	require.Equal(t, "01J1WB51MG6HXTYWE6Q0C93RNW", l.stored()[0].GetId())
	require.True(t, strings.HasPrefix(v.bearer[0], "Basic "))
}
