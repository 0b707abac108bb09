package push_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector/internal/hook"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/collector/internal/push"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testdata = "../hook/testdata/"

func fixture(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(testdata + name)
	require.NoError(t, err)
	return string(data)
}

// loop is the endpoints of one collector on a bus, and the responses they make.
type loop struct {
	*testing.T
	bus  *bus.Bus
	push *push.Service
	stop func()

	mu        sync.Mutex
	core      zapcore.Core
	logs      *observer.ObservedLogs
	responses []*eventsv1.Response
	counts    map[push.Outcome]int
	refuse    func(*eventsv1.Response) error // by ingest

	now   time.Time     // when calls come
	delay time.Duration // before a source's API is asked again
}

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// SubmitBatch takes what is submitted for stored, unless it is refused.
func (l *loop) SubmitBatch(_ context.Context, rows []ingest.Row) ([]ingest.Outcome, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]ingest.Outcome, len(rows))
	var failure error
	for i, r := range rows {
		if l.refuse != nil {
			out[i].Err = l.refuse(r.Response)
		}
		var invalid *ingest.InvalidError
		switch {
		case out[i].Err == nil:
			l.responses = append(l.responses, proto.CloneOf(r.Response))
		case !errors.As(out[i].Err, &invalid):
			failure = out[i].Err
		}
	}
	return out, failure
}

func (l *loop) refusing(f func(*eventsv1.Response) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refuse = f
}

func (l *loop) stored() []*eventsv1.Response {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]*eventsv1.Response(nil), l.responses...)
}

func (l *loop) counted(o push.Outcome) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counts[o]
}

func invalid(path string) error {
	return &ingest.InvalidError{Violations: []response.Violation{{Path: path, Problem: "is wrong"}}}
}

// setup runs one endpoint, called e.
func setup(t *testing.T, c hook.Config, change ...func(*loop)) *loop {
	t.Helper()
	l := &loop{T: t, bus: testkit.Bus(t), counts: map[push.Outcome]int{}, now: noon, delay: 10 * time.Millisecond}
	for _, f := range change {
		f(l)
	}
	l.core, l.logs = observer.New(zapcore.WarnLevel)
	l.start(c)
	return l
}

// start runs the endpoint until it is stopped or the test ends.
func (l *loop) start(c hook.Config) {
	l.Helper()
	e, err := hook.NewEndpoint("e", c)
	require.NoError(l, err)
	l.push = push.New(push.Options{
		Endpoints: map[string]*hook.Endpoint{"e": e}, Bus: l.bus, Ingest: l, Log: zap.New(l.core), FirstDelay: l.delay,
		Count: func(_ string, o push.Outcome) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.counts[o]++
		},
	})
	require.NoError(l, l.push.Start(l.Context()))
	running, stopped := l.push, false
	l.stop = func() {
		if stopped {
			return
		}
		stopped = true
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.NoError(l, running.Stop(ctx))
	}
	l.Cleanup(l.stop)
}

func (l *loop) eventually(ok func() bool, what ...any) {
	l.Helper()
	require.Eventually(l, ok, 15*time.Second, 2*time.Millisecond, what...)
}

func (l *loop) take(body string, pairs ...string) (int, error) {
	l.Helper()
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	e, err := l.push.Endpoint(l.source(), "e")
	require.NoError(l, err)
	return l.push.Take(l.Context(), e, hook.Call{Header: h, Body: []byte(body), At: l.now})
}

func (l *loop) source() string {
	for _, s := range hook.Sources() {
		if _, err := l.push.Endpoint(s, "e"); err == nil {
			return s
		}
	}
	return ""
}

func (l *loop) told(body string, pairs ...string) {
	l.Helper()
	_, err := l.take(body, pairs...)
	require.NoError(l, err)
}

// pushes is how many are stored.
func (l *loop) pushes() uint64 {
	l.Helper()
	s, err := l.bus.JetStream().Stream(l.Context(), subject.Pushes)
	require.NoError(l, err)
	return s.CachedInfo().State.Msgs
}

func (l *loop) letters() []*eventsv1.DeadLetter {
	l.Helper()
	s, err := l.bus.JetStream().Stream(l.Context(), subject.DeadLetters)
	require.NoError(l, err)
	var all []*eventsv1.DeadLetter
	for n := uint64(1); n <= s.CachedInfo().State.LastSeq; n++ {
		letter, err := l.bus.Letter(l.Context(), n)
		if errors.Is(err, bus.ErrNoLetter) {
			continue
		}
		require.NoError(l, err)
		all = append(all, letter)
	}
	return all
}

// open is an endpoint that takes what anybody sends: what is tested is what comes after.
func open(source string) hook.Config {
	name := source
	if source == "generic" {
		name = "delighted"
	}
	return hook.Config{Source: source, AllowUnsigned: true, Mapping: "../../../../sample/hooks/" + name + ".yaml"}
}

func mappingFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "m.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

func zendeskSigned(secret, stamp, body string) string {
	m := hmac.New(sha256.New, []byte(secret))
	_, _ = m.Write([]byte(stamp + body))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// vendor is a source's API, as slow and as moody as they are.
type vendor struct {
	*httptest.Server
	mu     sync.Mutex
	pages  map[string]string // by path
	moods  []func(http.ResponseWriter)
	asked  []string
	bearer []string
}

func vendorOf(t *testing.T, pages map[string]string) *vendor {
	t.Helper()
	v := &vendor{pages: pages}
	v.Server = httptest.NewServer(v)
	t.Cleanup(v.Close)
	return v
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	v.asked = append(v.asked, r.URL.String())
	v.bearer = append(v.bearer, r.Header.Get("Authorization")+r.Header.Get("X-API-TOKEN"))
	var mood func(http.ResponseWriter)
	if len(v.moods) > 0 {
		mood, v.moods = v.moods[0], v.moods[1:]
	}
	page, has := v.pages[r.URL.EscapedPath()]
	v.mu.Unlock()
	switch {
	case mood != nil:
		mood(w)
	case !has:
		w.WriteHeader(http.StatusNotFound)
	default:
		_, _ = fmt.Fprint(w, page)
	}
}

func (v *vendor) set(path, page string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.pages[path] = page
}

func (v *vendor) is(moods ...func(http.ResponseWriter)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.moods = append(v.moods, moods...)
}

func (v *vendor) calls() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]string(nil), v.asked...)
}

func status(code int) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { w.WriteHeader(code) }
}

// asking is open with the API at v.
func asking(source string, v *vendor) hook.Config {
	c := open(source)
	c.API = hook.APIConfig{URL: v.URL, Token: "secret-token", AllowPrivate: true, Rate: 1000}
	return c
}
