package push_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/collector/internal/hook"
)

// A word that only names a response is the same word for each edit of it: it is asked
// about each time, and what it becomes is one response.
func TestAnEditToldByTheSameReferenceIsAskedFor(t *testing.T) {
	t.Parallel()
	edited := func(v *vendor, path string) { // from 1 to 5, and from 2 to 10
		v.mu.Lock()
		defer v.mu.Unlock()
		v.pages[path] = strings.NewReplacer(`"rating": 1`, `"rating": 5`, `"hs_value": "2"`, `"hs_value": "10"`).Replace(v.pages[path])
	}
	for source, c := range map[string]struct {
		body, path, page, mapping string
		before, after             float64
	}{
		"zendesk": {`{"survey_response_id":"01J1"}`, "/api/v2/guide/survey_responses/01J1", "zendesk_survey_response.json", "zendesk-survey", 1, 5},
		"hubspot": {`[{"objectId":512}]`, "/crm/v3/objects/feedback_submissions/512", "hubspot_feedback_submission_object.json", "hubspot", 2, 10},
	} {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			v := vendorOf(t, map[string]string{c.path: fixture(t, c.page)})
			config := asking(source, v)
			config.Mapping = strings.Replace(config.Mapping, source+".yaml", c.mapping+".yaml", 1)
			l := setup(t, config)
			l.told(c.body)
			l.eventually(func() bool { return len(l.stored()) == 1 })
			edited(v, c.path)
			l.now = noon.Add(time.Minute)
			l.told(c.body)
			l.eventually(func() bool { return len(l.stored()) == 2 })
			before, after := l.stored()[0], l.stored()[1]
			require.Equal(t, before.GetId(), after.GetId())
			require.InDelta(t, c.before, before.GetAnswers()[0].GetValue(), 0)
			require.InDelta(t, c.after, after.GetAnswers()[0].GetValue(), 0)
		})
	}
}

// Where the mapping gives no id, all that is told of one response is one response.
func TestAReferenceIsOneResponseWithoutAnIDToo(t *testing.T) {
	t.Parallel()
	v := vendorOf(t, map[string]string{"/api/v2/guide/survey_responses/01J1": `{"score":3}`})
	config := asking("zendesk", v)
	config.Mapping = mappingFile(t, "survey: s\nanswers: [{metric: NPS, path: score}]")
	l := setup(t, config)
	l.told(`{"survey_response_id":"01J1"}`)
	l.now = noon.Add(time.Minute)
	l.told(`{"survey_response_id":"01J1"}`)
	l.eventually(func() bool { return len(l.stored()) == 2 })
	require.Equal(t, l.stored()[0].GetId(), l.stored()[1].GetId())
	require.NotEmpty(t, l.stored()[0].GetId())
}

// A trigger of Zendesk's may send the response itself, under its own id: an edit of it
// is no repetition, and one that goes back to what was said first is none either.
func TestAnEditThatIsToldByTheResponseItself(t *testing.T) {
	t.Parallel()
	config := hook.Config{Source: "zendesk", Secret: "zd-demo-secret", Mapping: mappingFile(t, "survey: s\nid: id\nanswers: [{metric: NPS, path: score}]")}
	l := setup(t, config)
	tell := func(score string, at time.Time) {
		body, stamp := `{"id":"r-1","score":`+score+`}`, at.Format(time.RFC3339)
		l.now = at
		l.told(body, "X-Zendesk-Webhook-Signature", zendeskSigned("zd-demo-secret", stamp, body), "X-Zendesk-Webhook-Signature-Timestamp", stamp)
	}
	for n, score := range []string{"2", "9", "2"} {
		tell(score, noon.Add(time.Duration(n)*time.Minute))
		tell(score, noon.Add(time.Duration(n)*time.Minute)) // and again: the very same call
		l.eventually(func() bool { return len(l.stored()) == n+1 })
	}
	require.EqualValues(t, 3, l.pushes())
	require.InDelta(t, 2, l.stored()[2].GetAnswers()[0].GetValue(), 0)
}

// The same call, sent again as it was signed, is the same push, also where it only names
// a response.
func TestASignedReferenceToldTwiceIsStoredOnce(t *testing.T) {
	t.Parallel()
	v := vendorOf(t, map[string]string{"/api/v2/guide/survey_responses/01J1": fixture(t, "zendesk_survey_response.json")})
	config := asking("zendesk", v)
	config.AllowUnsigned, config.Secret = false, "zd-demo-secret"
	config.Mapping = strings.Replace(config.Mapping, "zendesk", "zendesk-survey", 1)
	l := setup(t, config)
	stamp, body := noon.Format(time.RFC3339), `{"survey_response_id":"01J1"}`
	for n := range 3 {
		l.now = noon.Add(time.Duration(n) * time.Second)
		l.told(body, "X-Zendesk-Webhook-Signature", zendeskSigned("zd-demo-secret", stamp, body), "X-Zendesk-Webhook-Signature-Timestamp", stamp)
	}
	require.EqualValues(t, 1, l.pushes())
	_, err := l.take(body, "X-Zendesk-Webhook-Signature", zendeskSigned("other", stamp, body), "X-Zendesk-Webhook-Signature-Timestamp", stamp)
	require.ErrorIs(t, err, hook.ErrSignature)
	l.eventually(func() bool { return len(l.stored()) == 1 })
}
