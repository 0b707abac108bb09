package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/rappel-loop/rappel/services/internal/rpc"
)

const rulesListed = `{"version":{"number":"12","version":"2026-11+1a2b3c4d","at":"2026-11-20T09:30:00Z","by":"claire","origin":"API"},
"rules":[{"name":"detractor","severity":"HIGH","team":"b2c","callback":{"queue":"default","priority":60},"notify":true,"resolvesAfter":"345600s","fallbacks":["busy","calm"],"raised":"1204","resolved":"31"},
{"name":"staff","severity":"LOW","stop":true,"failed":"2"}],"countedSince":"2026-11-19T08:00:00Z"}`

const rulesReport = `{"draftVersion":"draft+00000000","currentVersion":"1+11111111","from":"2026-10-10T08:00:00Z","to":"2026-11-09T08:00:00Z","days":30,
"answers":"1234567","unreadable":"1","rules":[
{"rule":"furious","severity":"CRITICAL","alerts":{"draft":90},"alertsADay":{"draft":3},"failures":{"draft":4},"inDraft":true},
{"rule":"detractor","severity":"HIGH","alerts":{"current":3015},"alertsADay":{"current":100.5},"failures":{},"inCurrent":true}],
"severities":[{"severity":"CRITICAL","alertsADay":{"draft":3}},{"severity":"HIGH","alertsADay":{"current":100.5}}],
"callbacksADay":{"draft":2.5,"current":80},"customers":{"onlyDraft":"4","onlyCurrent":"2100","both":"71","estimated":true},
"queues":[{"queue":"default","callbacksADay":{"current":80},"staffing":{"queue":"default","agents":3,"callbacksAnHour":3,"hoursADay":8,"openFor":"86400s","target":"14400s"},
"draft":{"agentsNeeded":1,"withinTarget":1,"meanWait":"0s"},"current":{"utilisation":1.11,"growthADay":8,"agentsNeeded":4,"withinTarget":0}},
{"queue":"vip","callbacksADay":{"draft":2.5},"staffing":{"queue":"vip","hoursADay":8,"openFor":"86400s"}}],
"fallbacks":[
{"fallback":"full","draft":{"queue":"default","began":"7","applied":"86460s","share":0.0334,"heldBackADay":1234.5,"elsewhereADay":0,"afterwardsADay":2.5,"first":[
{"from":"2026-10-20T08:06:00Z","to":"2026-10-20T15:31:00Z"},{"from":"2026-11-08T08:06:00Z"}]},
"current":{"queue":"default","began":"1","applied":"1800s","share":0.0007,"heldBackADay":0,"elsewhereADay":0.4,"first":[{"from":"2026-10-21T08:06:00Z","to":"2026-10-21T08:36:00Z"}]}},
{"fallback":"vip_full\u001b[2J","draft":{"queue":"vip","unknown":true,"applied":"0s"}},
{"fallback":"gone","current":{"queue":"vip","unknown":true,"applied":"0s"}}],
"metrics":[{"rule":"nps_drops","severity":"HIGH","draft":"2","inDraft":true,"figures":12,"first":[
{"series":{"theme":"price","survey":"nps"},"at":"2026-10-20T08:00:00Z","endedAt":"2026-10-21T09:00:00Z","figure":20.25,"reference":41,"answers":"210","referenceAnswers":"5120","pValue":0.00001},
{"series":{"theme":"wait","survey":"nps"},"at":"2026-11-08T08:00:00Z","figure":-3,"reference":30,"answers":"31","referenceAnswers":"900"}]},
{"rule":"silent","current":"4","inCurrent":true}],
"examples":[{"customerKey":"abcdefghijklmnopqrstuvwxyz","rule":"furious","draft":true},{"customerKey":"zyxwvutsrqponmlkjihgfedcba","rule":"detractor"}]}`

const metricsListed = `{"version":"2026-11+1a2b3c4d","lookedAt":"2026-11-20T09:30:00Z","rules":[
{"name":"nps_drops","measure":"NPS","window":"86400s","dropsBy":10,"confidence":0.999,"severity":"HIGH","overflow":"3","moreFigures":7,"figures":[
{"series":{"survey":"nps"},"figure":20.25,"reference":41.5,"answers":"210","referenceAnswers":"5120","moved":21.25,"enough":true,"pValue":0.0000123,"firing":true},
{"series":{"survey":"other\u001b[2J"},"figure":50,"reference":0,"answers":"3","referenceAnswers":"2"}]},
{"name":"silent","measure":"count","window":"14400s","dropsBy":50,"filling":true,"failed":"2"},
{"name":"refunds","measure":"share","window":"86400s","risesBy":5,"figures":[{"figure":2,"reference":2.5,"answers":"400","referenceAnswers":"9000","moved":-0.5,"enough":true}]},
{"name":"many","measure":"count","window":"3600s","above":5,"severity":"LOW","figures":[{"figure":1204,"reference":5,"answers":"1204","moved":1199,"enough":true,"pValue":0,"firing":true}]}]}`

// rulesServer answers as an alerting and a callback queue do.
func rulesServer(t *testing.T) (url string, asked *[]string) {
	t.Helper()
	asked = &[]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*asked = append(*asked, r.Method+" "+r.URL.RequestURI()+" "+strings.ReplaceAll(string(body), " ", ""))
		say := func(s string) { _, _ = io.WriteString(w, s) }
		switch r.Method + " " + r.URL.Path {
		case "GET /v1/rules":
			say(rulesListed)
		case "GET /v1/fallbacks":
			say(`{"fallbacks":[{"name":"busy","active":true,"since":"2026-11-20T09:30:00Z","queue":"care","wait":"15330s","beginsAbove":"14400s","endsBelow":"7200s","measures":["raise_bar","tell"]},
{"name":"calm","queue":"vip","beginsAbove":"5400s","endsBelow":"45s","measures":["widen","something_new"]}]}`)
		case "POST /v1/rules:validate":
			if strings.Contains(string(body), "wrong") {
				say(`{"faults":[{"line":4,"column":11,"path":"rule a","message":"undeclared reference to 'npss'"},{"message":"is empty\u001b[2J"}],"moreFaults":3}`)
				return
			}
			say(`{"version":"v2+00000000","rules":7,"metrics":2}`)
		case "PUT /v1/rules":
			say(`{"version":{"number":"13","version":"v2+00000000","at":"2026-11-20T09:31:00Z","origin":"API"}}`)
		case "GET /v1/rules/versions":
			say(`{"versions":[{"number":"12","version":"2026-11+1a2b3c4d","at":"2026-11-20T09:30:00Z","by":"claire","origin":"API"},{"number":"11","version":"v1+22222222","at":"2026-11-01T09:30:00Z","origin":"FILE"}]}`)
		case "GET /v1/rules/versions/12":
			say(`{"version":{"number":"12","version":"v2"},"text":"version: v2\nrules:\n  - {name: a}\n"}`)
		case "GET /v1/rules/versions/11":
			say(`{"version":{"number":"11","version":"v1"},"text":"version: v1\nrules:\n  - {name: a}\n"}`)
		case "GET /v1/metricRules":
			if r.URL.Query().Get("firing") == "true" {
				say(`{"version":"1+22222222"}`)
				return
			}
			say(metricsListed)
		case "GET /v1/queues":
			say(`{"queues":[{"queue":"default","ready":"5","agents":"4","predictedWait":"1800s"},{"queue":"vip"}]}`)
		case "POST /v1/rules:rehearse":
			say(`{"result":{"read":"500000","toRead":"1234567"}}` + "\n" + `{"result":{"read":"1234567","toRead":"1234567","report":` + strings.ReplaceAll(rulesReport, "\n", "") + "}}\n")
		default:
			rpc.WriteError(w, rpc.Refused(codes.NotFound, "NO_SUCH_VERSION", "there is no such version of the rules"))
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

func TestRulesAreShownAndPut(t *testing.T) {
	t.Parallel()
	url, asked := rulesServer(t)
	say := func(args ...string) string {
		t.Helper()
		out, _, err := run(t, world(nil), rulesCommand, append([]string{"rules", "--server", url}, args...)...)
		require.NoError(t, err)
		return out
	}
	golden(t, "rules-list", say("list"))
	asJSON := say("list", "-o", "json")
	for _, want := range []string{`"notify": true`, `"resolvesAfter": "345600s"`, `"fallbacks": [`} {
		require.Contains(t, asJSON, want)
	}
	golden(t, "rules-versions", say("versions"))
	golden(t, "rules-metrics", say("metrics"))
	golden(t, "rules-metrics-none", say("metrics", "nps_drops", "--firing"))
	require.Equal(t, "GET /v1/metricRules?firing=true&rule=nps_drops ", (*asked)[len(*asked)-1])
	require.Contains(t, say("metrics", "-o", "json"), `"name": "nps_drops"`)
	require.Equal(t, "version: v2\nrules:\n  - {name: a}\n", say("show", "12"))
	require.Equal(t, "--- v1 (11)\n+++ v2 (12)\n@@ -1,3 +1,3 @@\n-version: v1\n+version: v2\n rules:\n   - {name: a}\n", say("show", "12", "--diff", "11"))
	rules := file(t, "rules.yaml", "version: v2\n")
	require.Equal(t, rules+" is right: 7 rules and 2 metric rules, version v2+00000000\n", say("validate", rules))
	require.Equal(t, "in force: v2+00000000, number 13, since 2026-11-20 10:31, put by the API\n", say("put", rules, "--by", "claire", "--number", "12"))
	require.Equal(t, `PUT /v1/rules {"text":"version:v2\n","by":"claire","number":"12"}`, (*asked)[len(*asked)-1])
	require.Contains(t, say("list", "-o", "json"), `"name": "detractor"`)
	golden(t, "rules-fallbacks.fr", say("fallbacks", "--lang", "fr"))
	golden(t, "rules-fallbacks.en", say("fallbacks", "--lang", "en"))
	require.Contains(t, say("fallbacks", "-o", "json"), `"name": "busy"`)
	golden(t, "rules-help", say("--help"))
	golden(t, "rules-rehearse-help", say("rehearse", "--help"))
}

func TestRulesThatAreWrong(t *testing.T) {
	t.Parallel()
	url, _ := rulesServer(t)
	wrong := file(t, "rules.yaml", "wrong")
	faults := wrong + ":4:11: rule a: undeclared reference to 'npss'\n" + wrong + ": is empty[2J\n"
	out, _, err := run(t, world(nil), rulesCommand, "rules", "validate", wrong, "--server", url)
	require.EqualError(t, err, wrong+" has 5 faults")
	require.Equal(t, faults, strings.ReplaceAll(out, "\ufffd", ""))
	for _, verb := range []string{"put", "rehearse"} {
		_, errs, err := run(t, world(nil), rulesCommand, "rules", verb, wrong, "--server", url)
		require.EqualError(t, err, wrong+" has 5 faults")
		require.Equal(t, faults, strings.ReplaceAll(errs, "\ufffd", ""))
	}
	good := file(t, "good.yaml", "version: v2\n")
	for want, args := range map[string][]string{
		"there is no such version":         {"show", "9"},
		"name one version":                 {"show"},
		"name one file":                    {"put"},
		"name one rule":                    {"metrics", "a", "b"},
		"no such file":                     {"validate", filepath.Join(t.TempDir(), "x")},
		"--limit: must be 1 to 100":        {"versions", "--limit", "101"},
		"--since: must be how long ago":    {"rehearse", good, "--since", "soon"},
		"--staff vip: must be a queue":     {"rehearse", good, "--staff", "vip"},
		"must be text or json":             {"list", "-o", "xml"},
		"--lang: must be fr or en":         {"fallbacks", "--lang", "de"},
		`--lang: must be fr or en, not "e`: {"rehearse", good, "--lang", "es"},
		"--diff is text; fetch both versi": {"show", "12", "--diff", "11", "-o", "json"},
	} {
		_, _, err := run(t, world(nil), rulesCommand, append([]string{"rules", "--server", url}, args...)...)
		require.ErrorContains(t, err, want)
	}
}

func TestADraftIsRehearsed(t *testing.T) {
	t.Parallel()
	url, asked := rulesServer(t)
	rules := file(t, "rules.yaml", "version: v2\n")
	for _, lang := range []string{"fr", "en"} {
		out, errs, err := run(t, world(nil), rulesCommand, "rules", "rehearse", rules, "--server", url, "--since", "30d", "--staff", "vip=3:2.5", "--target", "4h", "--lang", lang)
		require.NoError(t, err)
		golden(t, "rules-rehearse."+lang, out)
		require.Contains(t, out, map[string]string{"fr": "  1\u00a0235  ", "en": "  1,235  "}[lang])
		require.Empty(t, errs, "no time has passed")
	}
	sent := (*asked)[len(*asked)-1]
	for _, want := range []string{
		`"since":"2026-10-10T13:30:00Z"`, `"examples":5`,
		`{"hoursADay":8,"openFor":"86400s","target":"14400s"}`,
		`{"queue":"default","agents":4,"callbacksAnHour":3,"hoursADay":8,`, // six at half an hour for four
		`{"queue":"vip","agents":3,"callbacksAnHour":2.5,"hoursADay":8,`,
	} {
		require.Contains(t, sent, want)
	}
	out, _, err := run(t, world(nil), rulesCommand, "rules", "rehearse", rules, "--server", url, "--agents", "2", "--pace", "4", "-o", "json")
	require.NoError(t, err)
	require.Contains(t, out, `"draftVersion": "draft+00000000"`)
	require.Contains(t, out, `"fallback": "full"`)
	require.NotContains(t, (*asked)[len(*asked)-1], `"queue"`, "what the flags say is not asked")
}

// A stream that is refused, before it begins or amid it, or that is cut off.
func TestARehearsalThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	rules := file(t, "rules.yaml", "version: v2\n")
	for answer, want := range map[string]string{
		`{"error":{"code":10,"message":"another rehearsal runs","details":[{"reason":"REHEARSING_ALREADY"}]}}`: "another rehearsal runs",
		`{"result":{"read":"1","toRead":"2"}}`: "the answer was cut off",
		`{"result":{"read":"1","toRead":"2"}}` + "\n" + `{"error":{"code":14,"message":"the server stops"}}`: "the server stops",
	} {
		for _, status := range []int{http.StatusOK, http.StatusConflict} {
			if status != http.StatusOK && !strings.HasPrefix(answer, `{"error"`) {
				continue
			}
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, ":rehearse") {
					w.WriteHeader(status)
					_, _ = io.WriteString(w, answer)
					return
				}
				_, _ = io.WriteString(w, "{}")
			}))
			_, _, err := run(t, world(nil), rulesCommand, "rules", "rehearse", rules, "--server", server.URL)
			server.Close()
			require.ErrorContains(t, err, want)
		}
	}
}

func TestTheBar(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	e, at := world(nil), now
	e.now = func() time.Time { return at }
	e.terminal = func(io.Writer) (int, bool) { return 80, true }
	b := newBar(&out, e, " answers/s", "%s left")
	for done := range uint64(3) {
		at = at.Add(10 * time.Second)
		b.update(10_000*(done+1), 30_000)
	}
	b.end()
	golden(t, "bar", strings.ReplaceAll(out.String(), "\r\x1b[K", "\n"))
	for d, want := range map[time.Duration]string{
		4 * time.Hour: "4h", 90 * time.Minute: "1h30m", 45 * time.Second: "45s", 0: "0s", 10 * time.Minute: "10m", 24 * time.Hour: "24h", 61 * time.Second: "1m",
	} {
		require.Equal(t, want, span(d))
	}
}

func TestWhatDiffersIsShownByLines(t *testing.T) {
	t.Parallel()
	numbered := func(n int, change map[int]string) string {
		var b strings.Builder
		for i := 1; i <= n; i++ {
			if s, ok := change[i]; ok {
				b.WriteString(s)
				continue
			}
			fmt.Fprintln(&b, i)
		}
		return b.String()
	}
	require.Empty(t, lineDiff("a\n", "a\n"))
	require.Equal(t, "@@ -1,1 +1,2 @@\n a\n+b\n", lineDiff("a\n", "a\nb\n"))
	golden(t, "linediff", lineDiff(numbered(40, nil), numbered(40, map[int]string{5: "five\n", 9: "", 12: "12\n12b\n", 30: "thirty\n"})))
	require.Equal(t, 6000, strings.Count(lineDiff(strings.Repeat("a\n", 3000)+"x\n", strings.Repeat("b\n", 3000)+"x\n"), "\n")-2-1+1)
}

func TestAReportHasItsWordsInBothLanguages(t *testing.T) {
	t.Parallel()
	fr, en := reflect.ValueOf(reportFrench), reflect.ValueOf(reportEnglish)
	for i := range fr.NumField() {
		name := fr.Type().Field(i).Name
		require.NotZero(t, fr.Field(i).Len(), name)
		require.NotZero(t, en.Field(i).Len(), name)
		if fr.Field(i).Kind() == reflect.Slice {
			require.Equal(t, en.Field(i).Len(), fr.Field(i).Len(), name)
			continue
		}
		require.Equal(t, strings.Count(en.Field(i).String(), "%"), strings.Count(fr.Field(i).String(), "%"), name)
	}
}
