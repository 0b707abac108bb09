package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/rappel-loop/rappel/services/internal/rpc"
)

const oneSilence = `{"id":"s-1","changes":"1","matchers":[{"label":"theme","operator":"EQUAL","value":"delivery_time"},{"label":"severity","operator":"NOT_MATCHES","value":"high|critical"}],
"startsAt":"2026-11-09T12:00:00Z","endsAt":"2026-11-09T18:00:00Z","recurrence":{"days":["mon-fri"],"periods":["18:00-24:00"],"zone":"Europe/Paris"},"author":"sam","comment":"the carrier is on strike\u001b[2J"}`

// silenceSay runs a command against a server that answers as an alerting does.
func silenceSay(t *testing.T, lang string, terminal bool, of func(env) *cobra.Command, args ...string) (out string, asked []string, err error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, r.Method+" "+r.URL.RequestURI()+" "+strings.ReplaceAll(string(body), " ", ""))
		switch path := r.Method + " " + r.URL.Path; {
		case path == "GET /v1/silences" && r.URL.Query().Get("ended") == "":
			_, _ = fmt.Fprintf(w, `{"silences":[{"silence":%s,"state":"ACTIVE","now":false,"alerts":3}]}`, oneSilence)
		case path == "GET /v1/silences":
			_, _ = fmt.Fprint(w, `{}`)
		case path == "POST /v1/silences":
			_, _ = fmt.Fprintf(w, `{"silence":%s,"alerts":3}`, oneSilence)
		case path == "POST /v1/silences/s-1:expire":
			_, _ = fmt.Fprintf(w, `{"silence":%s}`, oneSilence)
		case path == "GET /v1/alertGroups" && r.URL.Query().Get("pageToken") == "":
			_, _ = fmt.Fprint(w, `{"groups":[{"key":"g-1","route":"urgent","labels":{"theme":"delivery_time","survey":"magasins"},"severity":"CRITICAL","firing":3,"acknowledged":1,"heldBack":2,
"told":{"notifiedAt":"2026-11-09T12:00:00Z"},"nextAt":"2026-11-09T18:00:00Z"}],"nextPageToken":"4.g-1"}`)
		case path == "GET /v1/alertGroups":
			_, _ = fmt.Fprint(w, `{"groups":[{"key":"g-2","route":"rest","severity":"LOW","firing":1,"nextAt":"2026-11-09T09:00:00Z"},{"key":"g-3","route":"rest"}]}`)
		default:
			rpc.WriteError(w, rpc.Refused(codes.NotFound, "NO_SUCH_SILENCE", "there is no such silence"))
		}
	}))
	t.Cleanup(server.Close)
	e := world(map[string]string{"RAPPEL_LANG": lang, "RAPPEL_SERVER": server.URL})
	if terminal {
		e.terminal = func(io.Writer) (int, bool) { return 160, true }
	}
	out, _, err = run(t, e, of, args...)
	return out, asked, err
}

func TestSilencesAndGroupsAreShown(t *testing.T) {
	t.Parallel()
	add := []string{"silences", "add", "--match", "theme=delivery_time", "--for", "2h", "--comment", "strike", "--by", "sam"}
	for _, lang := range []string{"fr", "en"} {
		for name, args := range map[string][]string{
			"silences-help": {"silences"}, "silences-add-help": {"silences", "add", "--help"}, "silences-list": {"silences", "list"},
			"silences-none": {"silences", "list", "--ended"}, "silences-add": add, "silences-expire": {"silences", "expire", "s-1", "--by", "sam"},
		} {
			out, _, err := silenceSay(t, lang, true, silencesCommand, args...)
			require.NoError(t, err)
			golden(t, name+"-"+lang, out)
		}
		out, _, err := silenceSay(t, lang, true, alertsCommand, "alerts", "groups")
		require.NoError(t, err)
		golden(t, "alerts-groups-"+lang, out)
	}
	out, _, err := silenceSay(t, "en", false, silencesCommand, "silences", "list", "-o", "json")
	require.NoError(t, err)
	require.Contains(t, out, `"comment"`)
}

func TestWhatIsAskedOfSilences(t *testing.T) {
	t.Parallel()
	add := func(args ...string) []string {
		return append([]string{"silences", "add", "--match", "theme=a", "--match", `severity=~"b|c"`, "--comment", "why", "--by", "sam"}, args...)
	}
	for want, args := range map[string][]string{
		`POST /v1/silences {"silence":{"matchers":["theme=a","severity=~\"b|c\""],"endsAt":"2026-11-09T15:30:00Z","author":"sam","comment":"why"}}`:                                                                                         add("--for", "2h"),
		`POST /v1/silences {"silence":{"matchers":["theme=a","severity=~\"b|c\""],"startsAt":"2026-11-09T17:00:00Z","endsAt":"2026-11-09T20:00:00Z","author":"sam","comment":"why"},"requestId":"r-1"}`:                                     add("--from", "18:00", "--until", "21:00", "--request-id", "r-1"),
		`POST /v1/silences {"silence":{"matchers":["theme=a","severity=~\"b|c\""],"endsAt":"2026-12-24T17:00:00Z","recurrence":{"days":["mon-fri","sat"],"periods":["18:00-24:00"],"zone":"Europe/Paris"},"author":"sam","comment":"why"}}`: add("--until", "2026-12-24 18:00", "--every", "mon-fri sat 18:00-24:00", "--zone", "Europe/Paris"),
		`POST /v1/silences/s-1:expire {"by":"sam"}`: {"silences", "expire", "s-1", "--by", "sam"},
		"GET /v1/silences?ended=true ":              {"silences", "list", "--ended"},
	} {
		_, asked, err := silenceSay(t, "en", false, silencesCommand, args...)
		require.NoError(t, err, args)
		require.Equal(t, []string{want}, asked)
	}
	_, asked, err := silenceSay(t, "en", false, alertsCommand, "alerts", "groups", "--route", "urgent", "--limit", "3")
	require.NoError(t, err)
	require.Equal(t, []string{"GET /v1/alertGroups?pageSize=3&route=urgent ", "GET /v1/alertGroups?pageSize=2&pageToken=4.g-1&route=urgent "}, asked)
}

func TestWhatIsMissingOfASilenceIsSaid(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"Say what to silence":         {"--for", "1h", "--by", "sam", "--comment", "x"},
		"Say who decides":             {"--for", "1h", "--match", "a=b", "--comment", "x"},
		"Say why":                     {"--for", "1h", "--match", "a=b", "--by", "sam"},
		"Say until when":              {"--match", "a=b", "--by", "sam", "--comment", "x"},
		"one of them":                 {"--match", "a=b", "--by", "sam", "--comment", "x", "--for", "1h", "--until", "18:00"},
		"--from soon: is no moment":   {"--match", "a=b", "--by", "sam", "--comment", "x", "--for", "1h", "--from", "soon"},
		"--until later: is no moment": {"--match", "a=b", "--by", "sam", "--comment", "x", "--until", "later"},
		"--zone goes with --every":    {"--match", "a=b", "--by", "sam", "--comment", "x", "--for", "1h", "--zone", "Europe/Paris"},
	} {
		_, asked, err := silenceSay(t, "en", false, silencesCommand, append([]string{"silences", "add"}, args...)...)
		require.ErrorContains(t, err, want)
		require.Empty(t, asked)
	}
	_, _, err := silenceSay(t, "en", false, silencesCommand, "silences", "expire", "--by", "sam")
	require.ErrorContains(t, err, "Say which silence")
	_, _, err = silenceSay(t, "en", false, silencesCommand, "silences", "expire", "s-1")
	require.ErrorContains(t, err, "Say who decides")
	_, _, err = silenceSay(t, "en", false, silencesCommand, "silences", "expire", "s-none", "--by", "sam")
	require.ErrorContains(t, err, "there is no such silence")
	for lang, w := range map[string]*silenceWords{"fr": &silenceFrench, "en": &silenceEnglish} {
		require.Len(t, w.States, 3)
		v := reflect.ValueOf(*w)
		for i := range v.NumField() {
			require.False(t, v.Field(i).IsZero(), "%s: %s", lang, v.Type().Field(i).Name)
		}
	}
}
