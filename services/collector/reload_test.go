package collector_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	"github.com/rappel-loop/rappel/services/collector"
	"github.com/rappel-loop/rappel/services/collector/internal/hook"
	"github.com/rappel-loop/rappel/services/internal/keyfile"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// watching starts a collector that looks at its files often.
func watching(t *testing.T, change ...func(*collector.Config)) (*loop, *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zapcore.InfoLevel)
	return startWith(t, collector.Deps{Bus: testkit.Bus(t), Log: zap.New(core), ReloadEvery: 5 * time.Millisecond}, change...), logs
}

// write puts a file in place as a whole, as who replaces keys should.
func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path+".new", []byte(text), 0o600))
	require.NoError(t, os.Rename(path+".new", path))
}

// gauge is what a gauge of a file says, by what it holds.
func (l *loop) gauge(name, what string) float64 {
	l.Helper()
	families, err := l.metrics.Gather()
	require.NoError(l, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && m.GetLabel()[0].GetValue() == what {
				return m.GetGauge().GetValue()
			}
		}
	}
	return -1
}

// A key that leaked is taken out of the file, and is no key from then on: for calls that
// come, and for those that last.
func TestARevokedKeyStopsWorking(t *testing.T) {
	t.Parallel()
	r := &ring{TB: t}
	path := filepath.Join(t.TempDir(), "keys.yaml")
	leaked := r.add(keyfile.Entry{Name: "shop"})
	write(t, path, "keys:\n"+r.entries)
	l, logs := watching(t, func(c *collector.Config) { c.KeysFile = path })
	require.Equal(t, 202, l.post("/v1/responses", good, bearer(leaked)...).code)
	stream, err := l.grpc.StreamResponses(with(t.Context(), leaked))
	require.NoError(t, err)
	send := func(id string) *collectorv1.RowError {
		require.NoError(t, stream.Send(&collectorv1.StreamResponsesRequest{RequestNo: 1, Response: from("s", "web", id)}))
		got, err := stream.Recv()
		require.NoError(t, err)
		return got.GetResult().GetError()
	}
	require.Nil(t, send("a"))

	r.entries = ""
	next := r.add(keyfile.Entry{Name: "shop"})
	write(t, path, "keys:\n"+r.entries)
	l.eventually(func() bool { return l.post("/v1/responses", good, bearer(leaked)...).code == 401 })
	require.Equal(t, "KEY_UNKNOWN", l.post("/v1/responses", good, bearer(leaked)...).status(t).reason())
	require.Equal(t, 202, l.post("/v1/responses", good, bearer(next)...).code)
	require.Equal(t, "UNAUTHENTICATED", send("b").GetCode(), "a stream of the old key's as well")
	require.Equal(t, 1, logs.FilterMessageSnippet("read again").Len())
	require.InDelta(t, 1, l.count("reloads_total", "taken"), 0)
	require.NoError(t, stream.CloseSend())
}

// A file with a mistake, or none at all, takes nobody's key away, and opens nothing.
func TestAWrongFileKeepsTheKeys(t *testing.T) {
	t.Parallel()
	r := &ring{TB: t}
	path := filepath.Join(t.TempDir(), "keys.yaml")
	key := r.add(keyfile.Entry{Name: "shop"})
	right := "keys:\n" + r.entries
	write(t, path, right)
	l, logs := watching(t, func(c *collector.Config) { c.KeysFile = path })
	for n, spoil := range []func(){
		func() { write(t, path, right+"  - {name: shop, sha256: "+key+"}\n") },
		func() { write(t, path, "") },
		func() { require.NoError(t, os.Remove(path)) },
	} {
		spoil()
		l.eventually(func() bool { return l.gauge("files_refused", "keys_file") == 1 })
		require.Equal(t, 202, l.post("/v1/responses", good, bearer(key)...).code)
		require.Equal(t, 401, l.post("/v1/responses", good).code)
		said := logs.FilterMessageSnippet("not taken").All()
		require.Len(t, said, n+1)
		require.NotContains(t, said[n].ContextMap()["error"], key)
		write(t, path, right)
		l.eventually(func() bool { return l.gauge("files_refused", "keys_file") == 0 })
		require.Equal(t, 202, l.post("/v1/responses", good, bearer(key)...).code)
	}
}

func (l *loop) signed(secret string) int {
	l.Helper()
	body := typeformBody(l.T)
	m := hmac.New(sha256.New, []byte(secret))
	_, _ = m.Write([]byte(body))
	return l.post(typeformPath, body, "Typeform-Signature", "sha256="+base64.StdEncoding.EncodeToString(m.Sum(nil))).code
}

// A secret is replaced with an overlap, and without a restart.
func TestAHooksSecretIsReplaced(t *testing.T) {
	t.Parallel()
	secrets := filepath.Join(t.TempDir(), "secret")
	write(t, secrets, "first\n")
	l, _ := watching(t, func(c *collector.Config) {
		c.Hooks = map[string]hook.Config{"livraison": {Source: "typeform", SecretFile: secrets, Mapping: "../../sample/hooks/typeform.yaml"}}
	})
	require.Equal(t, []int{200, 401}, []int{l.signed("first"), l.signed("second")})
	write(t, secrets, "second\nfirst\n")
	l.eventually(func() bool { return l.signed("second") == 200 })
	require.Equal(t, 200, l.signed("first"), "calls on their way")
	write(t, secrets, "second\n")
	l.eventually(func() bool { return l.signed("first") == 401 })
	require.Equal(t, 200, l.signed("second"))
	write(t, secrets, "\n")
	l.eventually(func() bool { return l.gauge("files_refused", "hooks.livraison") == 1 })
	require.Equal(t, 200, l.signed("second"), "an empty file opens nothing and shuts nothing out")
}

// A mapping is mended where it stands, and what was given up for it is tried again.
func TestAMappingIsMendedWithoutARestart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "m.yaml")
	write(t, file, "survey: s\nid: id\nanswers: [{metric: NPS, path: who}]")
	l, logs := watching(t, func(c *collector.Config) {
		c.Hooks = map[string]hook.Config{"open": {Source: "generic", AllowUnsigned: true, Mapping: file}}
	})
	require.Equal(t, 200, l.post("/v1/hooks/generic/open", `{"id":"r-1","score":3,"who":"Zoé"}`).code)
	l.eventually(func() bool { return len(l.letters()) == 1 })
	write(t, file, "survey: s\nid: id\nanswers: [{metric: NPX, path: score}]")
	l.eventually(func() bool { return l.gauge("files_refused", "hooks.open") == 1 })
	require.Contains(t, logs.FilterMessageSnippet("not taken").All()[0].ContextMap()["error"], "answers[0].metric: must be NPS, CSAT, CES or FCR")
	write(t, file, "survey: s\nid: id\nanswers: [{metric: NPS, path: score}]")
	l.eventually(func() bool { return l.gauge("files_refused", "hooks.open") == 0 })
	require.NoError(t, l.bus.Redrive(t.Context(), 1))
	l.eventually(func() bool { return len(l.events()) == 1 })
	require.InDelta(t, 3, l.events()[0].GetResponse().GetAnswers()[0].GetValue(), 0)
}
