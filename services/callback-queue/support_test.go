package callbackqueue_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	callbackqueue "github.com/rappel-loop/rappel/services/callback-queue"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const eventually = 30 * time.Second

var t0 = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

// bundle is a callback queue at work on a server of its own, reached over HTTP.
type bundle struct {
	*testing.T
	bus     *bus.Bus
	clock   *clock.Manual
	rpc     *rpc.Server
	service *callbackqueue.Service
	logs    *observer.ObservedLogs
	metrics *prometheus.Registry
	url     string
	grpc    string
	stop    func()
}

func setup(t *testing.T, change ...func(*callbackqueue.Deps)) *bundle {
	t.Helper()
	return on(t, testkit.Bus(t), change...)
}

// on starts a process's worth of the service on a bus.
func on(t *testing.T, events *bus.Bus, change ...func(*callbackqueue.Deps)) *bundle {
	t.Helper()
	return configured(t, events, callbackqueue.DefaultConfig(), change...)
}

func configured(t *testing.T, events *bus.Bus, cfg callbackqueue.Config, change ...func(*callbackqueue.Deps)) *bundle {
	t.Helper()
	core, logs := observer.New(zap.DebugLevel)
	b := &bundle{T: t, bus: events, clock: clock.NewManual(t0), logs: logs, metrics: prometheus.NewRegistry()}
	b.rpc = rpc.New(rpc.Options{Log: zap.New(core), Metrics: b.metrics})
	d := callbackqueue.Deps{Bus: events, RPC: b.rpc, Log: zap.New(core), Metrics: b.metrics, Clock: b.clock}
	for _, c := range change {
		c(&d)
	}
	var err error
	b.service, err = callbackqueue.New(cfg, d)
	require.NoError(t, err)
	require.NoError(t, b.service.Start(t.Context()))
	b.rpc.Health().SetStarted()
	listeners, err := rpc.Listen("127.0.0.1:0", "127.0.0.1:0")
	require.NoError(t, err)
	b.url, b.grpc = "http://"+listeners.HTTP.Addr().String(), listeners.GRPC.Addr().String()
	stopServing := b.rpc.Serve(listeners, func(err error) { t.Errorf("serve: %v", err) })
	stopped := false
	b.stop = func() {
		if stopped {
			return
		}
		stopped = true
		client.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), eventually)
		defer cancel()
		require.NoError(t, stopServing(ctx))
		require.NoError(t, b.service.Stop(ctx))
	}
	t.Cleanup(b.stop)
	return b
}

var client = &http.Client{Timeout: eventually, Transport: &http.Transport{}}

// object is a JSON object as a client without our types reads it.
type object = map[string]any

// call makes an HTTP call and returns its code and its body.
func (b *bundle) call(method, path, body string) (int, object) {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), method, b.url+path, strings.NewReader(body))
	require.NoError(b, err)
	resp, err := client.Do(req)
	require.NoError(b, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(b, err)
	got := object{}
	require.NoError(b, json.Unmarshal(raw, &got), "%s", raw)
	return resp.StatusCode, got
}

func (b *bundle) post(path, body string) (int, object) {
	b.Helper()
	return b.call(http.MethodPost, path, body)
}

func (b *bundle) get(path string) (int, object) {
	b.Helper()
	return b.call(http.MethodGet, path, "")
}

// reason is the machine-readable reason of an error.
func reason(status object) string {
	details, _ := status["details"].([]any)
	for _, d := range details {
		if r, ok := d.(object)["reason"].(string); ok {
			return r
		}
	}
	return ""
}

func (b *bundle) until(what string, ok func() bool) {
	b.Helper()
	require.Eventually(b, ok, eventually, 5*time.Millisecond, what)
}

// ready waits until the index is complete.
func (b *bundle) ready() *bundle {
	b.Helper()
	b.until("ready", func() bool { code, _ := b.get("/readyz"); return code == http.StatusOK })
	return b
}

// key is the n-th customer's key.
func key(n int) string {
	sum := sha256.Sum256(fmt.Append(nil, n))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:26]
}

func id(n int) string { return key(n) + "-1" }

// raised is a detractor's alert.
func raised(n int, alertID string) *eventsv1.AlertRaised {
	return &eventsv1.AlertRaised{
		EventId: "e-" + alertID, AlertId: alertID, RaisedAt: timestamppb.New(t0.Add(-time.Hour)), Rule: "detractor",
		Callback: &eventsv1.CallbackPlan{Queue: "care", Priority: 50},
		Scored:   scored(n, 1),
		Answer: &eventsv1.AnswerScore{
			Metric: eventsv1.Metric_NPS, Value: 2, Class: eventsv1.Class_DETRACTOR, Satisfaction: 20,
			Scale: &eventsv1.Scale{Max: 10},
		},
	}
}

func scored(n int, revision uint32) *eventsv1.ResponseScored {
	nps := 2.0
	return &eventsv1.ResponseScored{Received: &eventsv1.ResponseReceived{
		Revision: revision, CustomerKey: key(n), Bucket: subject.BucketOf(key(n)),
		Response: &eventsv1.Response{
			Id: fmt.Sprintf("r-%d", n), Survey: "apres-livraison", Channel: "email", Touchpoint: "delivery",
			Customer: &eventsv1.Customer{
				Id: "C-1042", Name: "Camille Inventée", Phone: "+33612345678", Email: "camille@example.org",
				Language: "fr", TimeZone: "Europe/Paris",
			},
			Answers: []*eventsv1.Answer{
				{Metric: eventsv1.Metric_NPS, Value: &nps}, {Verbatim: "Livré en retard, et personne au téléphone."},
			},
			SubmittedAt: timestamppb.New(t0.Add(-time.Hour)),
		},
	}}
}

// alert stores an event of ALERTS about the n-th customer.
func (b *bundle) alert(n int, messageID string, m proto.Message) {
	b.Helper()
	b.put(n, bus.Event{ID: messageID, Body: m})
}

func (b *bundle) put(n int, e bus.Event) {
	b.Helper()
	e.Subject = subject.Alert("detractor", subject.BucketOf(key(n)))
	_, err := b.bus.Publish(b.Context(), e)
	require.NoError(b, err)
}

// settled waits until every alert has been dealt with.
func (b *bundle) settled() {
	b.Helper()
	testkit.Handled(b, b.bus, topology.CallbackQueue)
}

// stored reads everything a stream holds.
func (b *bundle) stored(stream string) []bus.Delivery {
	b.Helper()
	s, err := b.bus.JetStream().Stream(b.Context(), stream)
	require.NoError(b, err)
	var all []bus.Delivery
	for seq := max(1, s.CachedInfo().State.FirstSeq); seq <= s.CachedInfo().State.LastSeq; seq++ {
		d, err := b.bus.At(b.Context(), stream, seq)
		require.NoError(b, err)
		all = append(all, d)
	}
	return all
}

// told is everything the process has said about itself.
func (b *bundle) told() string {
	b.Helper()
	var out bytes.Buffer
	for _, line := range b.logs.All() {
		fmt.Fprintln(&out, line.Message, line.ContextMap())
	}
	resp, err := client.Get(b.url + "/metrics")
	require.NoError(b, err)
	defer resp.Body.Close()
	_, err = io.Copy(&out, resp.Body)
	require.NoError(b, err)
	return out.String()
}
