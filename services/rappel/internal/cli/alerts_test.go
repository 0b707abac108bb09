package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

const (
	firingAlert = `{"id":"a-1","changes":"2","episode":2,"state":"FIRING","rule":"detractor","severity":"CRITICAL","team":"care","notify":true,
"customerKey":"abcdefghijklmnopqrstuvwxyz","survey":"magasins","responseId":"M-1","revision":3,"answer":{"metric":"NPS","value":1.5,"class":"DETRACTOR"},
"labels":{"theme":"delivery_time","rule":"detractor","kind":"response"},"raisedAt":"2026-11-09T12:15:00Z","expiresAt":"2026-12-09T12:15:00Z"}`
	heldAlert = `{"id":"m-2","changes":"3","episode":1,"state":"ACKNOWLEDGED","rule":"nps_falls\u001b[2J","severity":"HIGH","labels":{"kind":"metric"},
"movement":{"measure":"NPS","figure":18.25,"reference":40},"raisedAt":"2026-11-09T10:00:00Z",
"acknowledgement":{"by":"amina","at":"2026-11-09T11:00:00Z","until":"2026-11-09T15:00:00Z","comment":"I call the carrier"}}`
	resolvedAlert = `{"id":"a-1","changes":"4","episode":2,"state":"RESOLVED","rule":"detractor","severity":"CRITICAL","resolution":"BY_HAND","resolvedBy":"sam","comment":"settled"}`
)

// alertServer answers as an alerting does, two alerts to a page.
func alertServer(t *testing.T) (url string, asked *[]string) {
	t.Helper()
	asked = &[]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*asked = append(*asked, r.Method+" "+r.URL.RequestURI()+" "+strings.ReplaceAll(string(body), " ", ""))
		say := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
		switch path := r.Method + " " + r.URL.Path; {
		case path == "GET /v1/alerts" && r.URL.Query().Get("customerKey") == "none":
			say("{}")
		case path == "GET /v1/alerts" && r.URL.Query().Get("pageToken") == "":
			say(`{"alerts":[{"alert":%s,"groups":["g-1"],"heldBack":[{"reason":"SILENCED","by":"s-1","until":"2026-11-09T18:00:00Z"}]}],"nextPageToken":"next"}`, firingAlert)
		case path == "GET /v1/alerts":
			say(`{"alerts":[{"alert":%s}]}`, heldAlert)
		case path == "GET /v1/alerts/a-1":
			say(`{"alert":{"alert":%s,"groups":["g-1"],"heldBack":[{"reason":"SILENCED","by":"s-1","until":"2026-11-09T18:00:00Z"},{"reason":"INHIBITED","by":"m-2"},{"reason":"MUTED","by":"nights"}]},
"history":[{"at":"2026-11-09T09:00:00Z","type":"RAISED","alert":{"revision":1,"severity":"HIGH"}},{"at":"2026-11-09T09:05:00Z","type":"ACKNOWLEDGED","by":"amina","alert":{"acknowledgement":{"by":"amina","comment":"mine"}}},
{"at":"2026-11-09T09:06:00Z","type":"UNACKNOWLEDGED","alert":{}},{"at":"2026-11-09T09:30:00Z","type":"RESOLVED","alert":{"resolution":"NO_LONGER_MATCHES"}},
{"at":"2026-11-09T12:15:00Z","type":"RAISED","alert":{"revision":3,"severity":"CRITICAL"}}]}`, firingAlert)
		case path == "POST /v1/alerts/a-1:acknowledge", path == "POST /v1/alerts/a-1:unacknowledge":
			say(`{"alert":%s}`, heldAlert)
		case path == "POST /v1/alerts/a-1:resolve":
			say(`{"alert":%s}`, resolvedAlert)
		case path == "POST /v1/alerts/a-over:acknowledge":
			rpc.WriteError(w, rpc.Refused(codes.FailedPrecondition, "ALERT_RESOLVED", "the alert stands no more"))
		case strings.Contains(path, "a-wrong"):
			rpc.WriteError(w, rpc.Invalid(rpc.Field{Path: "holdFor", Problem: "must be 1 minute to 30 days"}))
		default:
			rpc.WriteError(w, rpc.Refused(codes.NotFound, "NO_SUCH_ALERT", "there is no such alert"))
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

func alertsSay(t *testing.T, lang string, terminal bool, args ...string) (out, errs string, asked []string, err error) {
	t.Helper()
	url, all := alertServer(t)
	e := world(map[string]string{"RAPPEL_LANG": lang, "RAPPEL_SERVER": url})
	if terminal {
		e.terminal = func(io.Writer) (int, bool) { return 120, true }
	}
	out, errs, err = run(t, e, alertsCommand, append([]string{"alerts"}, args...)...)
	return out, errs, *all, err
}

func TestAlertsAreShown(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"fr", "en"} {
		for name, args := range map[string][]string{
			"alerts-help": {}, "alerts-ack-help": {"ack", "--help"}, "alerts-list": {"list"}, "alerts-show": {"show", "a-1"}, "alerts-none": {"list", "--customer", "none"},
			"alerts-ack": {"ack", "a-1", "--by", "amina"}, "alerts-resolve": {"resolve", "a-1", "--by", "sam"},
		} {
			out, _, _, err := alertsSay(t, lang, true, args...)
			require.NoError(t, err)
			golden(t, name+"-"+lang, out)
		}
	}
}

func TestAlertsForAnotherProgram(t *testing.T) {
	t.Parallel()
	out, _, _, err := alertsSay(t, "en", false, "list")
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 3)
	require.Equal(t, "a-1\tcritical\tfiring, held back\t1h15\tdetractor\tabcdefghijklmnopqrstuvwxyz\t\tNPS 1.5 detractor, delivery_time, magasins", lines[1])
	require.NotContains(t, out, "\x1b")

	out, _, _, err = alertsSay(t, "en", true, "list", "-o", "json")
	require.NoError(t, err)
	require.Contains(t, out, `"id": "m-2"`)
	out, _, _, err = alertsSay(t, "fr", true, "ack", "a-1", "a-over", "--by", "amina", "-o", "json")
	require.EqualError(t, err, "Alertes sans changement : 1 sur 2.")
	require.Contains(t, out, `"reason": "ALERT_RESOLVED"`)
	require.Contains(t, out, `"state": "ACKNOWLEDGED"`)
}

func TestWhatIsAskedOfAlerts(t *testing.T) {
	t.Parallel()
	_, _, asked, err := alertsSay(t, "en", false, "list", "--severity", "high,critical", "--state", "resolved", "--match", `severity=~"a|b,c"`, "--match", "team!=care", "--group", "g-1", "--limit", "1")
	require.NoError(t, err)
	require.Equal(t, []string{"GET /v1/alerts?group=g-1&matchers=severity%3D~%22a%7Cb%2Cc%22&matchers=team%21%3Dcare&pageSize=1&severities=HIGH&severities=CRITICAL&states=RESOLVED "}, asked)
	_, _, asked, err = alertsSay(t, "en", false, "ack", "a-1", "--by", "sam", "--for", "2h", "--comment", "mine")
	require.NoError(t, err)
	require.Equal(t, []string{`POST /v1/alerts/a-1:acknowledge {"by":"sam","comment":"mine","holdFor":"7200s"}`}, asked)
	_, _, asked, err = alertsSay(t, "en", false, "unack", "a-1", "--by", "sam")
	require.NoError(t, err)
	require.Equal(t, []string{`POST /v1/alerts/a-1:unacknowledge {"by":"sam"}`}, asked)
	out, _, _, err := alertsSay(t, "en", true, "list", "--limit", "1", "--match", "a=b c")
	require.NoError(t, err)
	require.Contains(t, out, "rappel alerts list --match \"a=b c\" --limit 1 --page next")
}

func TestWhatIsWrongWithACommandAboutAlerts(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"Say which alert: rappel alerts ack ID":                         {"ack"},
		"Say which alert: rappel alerts show ID":                        {"show"},
		"Say who decides: --by, or RAPPEL_AGENT":                        {"ack", "a-1"},
		"--state gone: choose from all, firing, acknowledged, resolved": {"list", "--state", "gone"},
		"--severity bad: choose from low, medium, high, critical":       {"list", "--severity", "bad"},
		"--limit: 1 to 1000":                                            {"list", "--limit", "0"},
		"There is no alert with this id.":                               {"show", "a-none"},
		"Alerts left unchanged: 3 of 4.":                                {"ack", "a-1", "a-none", "a-over", "a-wrong", "--by", "sam"},
	} {
		out, _, _, err := alertsSay(t, "en", false, args...)
		require.EqualError(t, err, want)
		if len(args) > 4 {
			require.Equal(t, "a-1  acknowledged, by amina, until 9 Nov 2026 16:00, I call the carrier\na-none  There is no alert with this id.\n"+
				"a-over  This alert stands no more: there is nothing to look after.\na-wrong  Something is missing or does not fit:\n  holdFor: must be 1 minute to 30 days\n", out)
		}
	}
}

// Both languages have a word for everything.
func TestAlertsHaveWords(t *testing.T) {
	t.Parallel()
	for lang, w := range map[string]*alertWords{"fr": &alertFrench, "en": &alertEnglish} {
		require.Len(t, w.States, len(eventsv1.AlertState_State_name)-1, lang)
		require.Len(t, w.Severities, len(eventsv1.Severity_name)-1, lang)
		require.Len(t, w.Resolutions, len(eventsv1.AlertState_Resolution_name)-1, lang)
		require.Len(t, w.Changes, len(eventsv1.AlertChanged_Type_name)-1, lang)
		v := reflect.ValueOf(*w)
		for i := range v.NumField() {
			require.False(t, v.Field(i).IsZero(), "%s: %s", lang, v.Type().Field(i).Name)
		}
	}
}
