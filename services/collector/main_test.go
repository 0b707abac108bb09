package collector_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// loop is one collector with a source's two ways to it.
type loop struct {
	*testing.T
	bus     *bus.Bus
	service *collector.Service
	rpc     *rpc.Server
	metrics *prometheus.Registry
	clock   *clock.Manual
	url     string
	grpc    collectorv1.CollectorServiceClient
	surveys collectorv1.SurveyServiceClient
	stop    func()
}

func config() collector.Config {
	c := collector.DefaultConfig()
	c.Secret = "a secret of these tests alone"
	c.Imports.RowsPerSecond = 0 // the tests' clock stands still
	return c
}

func setup(t *testing.T, change ...func(*collector.Config)) *loop {
	t.Helper()
	return start(t, testkit.Bus(t), zap.NewNop(), change...)
}

// start runs a collector on a bus, listening on ports of its own, until it is
// stopped or the test ends.
func start(t *testing.T, b *bus.Bus, log *zap.Logger, change ...func(*collector.Config)) *loop {
	t.Helper()
	return startWith(t, collector.Deps{Bus: b, Log: log}, change...)
}

// startWith is start with more of what a collector works with.
func startWith(t *testing.T, deps collector.Deps, change ...func(*collector.Config)) *loop {
	t.Helper()
	b, log := deps.Bus, deps.Log
	l := &loop{T: t, bus: b, metrics: prometheus.NewRegistry(), clock: clock.NewManual(noon)}
	l.rpc = rpc.New(rpc.Options{Log: log, Metrics: l.metrics})
	cfg := config()
	for _, c := range change {
		c(&cfg)
	}
	var err error
	deps.RPC, deps.Metrics, deps.Clock = l.rpc, l.metrics, l.clock
	l.service, err = collector.New(cfg, deps)
	require.NoError(t, err)
	require.NoError(t, l.service.Start(t.Context()))
	listeners, err := rpc.Listen("127.0.0.1:0", "127.0.0.1:0")
	require.NoError(t, err)
	stop := l.rpc.Serve(listeners, func(err error) { t.Error(err) })
	l.url = "http://" + listeners.HTTP.Addr().String()
	conn, err := grpc.NewClient(listeners.GRPC.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	l.grpc, l.surveys = collectorv1.NewCollectorServiceClient(conn), collectorv1.NewSurveyServiceClient(conn)
	l.rpc.Health().SetStarted()
	stopped := false
	l.stop = func() {
		if stopped {
			return
		}
		stopped = true
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		require.NoError(t, conn.Close())
		http.DefaultClient.CloseIdleConnections()
		require.NoError(t, stop(ctx))
		require.NoError(t, l.service.Stop(ctx))
	}
	t.Cleanup(l.stop)
	l.eventually(func() bool { return len(l.rpc.Health().Ready()) == 0 })
	return l
}

func (l *loop) eventually(ok func() bool) {
	l.Helper()
	require.Eventually(l, ok, 15*time.Second, 2*time.Millisecond)
}

// answer is the JSON of an HTTP answer.
type answer struct {
	code   int
	header http.Header
	body   string
}

func (l *loop) post(path, body string, header ...string) answer {
	l.Helper()
	req, err := http.NewRequestWithContext(l.Context(), http.MethodPost, l.url+path, bytes.NewReader([]byte(body)))
	require.NoError(l, err)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(l, err)
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	require.NoError(l, err)
	return answer{resp.StatusCode, resp.Header, string(data)}
}

// status is a google.rpc.Status in JSON.
type status struct {
	Code    int
	Message string
	Details []struct {
		Reason          string
		FieldViolations []struct{ Field, Description string }
	}
}

func (a answer) status(t testing.TB) (s status) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(a.body), &s), a.body)
	return s
}

func (s status) fields() (out []string) {
	for _, d := range s.Details {
		for _, v := range d.FieldViolations {
			out = append(out, v.Field)
		}
	}
	return out
}

func (s status) reason() string {
	for _, d := range s.Details {
		if d.Reason != "" {
			return d.Reason
		}
	}
	return ""
}

// spells holds the answer to the very bytes of the contract.
func (a answer) spells(t testing.TB, want string) {
	t.Helper()
	if a.body != want+"\n" {
		t.Fatalf("got  %s want %s", a.body, want)
	}
}

// submit stores a response that must be accepted.
func (l *loop) submit(r *eventsv1.Response) *collectorv1.SubmitResponseResponse {
	l.Helper()
	resp, err := l.grpc.SubmitResponse(l.Context(), &collectorv1.SubmitResponseRequest{Response: r})
	require.NoError(l, err)
	return resp
}

// events reads the whole stream.
func (l *loop) events() (out []*eventsv1.ResponseReceived) {
	l.Helper()
	for _, d := range l.deliveries() {
		e := &eventsv1.ResponseReceived{}
		require.NoError(l, d.Decode(e))
		require.Equal(l, subject.Response(e.GetResponse().GetSurvey(), e.GetBucket()), d.Subject)
		require.Equal(l, e.GetEventId(), d.ID)
		out = append(out, e)
	}
	return out
}

func (l *loop) deliveries() []bus.Delivery {
	l.Helper()
	return l.stored(subject.Responses)
}

func (l *loop) stored(stream string) (out []bus.Delivery) {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Context(), 20*time.Second)
	defer cancel()
	done := context.Canceled
	err := l.bus.Follow(ctx, bus.FollowOptions{Stream: stream}, func(d bus.Delivery) error {
		out = append(out, d)
		return nil
	}, func() error { return done })
	require.ErrorIs(l, err, done)
	return out
}

// empty checks that nothing was stored. It works in a test's cleanup, too.
func (l *loop) empty() {
	l.Helper()
	s, err := l.bus.JetStream().Stream(context.Background(), subject.Responses)
	require.NoError(l, err)
	require.Zero(l, s.CachedInfo().State.LastSeq)
}

func (l *loop) stream() jetstream.Stream {
	l.Helper()
	s, err := l.bus.JetStream().Stream(l.Context(), subject.Responses)
	require.NoError(l, err)
	return s
}

func nps(v float64) *eventsv1.Answer { return &eventsv1.Answer{Metric: eventsv1.Metric_NPS, Value: &v} }

func says(s string) *eventsv1.Answer { return &eventsv1.Answer{Verbatim: s} }

func piece(id, customer string, answers ...*eventsv1.Answer) *eventsv1.Response {
	r := &eventsv1.Response{Id: id, Survey: "apres-livraison", Answers: answers}
	if customer != "" {
		r.Customer = &eventsv1.Customer{Id: customer}
	}
	return r
}
