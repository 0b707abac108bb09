package sender_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/message"
	"github.com/rappel-loop/rappel/services/alerting/internal/receiver"
	"github.com/rappel-loop/rappel/services/alerting/internal/sender"
	"github.com/rappel-loop/rappel/services/internal/webhook"
)

// called is a server that keeps what it was told.
type called struct {
	*httptest.Server
	mu     sync.Mutex
	header http.Header
	body   []byte
	calls  int
}

func hookServer(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) *called {
	t.Helper()
	c := &called{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		c.header, c.body = r.Header.Clone(), body
		c.calls++
		c.mu.Unlock()
		if answer != nil {
			answer(w, r)
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func hook(t *testing.T, url string) receiver.Config {
	return receiver.Config{Name: "ops-hook", Kind: receiver.KindWebhook, Hook: &receiver.Hook{URL: url, Secrets: file(t, secret+"\nold secret\n")}}
}

func local(t *testing.T) *sender.Sender { return open(t, sender.Options{AllowPrivate: true}) }

func TestAWebhookIsSignedAsTheStandardHasIt(t *testing.T) {
	t.Parallel()
	c := hookServer(t, nil)
	j := job(t, eventsv1.Notification_NEW, hook(t, c.URL+"/x"))
	require.Equal(t, sender.Outcome{Delivered: true, Status: 200}, local(t).Send(soon(t), j))
	require.Equal(t, "dlv-1", c.header.Get("webhook-id"))
	require.Equal(t, strconv.FormatInt(now.Unix(), 10), c.header.Get("webhook-timestamp"))
	for _, s := range []string{secret, "old secret"} {
		require.True(t, webhook.Verify([]string{s}, "dlv-1", c.header.Get("webhook-timestamp"), c.header.Get("webhook-signature"), c.body), "both, while one is replaced")
	}
	require.Equal(t, "application/json", c.header.Get("Content-Type"))
	var p sender.Payload
	require.NoError(t, json.Unmarshal(c.body, &p))
	require.Equal(t, "alerts.new", p.Type)
	require.Len(t, p.Data.Firing, 3)
	require.NotContains(t, string(c.body), "Exemple", "no personal data")
	require.NotContains(t, string(c.body), "avocat")

	told := hook(t, c.URL)
	told.Verbatims = true
	require.True(t, local(t).Send(soon(t), job(t, eventsv1.Notification_NEW, told)).Delivered)
	require.Contains(t, string(c.body), "avocat", "who may read it does")
}

func TestWhatIsSentLooksLikeThis(t *testing.T) {
	t.Parallel()
	s := open(t, sender.Options{})
	for _, kind := range []string{receiver.KindWebhook, receiver.KindSlack, receiver.KindTeams} {
		for _, language := range []string{"fr", "en"} {
			to := hook(t, "https://hooks.example.org/hush?token=hush")
			to.Kind, to.Language, to.Verbatims = kind, language, true
			var all strings.Builder
			for _, k := range []eventsv1.Notification_Kind{eventsv1.Notification_NEW, eventsv1.Notification_RESOLVED, eventsv1.Notification_FALLBACK} {
				shown, err := s.Show(job(t, k, to))
				require.NoError(t, err)
				require.NotContains(t, shown, "hush")
				all.WriteString(shown + "\n")
			}
			golden(t, kind+"."+language+".txt", all.String())
		}
	}
	shown, err := s.Show(job(t, eventsv1.Notification_TEST, receiver.Config{Name: "bus", Kind: receiver.KindNATS, NATS: &receiver.NATS{Subject: "rappel.notify.v1.bus"}}))
	require.NoError(t, err)
	require.Contains(t, shown, "PUBLISH rappel.notify.v1.bus\nNats-Msg-Id: dlv-1\n")
}

func TestWhatAnAnswerMeans(t *testing.T) {
	t.Parallel()
	type answer struct {
		status int
		after  string
	}
	date := now.Add(90 * time.Second).Format(http.TimeFormat)
	for a, want := range map[answer]sender.Outcome{
		{204, ""}:       {Delivered: true, Status: 204},
		{400, ""}:       {Status: 400, Problem: said(eventsv1.DeliveryAttempt_ANSWERED, "it answers 400 Bad Request")},
		{404, "60"}:     {Status: 404, Problem: said(eventsv1.DeliveryAttempt_ANSWERED, "it answers 404 Not Found")},
		{410, ""}:       {Status: 410, Problem: said(eventsv1.DeliveryAttempt_GONE, "it answers 410 Gone"), Gone: true},
		{429, "120"}:    {Status: 429, Problem: said(eventsv1.DeliveryAttempt_ANSWERED, "it answers 429 Too Many Requests"), RetryAfter: 2 * time.Minute},
		{429, "999999"}: {Status: 429, Problem: said(eventsv1.DeliveryAttempt_ANSWERED, "it answers 429 Too Many Requests"), RetryAfter: sender.MaxRetryAfter},
		{503, date}:     {Status: 503, Problem: said(eventsv1.DeliveryAttempt_ANSWERED, "it answers 503 Service Unavailable"), RetryAfter: 90 * time.Second},
		{503, "-5"}:     {Status: 503, Problem: said(eventsv1.DeliveryAttempt_ANSWERED, "it answers 503 Service Unavailable")},
		{500, ""}:       {Status: 500, Problem: said(eventsv1.DeliveryAttempt_ANSWERED, "it answers 500 Internal Server Error")},
	} {
		c := hookServer(t, func(w http.ResponseWriter, _ *http.Request) {
			if a.after != "" {
				w.Header().Set("Retry-After", a.after)
			}
			w.WriteHeader(a.status)
			_, _ = io.WriteString(w, "hush: what a receiver says is not repeated")
		})
		require.Equal(t, want, local(t).Send(soon(t), job(t, eventsv1.Notification_TEST, hook(t, c.URL))))
	}
}

func TestARedirectIsAFailure(t *testing.T) {
	t.Parallel()
	elsewhere := hookServer(t, nil)
	c := hookServer(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	require.Equal(t, sender.Outcome{Status: 307, Problem: said(eventsv1.DeliveryAttempt_ANSWERED, "it answers 307 Temporary Redirect")}, local(t).Send(soon(t), job(t, eventsv1.Notification_TEST, hook(t, c.URL))))
	require.Zero(t, elsewhere.calls)
}

// localhost is a name that leads to a private network, as a hostile one would.
func TestAPrivateNetworkIsNotReached(t *testing.T) {
	t.Parallel()
	s := open(t, sender.Options{})
	for _, target := range []string{"https://127.0.0.1/", "https://localhost/", "https://169.254.169.254/latest/meta-data", "https://[::1]/", "https://10.0.0.1/"} {
		require.Equal(t, sender.Outcome{Problem: said(eventsv1.DeliveryAttempt_NETWORK_NOT_ALLOWED, "its address is in a network that may not be reached: alerting.notify_allow_private")},
			s.Send(soon(t), job(t, eventsv1.Notification_TEST, hook(t, target))), target)
	}
	for _, target := range []string{"http://hooks.example.org/", "https://hooks.example.org:8443/", "file:///etc/passwd"} {
		chat := hook(t, "")
		chat.Kind, chat.Hook.Address = receiver.KindSlack, file(t, target) // a secret's content may change after it was checked
		require.Equal(t, sender.Outcome{Problem: said(eventsv1.DeliveryAttempt_ADDRESS_NOT_ALLOWED, "its address may not be called")}, s.Send(soon(t), job(t, eventsv1.Notification_TEST, chat)), target)
	}
}

func TestWhoAnswersSlowlyOrForEverIsCutOff(t *testing.T) {
	t.Parallel()
	held := make(chan struct{})
	slow := hookServer(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-held:
		case <-r.Context().Done():
		}
	})
	defer close(held)
	to := hook(t, slow.URL)
	to.Timeout = 50 * time.Millisecond
	require.Equal(t, sender.Outcome{Problem: said(eventsv1.DeliveryAttempt_TIMED_OUT, "it does not answer in time")}, local(t).Send(soon(t), job(t, eventsv1.Notification_TEST, to)))

	endless := hookServer(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	})
	require.Equal(t, sender.Outcome{Delivered: true, Status: 200}, local(t).Send(soon(t), job(t, eventsv1.Notification_TEST, hook(t, endless.URL))), "it is not read on")

	nobody := hookServer(t, nil)
	nobody.Close()
	require.Equal(t, sender.Outcome{Problem: said(eventsv1.DeliveryAttempt_CONNECTION_REFUSED, "nobody listens there")}, local(t).Send(soon(t), job(t, eventsv1.Notification_TEST, hook(t, nobody.URL))))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.Equal(t, sender.Outcome{Problem: said(eventsv1.DeliveryAttempt_CUT_SHORT, "the try was cut short")}, local(t).Send(ctx, job(t, eventsv1.Notification_TEST, hook(t, slow.URL))))
}

func TestASecretThatIsGoneIsAProblemAndNotInIt(t *testing.T) {
	t.Parallel()
	to := hook(t, "https://hooks.example.org/")
	to.Hook.Secrets = receiver.Secret{Env: "RAPPEL_TEST_NO_SUCH_SECRET"}
	require.Equal(t, sender.Outcome{Problem: said(eventsv1.DeliveryAttempt_SECRET_NOT_THERE, "its secret is not to be had: the environment's RAPPEL_TEST_NO_SUCH_SECRET holds nothing").In("RAPPEL_TEST_NO_SUCH_SECRET")},
		open(t, sender.Options{}).Send(soon(t), job(t, eventsv1.Notification_TEST, to)))
}

const hostile = "<!channel> <@U1> <http://evil.example|bank> @everyone *b* [here](http://evil.example) <at>all</at> &amp; </script><script>"

func hostileDocument() message.Document {
	return message.Document{
		Title: hostile, Lead: hostile, Next: hostile, Look: hostile, URL: "https://rappel.example.org/x|y>z", More: hostile, Footer: hostile,
		Rows:  []message.Row{{Name: hostile, Value: hostile}},
		Items: []message.Item{{Severity: "high", Head: hostile, Detail: hostile, Quotes: []string{hostile}, Contact: hostile}},
	}
}

func TestNothingIsInjectedIntoAChat(t *testing.T) {
	t.Parallel()
	c := hookServer(t, nil)
	for _, d := range []message.Document{hostileDocument(), {Title: "t", Text: hostile}} {
		to := hook(t, c.URL)
		to.Kind = receiver.KindSlack
		j := job(t, eventsv1.Notification_NEW, to)
		j.Document = d
		require.True(t, local(t).Send(soon(t), j).Delivered)
		var slack struct {
			Text   string
			Blocks []struct {
				Type     string
				Text     struct{ Type, Text string }
				Fields   []struct{ Text string }
				Elements []struct{ Text string }
			}
		}
		require.NoError(t, json.Unmarshal(c.body, &slack))
		texts := []string{slack.Text}
		for _, b := range slack.Blocks {
			if b.Type != "header" { // which is plain text, and shown as it is
				texts = append(texts, b.Text.Text)
			}
			for _, f := range append(b.Fields, b.Elements...) {
				texts = append(texts, f.Text)
			}
		}
		for _, text := range texts {
			text, isLink := strings.CutPrefix(text, "<https://rappel.example.org/x%7Cy&gt;z|")
			if isLink {
				text = strings.TrimSuffix(text, ">")
			}
			for _, l := range strings.Split(text, "\n") {
				require.NotContains(t, strings.TrimPrefix(l, "> "), ">", text) // "> " before a quote is ours
				require.NotContains(t, l, "<", text)
			}
		}

		to.Kind = receiver.KindTeams
		j.To = to
		require.True(t, local(t).Send(soon(t), j).Delivered)
		require.NotContains(t, string(c.body), `"TextBlock"`, "which would read markup")
		require.NotContains(t, string(c.body), `"FactSet"`)
		require.NotContains(t, string(c.body), `"entities"`, "which would mention somebody")
	}
}

func TestAMessageToAChatIsNoLargerThanItTakes(t *testing.T) {
	t.Parallel()
	c := hookServer(t, nil)
	long := strings.Repeat("é&<", 5000)
	big := message.Document{Title: long, Lead: long, Next: long, Rows: make([]message.Row, 30)}
	for range 60 {
		big.Items = append(big.Items, message.Item{Severity: "high", Head: long[:900], Detail: long[:900], Quotes: []string{long[:1500], long[:1500]}})
	}
	for _, d := range []message.Document{big, {Title: "t", Text: long + strings.Repeat("a line\n", 9000)}} {
		to := hook(t, c.URL)
		to.Kind = receiver.KindSlack
		j := job(t, eventsv1.Notification_NEW, to)
		j.Document = d
		require.True(t, local(t).Send(soon(t), j).Delivered)
		var slack struct {
			Blocks []struct {
				Type   string
				Text   struct{ Text string }
				Fields []struct{ Text string }
			}
		}
		require.NoError(t, json.Unmarshal(c.body, &slack))
		require.LessOrEqual(t, len(slack.Blocks), 50)
		for _, b := range slack.Blocks {
			require.LessOrEqual(t, len([]rune(b.Text.Text)), map[string]int{"header": 150, "section": 3000}[b.Type])
			require.LessOrEqual(t, len(b.Fields), 10)
		}
		to.Kind = receiver.KindTeams
		j.To = to
		require.True(t, local(t).Send(soon(t), j).Delivered)
		require.LessOrEqual(t, len(c.body), 28<<10)
		require.True(t, json.Valid(c.body))
	}
}

type announcer struct {
	subject, id string
	data        []byte
	err         error
}

func (a *announcer) Announce(_ context.Context, subject, id, _ string, data []byte) error {
	a.subject, a.id, a.data = subject, id, data
	return a.err
}

func TestOnNATS(t *testing.T) {
	t.Parallel()
	a := &announcer{}
	s := open(t, sender.Options{NATS: a})
	j := job(t, eventsv1.Notification_NEW, receiver.Config{Name: "bus", Kind: receiver.KindNATS, NATS: &receiver.NATS{Subject: "rappel.notify.v1.bus"}})
	require.Equal(t, sender.Outcome{Delivered: true}, s.Send(soon(t), j))
	require.Equal(t, "rappel.notify.v1.bus", a.subject)
	require.Equal(t, "dlv-1", a.id)
	require.True(t, json.Valid(a.data))
	a.err = errors.New("away")
	require.Equal(t, sender.Outcome{Problem: said(eventsv1.DeliveryAttempt_NATS_AWAY, "NATS does not answer")}, s.Send(soon(t), j))
}
