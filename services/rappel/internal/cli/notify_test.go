package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

const (
	failedDelivery = `{"id":"dlv-aaaaaaaaaaaaaaaaaaaaaaaaaa","changes":"21","receiver":"chat","kind":"slack","state":"FAILED",
"notification":{"id":"n-1","kind":"NEW","group":"g-1","route":"default","firing":[{"id":"a-1"}],"moreFiring":11},"createdAt":"2026-11-09T10:00:00Z",
"attempts":[{"at":"2026-11-09T10:00:00Z","tookMs":120,"status":500,"error":"it answers 500 Internal Server Error","problem":"ANSWERED"},{"at":"2026-11-09T10:00:05Z","error":"its address is not to be had: it is locked","problem":"ADDRESS_NOT_THERE","source":"/run/secrets/chat\u001b[2J"},
{"at":"2026-11-09T10:05:10Z","error":"its name cannot be looked up","problem":"NAME_UNKNOWN"},{"at":"2026-11-09T10:35:10Z","error":"what a newer version says","problem":"IN_LOVE"},
{"at":"2026-11-09T12:35:10Z","tookMs":30,"status":503,"error":"what an older version says\u001b[2J"}],
"tries":10,"replays":1,"triesBefore":1,"replayedBy":"claire"}`
	pendingDelivery = `{"id":"dlv-bbbbbbbbbbbbbbbbbbbbbbbbbb","changes":"1","receiver":"clients","kind":"email","state":"PENDING",
"notification":{"id":"n-2","kind":"FALLBACK"},"createdAt":"2026-11-09T13:29:00Z","nextAt":"2026-11-09T13:35:00Z","customerSequence":"7",
"attempts":[{"at":"2026-11-09T13:29:00Z","tookMs":90,"status":535,"error":"the mail server refuses: 535","problem":"MAIL_SERVER_REFUSED"},
{"at":"2026-11-09T13:29:05Z","tookMs":400,"status":250,"error":"1 of 2 addresses were refused","problem":"SOME_ADDRESSES_REFUSED","refused":1,"addresses":2}],"tries":2}`
	twoReceivers = `{"receivers":[{"name":"chat","kind":"slack","disabled":true,"disabledAt":"2026-11-09T10:00:00Z","disabledReason":"it answered 410 Gone","disabledProblem":"GONE","pending":3,
"deliveredAt":"2026-11-08T10:00:00Z","failedAt":"2026-11-09T10:00:00Z","failure":"it answers 410 Gone","failedAttempt":{"status":410,"error":"it answers 410 Gone","problem":"GONE"}},
{"name":"lead","kind":"email","failedAt":"2026-11-09T10:00:00Z","failure":"what an older version says"},
{"name":"shop","kind":"teams","disabled":true,"disabledBy":"claire","disabledReason":"déménagé"}]}`
)

// notifyServer answers as an alerting does, one delivery to a page.
func notifyServer(t *testing.T) (url string, asked *[]string) {
	t.Helper()
	asked = &[]string{}
	var replays atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*asked = append(*asked, r.Method+" "+r.URL.RequestURI()+" "+strings.ReplaceAll(string(body), " ", ""))
		say := func(format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
		switch path := r.Method + " " + r.URL.Path; {
		case path == "GET /v1/receivers":
			say("%s", twoReceivers)
		case path == "GET /v1/deliveries" && r.URL.Query().Get("receiver") == "none":
			say("{}")
		case path == "GET /v1/deliveries" && r.URL.Query().Get("pageToken") == "":
			say(`{"deliveries":[%s],"nextPageToken":"next"}`, pendingDelivery)
		case path == "GET /v1/deliveries":
			say(`{"deliveries":[%s]}`, failedDelivery)
		case path == "GET /v1/deliveries/dlv-a":
			say(`{"delivery":%s}`, failedDelivery)
		case path == "GET /v1/deliveries/dlv-b":
			say(`{"delivery":%s}`, pendingDelivery)
		case path == "POST /v1/deliveries/dlv-a:replay":
			say(`{"delivery":%s}`, failedDelivery)
		case path == "POST /v1/deliveries/dlv-b:replay":
			rpc.WriteError(w, rpc.Refused(codes.FailedPrecondition, "DELIVERY_UNDER_WAY", "on its way"))
		case path == "POST /v1/receivers/chat:replay":
			say(`{"replayed":42}`)
		case path == "POST /v1/receivers/many:replay":
			say(`{"replayed":42,"remaining":%d}`, 84-42*replays.Add(1))
		case path == "POST /v1/receivers/again:replay" && replays.Add(1) == 1:
			say(`{"replayed":42,"remaining":8}`)
		case path == "POST /v1/receivers/again:replay": // those have failed anew
			say(`{"replayed":8,"remaining":42}`)
		case path == "POST /v1/receivers/half:replay" && replays.Add(1) == 1:
			say(`{"replayed":42,"remaining":42}`)
		case path == "POST /v1/receivers/half:replay":
			rpc.WriteError(w, rpc.Refused(codes.Unavailable, "UNAVAILABLE", "the store is away"))
		case path == "PUT /v1/receivers/chat":
			say(`{"receiver":{"name":"chat"}}`)
		case path == "POST /v1/receivers/chat:test" && strings.Contains(string(body), "dryRun"):
			say(`{"message":"POST https://hooks.example.org/…\n\n{\"text\": \"hello\"}\n"}`)
		case path == "POST /v1/receivers/chat:test":
			say(`{"message":"x","delivered":true,"attempt":{"tookMs":80,"status":200}}`)
		case path == "POST /v1/receivers/lead:test":
			say(`{"message":"x","attempt":{"error":"nobody listens there","problem":"CONNECTION_REFUSED"}}`)
		default:
			rpc.WriteError(w, rpc.Refused(codes.NotFound, "NO_SUCH_RECEIVER", "there is none"))
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

func notifySays(t *testing.T, lang string, terminal bool, args ...string) (out string, asked []string, err error) {
	t.Helper()
	url, all := notifyServer(t)
	e := world(map[string]string{"RAPPEL_LANG": lang, "RAPPEL_SERVER": url})
	if terminal {
		e.terminal = func(io.Writer) (int, bool) { return 130, true }
	}
	out, _, err = run(t, e, notifyCommand, append([]string{"notify"}, args...)...)
	return out, *all, err
}

func TestReceiversAndDeliveriesAreShown(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"fr", "en"} {
		var all strings.Builder
		for _, args := range [][]string{
			{},
			{"test", "--help"},
			{"receivers"},
			{"deliveries"},
			{"deliveries", "--limit", "1", "--receiver", "x y"},
			{"deliveries", "--receiver", "none"},
			{"show", "dlv-a"},
			{"show", "dlv-b"},
			{"replay", "dlv-a", "--by", "sam"},
			{"replay", "--failed", "chat", "--since", "1d", "--by", "sam"},
			{"enable", "chat", "--by", "sam"},
			{"disable", "chat", "--by", "sam"},
			{"test", "chat", "--by", "sam"},
			{"test", "chat", "--dry-run"},
		} {
			out, _, err := notifySays(t, lang, true, args...)
			require.NoError(t, err, args)
			_, _ = fmt.Fprintf(&all, "$ rappel notify %s\n%s\n", strings.Join(args, " "), out)
		}
		golden(t, "notify-"+lang, all.String())
	}
}

func TestDeliveriesForAnotherProgram(t *testing.T) {
	t.Parallel()
	out, asked, err := notifySays(t, "en", false, "deliveries", "--state", "failed,pending", "--receiver", "chat", "--group", "g-1")
	require.NoError(t, err)
	require.Contains(t, out, "dlv-aaaaaaaaaaaaaaaaaaaaaaaaaa\tchat\tgiven up\tnew\t3h30\t10\tstatus 503, what an older version says[2J, 30 ms\n", "what a terminal would obey is gone")
	require.NotContains(t, out, "\x1b")
	require.Equal(t, "GET /v1/deliveries?group=g-1&pageSize=50&receiver=chat&states=FAILED&states=PENDING ", asked[0])
	for _, args := range [][]string{{"deliveries"}, {"receivers"}, {"show", "dlv-a"}, {"test", "chat", "--dry-run"}, {"enable", "chat", "--by", "sam"}} {
		out, _, err := notifySays(t, "en", true, append(args, "-o", "json")...)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(out, "{\n"), out)
	}
	out, _, err = notifySays(t, "en", true, "replay", "dlv-a", "dlv-b", "--by", "sam", "-o", "json")
	require.EqualError(t, err, "Deliveries left unchanged: 1 of 2.")
	require.Contains(t, out, `"reason": "DELIVERY_UNDER_WAY"`)
	require.Contains(t, out, `"replayedBy": "claire"`)
}

// What was given up is ordered again in parts, until nothing remains; what was ordered before
// something failed is said.
func TestAllThatWasGivenUpIsReplayed(t *testing.T) {
	t.Parallel()
	out, asked, err := notifySays(t, "en", false, "replay", "--failed", "many", "--by", "sam")
	require.NoError(t, err)
	require.Len(t, asked, 2)
	require.Equal(t, "Deliveries that were given up and go out again: 84, to many.\n", out)
	out, _, err = notifySays(t, "en", false, "replay", "--failed", "many", "--by", "sam", "-o", "json")
	require.NoError(t, err)
	require.JSONEq(t, `{"replayed":84}`, out)
	out, asked, err = notifySays(t, "en", false, "replay", "--failed", "again", "--by", "sam")
	require.NoError(t, err)
	require.Equal(t, []string{`POST /v1/receivers/again:replay {"by":"sam"}`, `POST /v1/receivers/again:replay {"by":"sam","limit":8}`}, asked)
	require.Equal(t, "Deliveries that were given up and go out again: 50, to again.\n", out)
	out, _, err = notifySays(t, "en", false, "replay", "--failed", "half", "--by", "sam")
	require.Error(t, err)
	require.Equal(t, "Deliveries that were given up and go out again: 42, to half.\n", out)
}

func TestWhatIsAskedOfReceivers(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		`PUT /v1/receivers/chat {"disabled":true,"reason":"moved","by":"sam"}`:       {"disable", "chat", "--by", "sam", "--reason", "moved"},
		`PUT /v1/receivers/chat {"by":"sam"}`:                                        {"enable", "chat", "--by", "sam"},
		`POST /v1/receivers/chat:test {"kind":"ESCALATED","dryRun":true}`:            {"test", "chat", "--kind", "escalated", "--dry-run"},
		`POST /v1/receivers/chat:replay {"since":"2026-11-08T13:30:00Z","by":"sam"}`: {"replay", "--failed", "chat", "--since", "1d", "--by", "sam"},
		`POST /v1/deliveries/dlv-a:replay {"by":"sam"}`:                              {"replay", "dlv-a", "--by", "sam"},
	} {
		_, asked, err := notifySays(t, "en", false, args...)
		require.NoError(t, err)
		require.Equal(t, []string{want}, asked)
	}
}

func TestWhatIsWrongWithACommandAboutReceivers(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"Say which receiver: rappel notify test NAME":      {"test"},
		"Say which delivery: rappel notify show ID":        {"show"},
		"Give ids, or --failed RECEIVER":                   {"replay", "--by", "sam"},
		"--kind wrong: choose from":                        {"test", "chat", "--kind", "wrong"},
		"--state wrong: choose from":                       {"deliveries", "--state", "wrong"},
		"--since: how long ago":                            {"replay", "--failed", "chat", "--since", "wrong", "--by", "sam"},
		"Say who decides: --by":                            {"test", "chat"},
		"lead did not take the test: nobody listens there": {"test", "lead", "--by", "sam"},
		"No receiver has this name":                        {"enable", "nobody", "--by", "sam"},
		"--receiver says which receiver of the file":       {"test", "--file", "x"},
		"With --file nothing is sent: add --dry-run":       {"test", "--file", "x", "--receiver", "y"},
	} {
		_, _, err := notifySays(t, "en", true, args...)
		require.ErrorContains(t, err, want, args)
	}
}

func TestATestThatFailsSaysWhyInFrench(t *testing.T) {
	t.Parallel()
	_, _, err := notifySays(t, "fr", true, "test", "lead", "--by", "sam")
	require.EqualError(t, err, "lead n'a pas reçu l'essai : connexion refusée, rien n'écoute à cette adresse.")
}

func TestAReceiverOfAFileIsTriedWithoutAServer(t *testing.T) {
	t.Parallel()
	path := file(t, "notify.yaml", "receivers:\n  - {name: chat, slack: {url_file: /run/secrets/slack, title: '{{.FiringCount}} !'}}\nroutes: [{name: all, receivers: chat}]\n")
	out, asked, err := notifySays(t, "fr", false, "test", "--file", path, "--receiver", "chat", "--dry-run", "--public-url", "https://rappel.example.org")
	require.NoError(t, err)
	require.Empty(t, asked)
	require.Contains(t, out, `"text": "12 !"`)
	require.NoError(t, os.WriteFile(path, []byte("receivers:\n  - {name: chat, slack: {title: '{{.Nothing}}'}}\n"), 0o600))
	_, _, err = notifySays(t, "fr", false, "test", "--file", path, "--receiver", "chat", "--dry-run")
	require.ErrorContains(t, err, path+":2: receivers[0].slack.title: <.Nothing>")
	require.ErrorContains(t, err, "routes: is required")
}

func TestBothLanguagesSayEverythingOfDeliveries(t *testing.T) {
	t.Parallel()
	for _, w := range []notifyWords{notifyFrench, notifyEnglish} {
		v := reflect.ValueOf(w)
		for i := range v.NumField() {
			require.NotZero(t, v.Field(i).Len(), v.Type().Field(i).Name)
		}
		require.Len(t, w.States, len(eventsv1.Delivery_State_name)-1)
		require.Len(t, w.Kinds, len(eventsv1.Notification_Kind_name)-1)
		require.Len(t, w.Problems, len(eventsv1.DeliveryAttempt_Problem_name)-1)
		for p, text := range w.Problems {
			require.NotEmpty(t, text, p)
			require.NotEqual(t, notifyFrench.Problems[p], notifyEnglish.Problems[p], p)
			for _, part := range []string{"{status}", "{refused}", "{addresses}", "{source}"} {
				require.Equal(t, strings.Count(notifyFrench.Problems[p], part), strings.Count(text, part), p)
			}
		}
		require.Len(t, w.DeliveryColumns, 7)
		require.Len(t, w.ReceiverColumns, 6)
	}
}
