package scorer_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	scorerv1 "github.com/rappel-loop/rappel/proto/gen/go/api/scorer/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
	"github.com/rappel-loop/rappel/services/scorer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

// bundle is a scorer at work on a server of its own.
type bundle struct {
	bus     *bus.Bus
	service *scorer.Service
	metrics *prometheus.Registry
	logs    *observer.ObservedLogs
	api     scorerv1.ScorerServiceClient
	url     string
}

func setup(t *testing.T) bundle {
	t.Helper()
	return on(t, testkit.Bus(t), scorer.DefaultConfig())
}

// on starts a process's worth of the service on a bus, with its callers' way in.
func on(t *testing.T, events *bus.Bus, cfg scorer.Config) bundle {
	t.Helper()
	core, logs := observer.New(zap.DebugLevel)
	b := bundle{bus: events, metrics: prometheus.NewRegistry(), logs: logs}
	server := rpc.New(rpc.Options{Log: zap.New(core), Metrics: b.metrics})
	var err error
	b.service, err = scorer.New(cfg, scorer.Deps{Bus: events, RPC: server, Log: zap.New(core), Clock: clock.NewManual(now), Metrics: b.metrics})
	require.NoError(t, err)
	require.NoError(t, b.service.Start(t.Context()))
	server.Health().SetStarted()
	listeners, err := rpc.Listen("127.0.0.1:0", "127.0.0.1:0")
	require.NoError(t, err)
	stop := server.Serve(listeners, func(err error) { t.Errorf("serve: %v", err) })
	b.url = "http://" + listeners.HTTP.Addr().String()
	conn, err := grpc.NewClient(listeners.GRPC.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	b.api = scorerv1.NewScorerServiceClient(conn)
	require.Eventually(t, func() bool {
		_, err := b.api.ListModels(t.Context(), &scorerv1.ListModelsRequest{})
		return rpc.Reason(err) != "MODELS_LOADING"
	}, 20*time.Second, 5*time.Millisecond)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		require.NoError(t, conn.Close())
		require.NoError(t, stop(ctx))
		require.NoError(t, b.service.Stop(ctx))
	})
	return b
}

// start starts a further process's worth of the service, without a way in.
func start(t *testing.T, b *bus.Bus, reg prometheus.Registerer) *scorer.Service {
	t.Helper()
	s, err := scorer.New(scorer.DefaultConfig(), scorer.Deps{Bus: b, RPC: closedRPC(t), Clock: clock.NewManual(now), Metrics: reg})
	require.NoError(t, err)
	require.NoError(t, s.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, s.Stop(context.Background())) })
	return s
}

// closedRPC is where nobody calls.
func closedRPC(t *testing.T) *rpc.Server {
	t.Helper()
	s := rpc.New(rpc.Options{})
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func received(id string, nps float64) *eventsv1.ResponseReceived {
	return &eventsv1.ResponseReceived{
		EventId: "e-" + id, ReceivedAt: timestamppb.New(now), Revision: 1,
		CustomerKey: "aaaaaaaaaaaaaaaaaaaaaaaaaa", Bucket: "0af",
		Response: &eventsv1.Response{
			Id: id, Survey: "apres-livraison", Customer: &eventsv1.Customer{Name: "Invented Name"},
			Answers: []*eventsv1.Answer{{Metric: eventsv1.Metric_NPS, Value: &nps}, {Verbatim: "Très déçu, c'est arrivé trop tard."}},
		},
	}
}

// put stores a received event under a message id.
func (b bundle) put(t *testing.T, id string, r *eventsv1.ResponseReceived) {
	t.Helper()
	_, err := b.bus.Publish(t.Context(), bus.Event{Subject: subject.Response("apres-livraison", "0af"), ID: id, Body: r})
	require.NoError(t, err)
}

// settled waits until the scorer has dealt with everything.
func (b bundle) settled(t *testing.T) {
	t.Helper()
	testkit.Handled(t, b.bus, topology.Scorer)
}

// stored reads everything a stream holds.
func stored(t *testing.T, b *bus.Bus, stream string) []bus.Delivery {
	t.Helper()
	s, err := b.JetStream().Stream(t.Context(), stream)
	require.NoError(t, err)
	var all []bus.Delivery
	for seq := uint64(1); seq <= s.CachedInfo().State.LastSeq; seq++ {
		d, err := b.At(t.Context(), stream, seq)
		require.NoError(t, err)
		all = append(all, d)
	}
	return all
}

func TestAResponseIsScored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	r := received("r-1", 2)
	r.Revision, r.Previous = 2, received("r-1", 9).GetResponse()
	b.put(t, "m-1", r)
	b.settled(t)

	scores := stored(t, b.bus, subject.Scores)
	require.Len(t, scores, 1)
	require.Equal(t, subject.Score("apres-livraison", "0af"), scores[0].Subject)
	got := &eventsv1.ResponseScored{}
	require.NoError(t, scores[0].Decode(got))
	require.Equal(t, scores[0].ID, got.GetEventId())
	require.True(t, proto.Equal(r, got.GetReceived()))
	require.Equal(t, now, got.GetScoredAt().AsTime())
	require.Equal(t, eventsv1.Class_DETRACTOR, got.GetScore().GetWorstClass())
	require.Equal(t, eventsv1.Class_PROMOTER, got.GetPreviousScore().GetWorstClass())
	found := got.GetScore().GetVerbatims()[0]
	require.Equal(t, eventsv1.VerbatimAnalysis_ANALYSED, found.GetStatus())
	require.Equal(t, "fr", found.GetLanguage())
	require.Contains(t, found.GetVersion(), "lexicon-")
	f := found.GetSentiment()
	require.InDelta(t, 1, f.GetNegative()+f.GetNeutral()+f.GetPositive(), 1e-3)
	require.NotEmpty(t, got.GetScore().GetPriorityParts())
}

func TestADeliveryRepeatedIsScoredOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	// Two messages with one event: what a delivery looks like that comes again
	// after its acknowledgement was lost.
	b.put(t, "m-1", received("r-1", 2))
	b.put(t, "m-2", received("r-1", 2))
	b.settled(t)
	require.Len(t, stored(t, b.bus, subject.Responses), 2)
	require.Len(t, stored(t, b.bus, subject.Scores), 1)
	require.Equal(t, 1, testutil.CollectAndCount(b.metrics, "responses_total"))
	counted, err := b.metrics.Gather()
	require.NoError(t, err)
	for _, f := range counted {
		if f.GetName() != "responses_total" {
			continue
		}
		require.InDelta(t, 1, f.GetMetric()[0].GetCounter().GetValue(), 0, f.GetName())
	}
}

func TestPoisonBecomesADeadLetterAndStopsNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, "m-1", received("r-bad", math.NaN()))
	_, err := b.bus.Publish(t.Context(), bus.Event{
		Subject: subject.Response("apres-livraison", "0af"), ID: "m-2",
		Body: received("r-garbled", 1), Encoded: []byte("\xff not protobuf"),
	})
	require.NoError(t, err)
	_, err = b.bus.Publish(t.Context(), bus.Event{
		Subject: subject.Response("apres-livraison", "0af"), ID: "m-3", Body: &eventsv1.DeadLetter{},
	})
	require.NoError(t, err)
	b.put(t, "m-4", received("r-good", 9))
	b.settled(t)

	require.Len(t, stored(t, b.bus, subject.Scores), 1)
	reasons := map[string]string{}
	for _, d := range stored(t, b.bus, subject.DeadLetters) {
		letter := &eventsv1.DeadLetter{}
		require.NoError(t, d.Decode(letter))
		require.NotContains(t, letter.GetDetail(), "Invented")
		reasons[letter.GetReason()] = letter.GetDetail()
	}
	require.Len(t, reasons, 3)
	require.Contains(t, reasons["unscorable"], "answers[0] has a value that is not a finite number")
	require.Contains(t, reasons, "undecodable")
	require.Contains(t, reasons, "unexpected_type")
}

func TestWhatComesWhileStoppedIsScoredByTheNext(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const all = 500
	for i := range all {
		if i%100 == 0 && i > 0 {
			require.NoError(t, b.service.Stop(t.Context()))
			b.service = start(t, b.bus, nil)
		}
		b.put(t, fmt.Sprintf("m-%d", i), received(fmt.Sprintf("r-%d", i), float64(i%11)))
	}
	b.settled(t)
	seen := map[string]bool{}
	for _, d := range stored(t, b.bus, subject.Scores) {
		require.False(t, seen[d.ID], "scored twice")
		seen[d.ID] = true
	}
	require.Len(t, seen, all)
}

func TestTheServiceFailsWithItsConsumer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.put(t, "m-1", received("r-1", 2))
	b.settled(t)
	require.NoError(t, b.bus.JetStream().DeleteConsumer(t.Context(), topology.Scorer.Stream, topology.Scorer.Durable))
	select {
	case err := <-b.service.Failed():
		require.ErrorContains(t, err, "scorer")
	case <-time.After(20 * time.Second):
		t.Fatal("the deleted consumer was not noticed")
	}
}

func TestLifecycle(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	s, err := scorer.New(scorer.DefaultConfig(), scorer.Deps{Bus: b, RPC: closedRPC(t)})
	require.NoError(t, err)
	require.Nil(t, s.Failed())
	require.NoError(t, s.Start(t.Context()))
	require.Error(t, s.Start(t.Context()))
	require.NoError(t, s.Stop(t.Context()))
	require.NoError(t, s.Stop(t.Context()))
	require.Error(t, s.Start(t.Context()))

	never, err := scorer.New(scorer.DefaultConfig(), scorer.Deps{Bus: b, RPC: closedRPC(t)})
	require.NoError(t, err)
	require.NoError(t, never.Stop(t.Context()))
}

func TestConfigAndDepsAreChecked(t *testing.T) {
	t.Parallel()
	require.NoError(t, scorer.DefaultConfig().Validate())
	require.ErrorContains(t, scorer.Config{}.Validate(), "lanes")
	_, err := scorer.New(scorer.Config{Lanes: 1 << 20}, scorer.Deps{})
	require.ErrorContains(t, err, "lanes")
	_, err = scorer.New(scorer.DefaultConfig(), scorer.Deps{})
	require.ErrorContains(t, err, "bus")
}
