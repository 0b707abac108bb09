package collector_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/rappel-loop/rappel/services/collector"
	"github.com/rappel-loop/rappel/services/collector/internal/access"
	"github.com/rappel-loop/rappel/services/collector/internal/hook"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// genuine is a call of Typeform's with an event id of its own.
func genuine(t *testing.T, event string) (body string, header []string) {
	t.Helper()
	body = strings.Replace(typeformBody(t), "01J9ZK3T5X8QW2NPS0TYPEFRM1", event, 1)
	m := hmac.New(sha256.New, []byte("tf-demo-secret"))
	_, _ = m.Write([]byte(body))
	return body, []string{"Typeform-Signature", "sha256=" + base64.StdEncoding.EncodeToString(m.Sum(nil))}
}

func (l *loop) call(path, event string) answer {
	l.Helper()
	body, header := genuine(l.T, event)
	return l.post(path, body, header...)
}

// A wrong address of a webhook is a mistake of the operator's, and nothing that the source
// may take for the end of the webhook (Typeform does at 404 and 410).
func TestNoAddressUnderHooksIsTheEndOfAWebhook(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zapcore.WarnLevel)
	l := start(t, testkit.Bus(t), zap.New(core), hooked)
	require.Equal(t, 200, l.call(typeformPath+"/", "slash").code)
	body, header := genuine(t, "else")
	for _, c := range []struct{ method, path string }{
		{http.MethodPost, "/v1/hooks"},
		{http.MethodPost, "/v1/hooks/"},
		{http.MethodPost, "/v1/hooks/typeform"},
		{http.MethodPost, "/v1/hooks/typeform/"},
		{http.MethodPost, "/v1/hooks/livraison"},
		{http.MethodPost, typeformPath + "/more"},
		{http.MethodPost, "/v1/hooks/typeform/Livraison"},
		{http.MethodPost, "/v1/hooks/zendesk/livraison"},
		{http.MethodPut, typeformPath},
		{http.MethodGet, "/v1/hooks/typeform/"},
		{http.MethodHead, "/v1/hooks/x"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), c.method, l.url+c.path, strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set(header[0], header[1])
		resp, err := http.DefaultTransport.RoundTrip(req) // a redirect is an answer, too
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, 503, resp.StatusCode, "%s %s", c.method, c.path)
		require.Equal(t, "300", resp.Header.Get("Retry-After"))
	}
	require.InDelta(t, 11, l.counter("hooks_unknown_total"), 0)
	said := logs.FilterMessageSnippet("no endpoint").All()
	require.Len(t, said, 1, "once a minute")
	l.clock.Advance(time.Minute)
	require.Equal(t, 503, l.post("/v1/hooks/typeform/livraizon", body, header...).code)
	said = logs.FilterMessageSnippet("no endpoint").All()
	require.Len(t, said, 2)
	require.Equal(t, map[string]any{"source": "typeform", "endpoint": "livraizon", "calls": int64(11)}, said[1].ContextMap())
}

// Customers who answer on a page are many addresses; a source is one that calls for them
// all. Who calls without being the source has no more than anybody.
func TestASourceIsNotLimitedAsAnAddressIs(t *testing.T) {
	t.Parallel()
	l := setup(t, hooked, perAddress(0.001, 2))
	for _, event := range strings.Fields("a b c d e") {
		require.Equal(t, 200, l.call(typeformPath, event).code)
	}
	for _, want := range []int{401, 401, 429, 429} {
		require.Equal(t, want, l.post(typeformPath, typeformBody(t), "Typeform-Signature", "sha256=AAAA").code)
	}
	require.Equal(t, 429, l.post("/v1/hooks/none/such", "{}").code)
	require.Equal(t, 429, l.post("/v1/responses", good).code, "the same address's")
	require.Equal(t, 200, l.call(typeformPath, "f").code, "the source is still believed")
}

func TestAnEndpointHasALimitOfItsOwn(t *testing.T) {
	t.Parallel()
	l := setup(t, hooked, func(c *collector.Config) {
		c.Limits.PerHook = access.Limit{Rate: 1, Burst: 2}
		busy := c.Hooks["livraison"]
		busy.Limit = access.Limit{Rate: 1, Burst: 4}
		c.Hooks["busy"] = busy
	})
	for range 5 { // who forges calls takes nothing from the source
		require.Equal(t, 401, l.post(typeformPath, typeformBody(t), "Typeform-Signature", "sha256=AAAA").code)
	}
	for _, event := range strings.Fields("a b") {
		require.Equal(t, 200, l.call(typeformPath, event).code)
	}
	a := l.call(typeformPath, "c")
	require.Equal(t, 429, a.code, a.body)
	require.Equal(t, "RATE_LIMITED", a.status(t).reason())
	require.Equal(t, "1", a.header.Get("Retry-After"))
	for _, event := range strings.Fields("a b c d") {
		require.Equal(t, 200, l.call("/v1/hooks/typeform/busy", event).code)
	}
	require.Equal(t, 429, l.call("/v1/hooks/typeform/busy", "e").code)
	l.clock.Advance(time.Second)
	require.Equal(t, 200, l.call(typeformPath, "c").code)
	require.InDelta(t, 2, l.count("pushes_total", "limited"), 0)
	require.EqualValues(t, 2, l.refusals()["RATE_LIMITED"])
}

func TestAWrongLimitOfAnEndpointIsNamed(t *testing.T) {
	t.Parallel()
	c := config()
	hooked(&c)
	h := c.Hooks["livraison"]
	h.Limit = access.Limit{Rate: 1}
	c.Hooks["livraison"] = h
	c.Limits.PerHook = access.Limit{Burst: 1}
	require.ErrorContains(t, c.Validate(), "hooks.livraison.limit: burst: is 0")
	require.ErrorContains(t, c.Validate(), "limits.per_hook: rate: is 0")
}

// What anybody may fill, and nothing bounds, is said when the collector starts.
func TestWhatIsOpenWithoutALimitIsSaid(t *testing.T) {
	t.Parallel()
	unsigned := func(c *collector.Config) {
		c.Hooks = map[string]hook.Config{"open": {Source: "generic", AllowUnsigned: true, Mapping: "../../sample/hooks/delighted.yaml"}}
	}
	bounded := func(c *collector.Config) { c.Limits.PerHook = access.Limit{Rate: 1, Burst: 1} }
	for name, c := range map[string]struct {
		change []func(*collector.Config)
		want   string
	}{
		"an open survey":             {[]func(*collector.Config){asking}, "collector.limits.per_address"},
		"an open survey, bounded":    {[]func(*collector.Config){asking, perAddress(1, 1)}, ""},
		"an unsigned hook":           {[]func(*collector.Config){unsigned}, "collector.limits.per_hook"},
		"an unsigned hook, bounded":  {[]func(*collector.Config){unsigned, bounded}, ""},
		"nothing that anybody fills": {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			core, logs := observer.New(zapcore.WarnLevel)
			start(t, testkit.Bus(t), zap.New(core), c.change...)
			said := logs.FilterMessageSnippet("limits").All()
			if c.want == "" {
				require.Empty(t, said)
				return
			}
			require.NotEmpty(t, said)
			require.Contains(t, said[0].Message, c.want)
		})
	}
}

// counter is the sum of a counter over all its labels.
func (l *loop) counter(name string) (n float64) {
	l.Helper()
	families, err := l.metrics.Gather()
	require.NoError(l, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name {
				n += m.GetCounter().GetValue()
			}
		}
	}
	return n
}
