package collector_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector"
	"github.com/rappel-loop/rappel/services/collector/internal/hook"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func typeformBody(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("internal/hook/testdata/typeform_form_response.json")
	require.NoError(t, err)
	return string(data)
}

const (
	typeformSignature = "sha256=wHQ1jic9JvG7ph4MYJwLoOYVbfpKMmmuqBxT6NWAukU="
	typeformPath      = "/v1/hooks/typeform/livraison"
)

func hooked(c *collector.Config) {
	c.Hooks = map[string]hook.Config{
		"livraison": {Source: "typeform", Secret: "tf-demo-secret", Mapping: "../../sample/hooks/typeform.yaml"},
		"open":      {Source: "generic", AllowUnsigned: true, Mapping: "../../sample/hooks/delighted.yaml"},
	}
}

func TestAWebhookBecomesAResponse(t *testing.T) {
	t.Parallel()
	l := setup(t, hooked)
	a := l.post(typeformPath, typeformBody(t), "Typeform-Signature", typeformSignature)
	require.Equal(t, 200, a.code, a.body)
	require.JSONEq(t, `{"pushes":1}`, a.body)
	l.eventually(func() bool { return len(l.events()) == 1 })
	r := l.events()[0]
	require.Equal(t, "7f1c0e6b9d2a4c58b3e0a1d4c6f8e2b1", r.GetResponse().GetId())
	require.Equal(t, "2026-09-14T08:02:47Z", r.GetResponse().GetSubmittedAt().AsTime().Format(time.RFC3339))
	// Told again, and sent by the API besides: the same response.
	require.Equal(t, 200, l.post(typeformPath, typeformBody(t), "Typeform-Signature", typeformSignature).code)
	l.eventually(func() bool { return l.count("pushes_total", "taken") == 2 })
	require.Len(t, l.events(), 1)
}

// The score comes first and the comment later, or the other way round.
func TestPiecesOfOneResponse(t *testing.T) {
	t.Parallel()
	l := setup(t, hooked)
	read := func(name string) string {
		data, err := os.ReadFile("internal/hook/testdata/" + name)
		require.NoError(t, err)
		return string(data)
	}
	score, comment := read("delighted_survey_response_created.json"), read("delighted_survey_response_updated.json")
	for n, order := range [][2]string{{score, comment}, {comment, score}} {
		id := strings.Repeat("7", n+3)
		for i, body := range order {
			require.Equal(t, 200, l.post("/v1/hooks/generic/open", strings.Replace(body, `"5435"`, `"`+id+`"`, 1)).code)
			l.eventually(func() bool { return l.count("pushes_total", "answered") == float64(2*n+i+1) })
		}
		var last []string
		for _, e := range l.events() {
			if e.GetResponse().GetId() == id {
				last = nil
				for _, a := range e.GetResponse().GetAnswers() {
					last = append(last, a.GetVerbatim())
				}
				require.InDelta(t, 2, e.GetResponse().GetAnswers()[0].GetValue(), 0)
			}
		}
		require.Equal(t, []string{"", "Colis livré avec six jours de retard."}, last)
	}
	require.Len(t, l.events(), 3, "an older piece that comes later changes nothing")
}

// A score is not lost for an address that is none: nobody is there to mend it.
func TestAScoreIsKeptWhateverIsWrongBesideIt(t *testing.T) {
	t.Parallel()
	l := setup(t, hooked)
	data, err := os.ReadFile("internal/hook/testdata/delighted_survey_response_created.json")
	require.NoError(t, err)
	body := strings.NewReplacer(`"client@example.org"`, `"no address"`, `"Client Exemple"`, `"\u0007"`, `"score": 2`, `"score": 1`,
		`"comment": null`, `"comment": "`+strings.Repeat("x", 20_001)+`"`).Replace(string(data))
	require.Equal(t, 200, l.post("/v1/hooks/generic/open", body).code)
	l.eventually(func() bool { return len(l.events()) == 1 })
	r := l.events()[0].GetResponse()
	require.InDelta(t, 1, r.GetAnswers()[0].GetValue(), 0)
	require.Equal(t, "5975", r.GetCustomer().GetId())
	require.Empty(t, r.GetCustomer().GetEmail())
	require.Len(t, []rune(r.GetAnswers()[1].GetVerbatim()), 20_000)
	require.Equal(t, "customer.name customer.email answers[1].verbatim", r.GetAttributes()["rappel_dropped"])
	// Told again it is the same.
	require.Equal(t, 200, l.post("/v1/hooks/generic/open", strings.Replace(body, `"score": 1`, `"score":  1`, 1)).code)
	l.eventually(func() bool { return l.count("pushes_total", "answered") == 2 })
	require.Len(t, l.events(), 1)
}

func TestCallsThatAreRefused(t *testing.T) {
	t.Parallel()
	l := setup(t, hooked)
	body := typeformBody(t)
	for name, c := range map[string]struct {
		path, body, signature string
		code                  int
		reason                string
	}{
		"unsigned":         {typeformPath, body, "", 401, "HOOK_UNSIGNED"},
		"another secret's": {typeformPath, body, "sha256=AAAA", 401, "HOOK_SIGNATURE"},
		"tampered with":    {typeformPath, strings.Replace(body, "2", "3", 1), typeformSignature, 401, "HOOK_SIGNATURE"},
		"no JSON":          {"/v1/hooks/generic/open", "{", "", 400, "HOOK_BODY"},
		"too large":        {"/v1/hooks/generic/open", `"` + strings.Repeat("x", 1<<20) + `"`, "", 413, "BODY_TOO_LARGE"},
		"of no endpoint":   {"/v1/hooks/typeform/other", body, typeformSignature, 503, "HOOK_UNKNOWN"},
		"of no source":     {"/v1/hooks/nobody/livraison", body, typeformSignature, 503, "HOOK_UNKNOWN"},
		"of another":       {"/v1/hooks/zendesk/livraison", body, typeformSignature, 503, "HOOK_UNKNOWN"},
	} {
		var header []string
		if c.signature != "" {
			header = []string{"Typeform-Signature", c.signature}
		}
		a := l.post(c.path, c.body, header...)
		require.Equal(t, c.code, a.code, "%s: %s", name, a.body)
		require.Contains(t, a.body, c.reason, name)
		require.NotContains(t, a.body, "AAAA")
		if c.code == 503 {
			require.Equal(t, "300", a.header.Get("Retry-After"), "never 404 or 410: Typeform would switch the webhook off")
		}
	}
	require.Empty(t, l.events())
}

func TestASourceLooksWhetherTheEndpointIsThere(t *testing.T) {
	t.Parallel()
	l := setup(t, hooked)
	for path, want := range map[string]int{typeformPath: 200, "/v1/hooks/typeform/other": 503} {
		for _, method := range []string{http.MethodHead, http.MethodGet} {
			req, err := http.NewRequestWithContext(t.Context(), method, l.url+path, http.NoBody)
			require.NoError(t, err)
			resp, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.Equal(t, want, resp.StatusCode, "%s %s", method, path)
		}
	}
}

// What a source told stands in the body of an event, and nowhere else, whatever becomes
// of it.
func TestWhatAWebhookHoldsStaysInTheBody(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zapcore.DebugLevel)
	l := start(t, testkit.Bus(t), zap.New(core), hooked)
	body := typeformBody(t)
	shown := l.post(typeformPath, body, "Typeform-Signature", typeformSignature).body
	shown += l.post(typeformPath, body).body
	shown += l.post(typeformPath, body[:len(body)-9], "Typeform-Signature", typeformSignature).body
	// A phone where the score should be, an address where the date should be, and a value
	// that the collector refuses.
	for _, bad := range []string{
		`{"event_data":{"id":"1","survey_type":"nps","score":"+33600000001"}}`,
		`{"event_data":{"id":"2","survey_type":"nps","score":1,"updated_at":"client@example.org"}}`,
		`{"event_data":{"id":"3","survey_type":"nps","score":11,"person":{"email":"C-1042"}}}`,
	} {
		shown += l.post("/v1/hooks/generic/open", bad).body
	}
	l.eventually(func() bool { return l.count("pushes_total", "given_up") == 3 && len(l.events()) == 1 })
	for _, d := range l.deliveries() {
		shown += d.Subject + d.ID
	}
	for _, letter := range l.letters() {
		shown += letter.GetDetail() + letter.GetSubject() + letter.GetReason()
	}
	for _, entry := range logs.All() {
		shown += entry.Message
		for _, f := range entry.Context {
			shown += f.String
			if err, ok := f.Interface.(error); ok {
				shown += err.Error()
			}
		}
	}
	families, err := l.metrics.Gather()
	require.NoError(t, err)
	for _, f := range families {
		shown += f.String()
	}
	require.Contains(t, shown, "unmappable")
	require.Contains(t, shown, "refused")
	for _, secret := range []string{"C-1042", "33600000001", "Colis", "client@example.org", "tf-demo-secret"} {
		require.NotContains(t, shown, secret)
	}
}

func TestAWrongHookStopsTheStart(t *testing.T) {
	t.Parallel()
	c := config()
	hooked(&c)
	c.Hooks["livraison"] = hook.Config{Source: "typeform"}
	c.Hooks["b"] = hook.Config{Source: "nobody"}
	require.ErrorContains(t, c.Validate(), "hooks.b.source: must be one of")
	require.ErrorContains(t, c.Validate(), "hooks.livraison.secret: is required")
	require.ErrorContains(t, c.Validate(), "hooks.livraison.mapping: is required")
}

// count is what a counter of pushes says of a result, over all endpoints.
func (l *loop) count(name, result string) (n float64) {
	l.Helper()
	families, err := l.metrics.Gather()
	require.NoError(l, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, label := range m.GetLabel() {
				if f.GetName() == name && label.GetName() == "result" && label.GetValue() == result {
					n += m.GetCounter().GetValue()
				}
			}
		}
	}
	return n
}

func (l *loop) letters() (out []*eventsv1.DeadLetter) {
	l.Helper()
	s, err := l.bus.JetStream().Stream(l.Context(), subject.DeadLetters)
	require.NoError(l, err)
	for n := uint64(1); n <= s.CachedInfo().State.LastSeq; n++ {
		letter, err := l.bus.Letter(l.Context(), n)
		require.NoError(l, err)
		out = append(out, letter)
	}
	return out
}
