package alerting_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var now = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

// bundle is an alerting service at work on a server of its own.
type bundle struct {
	bus     *bus.Bus
	service *alerting.Service
	metrics *prometheus.Registry
	rpc     *rpc.Server
}

func setup(t *testing.T, cfg alerting.Config) bundle {
	t.Helper()
	return setupOn(t, testkit.Bus(t), cfg)
}

// setupOn is one more replica on a server.
func setupOn(t *testing.T, on *bus.Bus, cfg alerting.Config) bundle {
	t.Helper()
	b := bundle{bus: on, metrics: prometheus.NewRegistry(), rpc: newRPC(t)}
	var err error
	b.service, err = alerting.New(cfg, alerting.Deps{Bus: on, RPC: b.rpc, Metrics: b.metrics})
	require.NoError(t, err)
	require.NoError(t, b.service.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, b.service.Stop(context.Background())) })
	return b
}

func newRPC(t *testing.T) *rpc.Server {
	t.Helper()
	s := rpc.New(rpc.Options{})
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// withRules writes a rules file and returns a configuration that names it.
func withRules(t *testing.T, text string) alerting.Config {
	t.Helper()
	cfg := alerting.DefaultConfig()
	cfg.RulesFile = filepath.Join(t.TempDir(), "rules.yaml")
	require.NoError(t, os.WriteFile(cfg.RulesFile, []byte(text), 0o600))
	return cfg
}

func response(nps float64) *eventsv1.Response {
	return &eventsv1.Response{
		Id: "r-1", Survey: "apres-livraison", Customer: &eventsv1.Customer{Name: "Invented Name"},
		Answers: []*eventsv1.Answer{{Metric: eventsv1.Metric_NPS, Value: &nps}},
	}
}

func score(nps float64) *eventsv1.Score {
	class := eventsv1.Class_PROMOTER
	if nps <= 6 {
		class = eventsv1.Class_DETRACTOR
	}
	return &eventsv1.Score{Answers: []*eventsv1.AnswerScore{
		{Metric: eventsv1.Metric_NPS, Value: nps, Class: class, Satisfaction: nps * 10},
	}, WorstClass: class, WorstSatisfaction: nps * 10}
}

// scored is the event of a response that had these values, one a revision.
func scored(values ...float64) *eventsv1.ResponseScored {
	n := len(values)
	e := &eventsv1.ResponseScored{
		EventId: "s1-e", ScorerVersion: "1", Score: score(values[n-1]),
		Received: &eventsv1.ResponseReceived{
			EventId: "e", ReceivedAt: timestamppb.New(now), Revision: uint32(n),
			CustomerKey: strings.Repeat("a", 26), Bucket: "0af", Response: response(values[n-1]),
		},
	}
	if n > 1 {
		e.Received.Previous, e.PreviousScore = response(values[n-2]), score(values[n-2])
	}
	return e
}

// put stores a scored event under a message id.
func (b bundle) put(t *testing.T, id string, e *eventsv1.ResponseScored) {
	t.Helper()
	_, err := b.bus.Publish(t.Context(), bus.Event{Subject: subject.Score("apres-livraison", "0af"), ID: id, Body: e})
	require.NoError(t, err)
}

// settled waits until the service has dealt with everything.
func (b bundle) settled(t *testing.T) {
	t.Helper()
	testkit.Handled(t, b.bus, topology.Alerting)
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

// counter is a metric's value for a rule.
func (b bundle) counter(t *testing.T, name, rule string) float64 {
	t.Helper()
	families, err := b.metrics.Gather()
	require.NoError(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && m.GetLabel()[0].GetValue() == rule {
				return m.GetCounter().GetValue()
			}
		}
	}
	require.Fail(t, "no such metric", "%s of %s", name, rule)
	return 0
}

func TestADetractorRaisesAnAlert(t *testing.T) {
	t.Parallel()
	b := setup(t, alerting.DefaultConfig())
	e := scored(2)
	b.put(t, "m-1", e)
	b.settled(t)

	alerts := stored(t, b.bus, subject.Alerts)
	require.Len(t, alerts, 1)
	require.Equal(t, subject.Alert("detractor", "0af"), alerts[0].Subject)
	got := &eventsv1.AlertRaised{}
	require.NoError(t, alerts[0].Decode(got))
	require.Equal(t, alerts[0].ID, got.GetEventId())
	require.Equal(t, got.GetAlertId()+"-1", got.GetEventId())
	require.Regexp(t, `^a-[0-9a-f]{24}$`, got.GetAlertId())
	require.Equal(t, now, got.GetRaisedAt().AsTime())
	require.Equal(t, "detractor", got.GetRule())
	require.Regexp(t, `^1\+[0-9a-f]{8}$`, got.GetRulesVersion())
	require.Equal(t, "default", got.GetCallback().GetQueue())
	require.Equal(t, int32(60), got.GetCallback().GetPriority())
	require.Equal(t, eventsv1.Severity_HIGH, got.GetSeverity())
	require.True(t, proto.Equal(e, got.GetScored()))
	require.InDelta(t, 2.0, got.GetAnswer().GetValue(), 0)
	require.InDelta(t, 1.0, b.counter(t, "alerts_raised_total", "detractor"), 0)
	require.InDelta(t, 0.0, b.counter(t, "alerts_raised_total", "low_csat"), 0)
	require.Equal(t, 1, testutil.CollectAndCount(b.metrics, "rules"))
}

func TestAPromoterRaisesNone(t *testing.T) {
	t.Parallel()
	b := setup(t, alerting.DefaultConfig())
	b.put(t, "m-1", scored(9))
	b.settled(t)
	require.Empty(t, stored(t, b.bus, subject.Alerts))
	require.Empty(t, stored(t, b.bus, subject.DeadLetters))
}

func TestACorrectionResolvesAndARelapseRaisesTheSameAlert(t *testing.T) {
	t.Parallel()
	b := setup(t, alerting.DefaultConfig())
	b.put(t, "m-1", scored(0))
	b.put(t, "m-2", scored(0, 9))
	b.put(t, "m-3", scored(0, 9, 1))
	b.settled(t)

	alerts := stored(t, b.bus, subject.Alerts)
	require.Len(t, alerts, 3)
	first, resolved, again := &eventsv1.AlertRaised{}, &eventsv1.AlertResolved{}, &eventsv1.AlertRaised{}
	require.NoError(t, alerts[0].Decode(first))
	require.NoError(t, alerts[1].Decode(resolved))
	require.NoError(t, alerts[2].Decode(again))
	require.Equal(t, first.GetAlertId(), resolved.GetAlertId())
	require.Equal(t, first.GetAlertId(), again.GetAlertId())
	require.Equal(t, []string{"-1", "-2", "-3"}, []string{
		strings.TrimPrefix(first.GetEventId(), first.GetAlertId()),
		strings.TrimPrefix(resolved.GetEventId(), first.GetAlertId()),
		strings.TrimPrefix(again.GetEventId(), first.GetAlertId()),
	})
	require.Equal(t, "detractor", resolved.GetRule())
	require.InDelta(t, 1.0, b.counter(t, "alerts_resolved_total", "detractor"), 0)
}

func TestADeliveryRepeatedDecidesNothingNew(t *testing.T) {
	t.Parallel()
	b := setup(t, alerting.DefaultConfig())
	// Two replicas, and each event twice: what a lost acknowledgement looks like.
	setupOn(t, b.bus, alerting.DefaultConfig())
	for _, id := range []string{"m-1", "m-2"} {
		b.put(t, id, scored(0))
		b.put(t, id+"-corrected", scored(0, 9))
	}
	b.settled(t)
	require.Len(t, stored(t, b.bus, subject.Scores), 4)
	require.Len(t, stored(t, b.bus, subject.Alerts), 2)
}

func TestARuleThatFailsIsADeadLetterAndTheOthersAlertsStand(t *testing.T) {
	t.Parallel()
	b := setup(t, withRules(t, `version: 1
rules:
  - name: broken
    when: |
      response.answers[7].verbatim == "?"
  - name: detractor
    when: nps.class == Class.DETRACTOR
`))
	b.put(t, "m-1", scored(2))
	b.put(t, "m-2", scored(9))
	b.settled(t)

	alerts := stored(t, b.bus, subject.Alerts)
	require.Len(t, alerts, 1)
	require.Equal(t, subject.Alert("detractor", "0af"), alerts[0].Subject)
	letters := stored(t, b.bus, subject.DeadLetters)
	require.Len(t, letters, 2)
	letter := &eventsv1.DeadLetter{}
	require.NoError(t, letters[0].Decode(letter))
	require.Equal(t, "rule_failed", letter.GetReason())
	require.Contains(t, letter.GetDetail(), "rule broken (")
	require.Contains(t, letter.GetDetail(), "rules.yaml:5): index out of bounds")
	require.NotContains(t, letter.GetDetail(), "Invented")
	require.InDelta(t, 2.0, b.counter(t, "rule_failures_total", "broken"), 0)
	require.InDelta(t, 0.0, b.counter(t, "rule_failures_total", "detractor"), 0)
}

func TestPoisonBecomesADeadLetterAndStopsNobody(t *testing.T) {
	t.Parallel()
	b := setup(t, alerting.DefaultConfig())
	bad := scored(2)
	bad.Received.CustomerKey = "Invented Name"
	b.put(t, "m-1", bad)
	_, err := b.bus.Publish(t.Context(), bus.Event{
		Subject: subject.Score("apres-livraison", "0af"), ID: "m-2", Body: scored(1), Encoded: []byte("\xff"),
	})
	require.NoError(t, err)
	b.put(t, "m-3", scored(2))
	b.settled(t)
	require.Len(t, stored(t, b.bus, subject.Alerts), 1)
	reasons := map[string]string{}
	for _, d := range stored(t, b.bus, subject.DeadLetters) {
		letter := &eventsv1.DeadLetter{}
		require.NoError(t, d.Decode(letter))
		reasons[letter.GetReason()] = letter.GetDetail()
	}
	require.Len(t, reasons, 2)
	require.Contains(t, reasons["invalid_event"], "customer_key")
	require.NotContains(t, reasons["invalid_event"], "Invented")
	require.Contains(t, reasons, "undecodable")
}

func TestAWrongRulesFileIsRefusedAtStart(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	cfg := withRules(t, "version: 1\nrules:\n  - name: a\n    when: nps.klass == 1\n")
	_, err := alerting.New(cfg, alerting.Deps{Bus: b, RPC: newRPC(t)})
	require.ErrorContains(t, err, cfg.RulesFile+":4:14: rule a: undefined field 'klass'")

	cfg.RulesFile = filepath.Join(t.TempDir(), "not-there.yaml")
	_, err = alerting.New(cfg, alerting.Deps{Bus: b, RPC: newRPC(t)})
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "rules_file")
}

func TestConfigAndDepsAreChecked(t *testing.T) {
	t.Parallel()
	require.NoError(t, alerting.DefaultConfig().Validate())
	err := alerting.Config{}.Validate()
	require.ErrorContains(t, err, "lanes")
	require.ErrorContains(t, err, "max_rule_cost")
	require.ErrorContains(t, err, "rules_check")
	require.ErrorContains(t, err, "fallbacks_check")
	_, err = alerting.New(alerting.Config{}, alerting.Deps{})
	require.ErrorContains(t, err, "lanes")
	_, err = alerting.New(alerting.DefaultConfig(), alerting.Deps{})
	require.ErrorContains(t, err, "bus")
}

func TestLifecycle(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	s, err := alerting.New(alerting.DefaultConfig(), alerting.Deps{Bus: b, RPC: newRPC(t)})
	require.NoError(t, err)
	require.Nil(t, s.Failed())
	require.NoError(t, s.Start(t.Context()))
	require.NotNil(t, s.Failed())
	require.Error(t, s.Start(t.Context()))
	require.NoError(t, s.Stop(t.Context()))
	require.NoError(t, s.Stop(t.Context()))
	require.Error(t, s.Start(t.Context()))
}
