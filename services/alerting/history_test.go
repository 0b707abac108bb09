package alerting_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/donotcall"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

const asksHistory = `version: 1
contact: {not_again_within: 7d}
rules:
  - name: never_called
    when: nps.class == Class.DETRACTOR && !history.called_within(7)
  - name: third
    severity: critical
    when: |
      nps.class == Class.DETRACTOR && history.answers(30).filter(a, a.class == Class.DETRACTOR).size() >= 2
    callback: {queue: q, priority: 9}
  - name: bad
    when: nps.class == Class.DETRACTOR
    callback: {queue: q, priority: 5}
`

// answered is an event of a customer's response with these values, one a revision, that was
// first received at a moment.
func answered(customer, response int, first time.Time, values ...float64) *eventsv1.ResponseScored {
	e := scored(values...)
	e.Received.CustomerKey, e.Received.FirstReceivedAt = customerKey(10*customer), timestamppb.New(first)
	e.Received.Response.Id = fmt.Sprint("r-", response)
	e.EventId = fmt.Sprint("s-", response, "-", len(values))
	return e
}

func (b bundle) answer(t *testing.T, e *eventsv1.ResponseScored) {
	t.Helper()
	b.put(t, e.GetEventId(), e)
}

// call stores that a customer's callback was closed, after somebody spoke with them so long
// ago, for a response.
func (b bundle) call(t *testing.T, customer, response int, ago time.Duration) (stored time.Time) {
	t.Helper()
	at := timestamppb.New(time.Now().Add(-ago))
	key := customerKey(10 * customer)
	_, err := b.bus.Publish(t.Context(), bus.Event{Subject: subject.Callback("0af", key), ID: fmt.Sprint("c-", customer), Body: &eventsv1.CallbackEvent{
		CustomerKey: key, Type: eventsv1.CallbackEvent_COMPLETED, Callback: &eventsv1.Callback{
			Id: key + "-1", Number: 1, State: eventsv1.Callback_COMPLETED, ClosedAt: at,
			Reasons:  []*eventsv1.Reason{{Survey: "apres-livraison", ResponseId: fmt.Sprint("r-", response), Severity: eventsv1.Severity_MEDIUM}},
			Attempts: []*eventsv1.Attempt{{Outcome: eventsv1.Attempt_REACHED, EndedAt: at}},
		},
	}})
	require.NoError(t, err)
	d, err := b.bus.Latest(t.Context(), subject.Callback("0af", key))
	require.NoError(t, err)
	return d.Time
}

// decided are the alerts about a response, in a few words each.
func (b bundle) decided(t *testing.T, response int) (out []string) {
	t.Helper()
	b.settled(t)
	for _, d := range stored(t, b.bus, subject.Alerts) {
		raised, resolved := &eventsv1.AlertRaised{}, &eventsv1.AlertResolved{}
		if d.Decode(resolved) == nil && resolved.GetScored().GetReceived().GetResponse().GetId() == fmt.Sprint("r-", response) {
			out = append(out, fmt.Sprint(resolved.GetScored().GetReceived().GetRevision(), " resolved ", resolved.GetRule()))
		}
		if d.Decode(raised) == nil && raised.GetScored().GetReceived().GetResponse().GetId() == fmt.Sprint("r-", response) {
			what := " raised "
			switch {
			case raised.GetHeldBack() == eventsv1.AlertRaised_FATIGUE:
				require.Nil(t, raised.GetCallback())
				what = " held "
			case raised.GetCallback() != nil:
				what = " called "
			}
			out = append(out, fmt.Sprint(raised.GetScored().GetReceived().GetRevision(), what, raised.GetRule()))
		}
	}
	return out
}

// A customer is called for an answer, and corrects it afterwards: what was raised is
// resolved, though by now they were called. Their next answer finds that they were.
func TestARevisionAfterTheCallbackWasClosed(t *testing.T) {
	t.Parallel()
	b := setup(t, withRules(t, asksHistory))
	first := time.Now()
	b.answer(t, answered(1, 1, first, 2))
	require.Equal(t, []string{"1 raised never_called", "1 called bad"}, b.decided(t, 1))
	called := b.call(t, 1, 1, time.Hour)
	b.answer(t, answered(1, 1, first, 2, 4))
	b.answer(t, answered(1, 1, first, 2, 4, 10))
	require.Equal(t, []string{
		"1 raised never_called", "1 called bad", "2 raised never_called", "2 called bad", "3 resolved never_called", "3 resolved bad",
	}, b.decided(t, 1))

	b.answer(t, answered(1, 2, called.Add(1), 3))
	require.Equal(t, []string{"1 held bad"}, b.decided(t, 2))
	// The third bad one within a month is worse.
	b.answer(t, answered(1, 3, called.Add(2), 3))
	require.Equal(t, []string{"1 held bad"}, b.decided(t, 3), "the first was corrected to a good one")
	b.answer(t, answered(1, 4, called.Add(3), 9))
	b.answer(t, answered(1, 4, called.Add(3), 9, 3))
	require.Equal(t, []string{"2 called third", "2 held bad"}, b.decided(t, 4), "the revision that made it worse is called for")
	asks := answered(1, 2, called.Add(1), 3, 3)
	asks.Received.Response.CallbackRequested = true
	b.answer(t, asks)
	require.Equal(t, []string{"1 held bad", "2 called bad"}, b.decided(t, 2))
	require.Empty(t, stored(t, b.bus, subject.DeadLetters))
	// Another customer's history is their own.
	b.answer(t, answered(2, 5, called.Add(4), 3))
	require.Equal(t, []string{"1 raised never_called", "1 called bad"}, b.decided(t, 5))
}

// Two replicas, and one that is started when all has happened, decide the same of every
// event: delivered again, they make the same events, field by field.
func TestReplicasDecideTheSameWheneverTheyDo(t *testing.T) {
	t.Parallel()
	rules := withRules(t, asksHistory)
	b := setup(t, rules)
	setupOn(t, b.bus, rules)
	begin := time.Now()
	for i := range 60 {
		customer, response := i%5, i%20
		values := []float64{float64(i % 7), float64(i % 11), float64(i % 5)}[:1+i/20]
		e := answered(customer, response, begin.Add(time.Duration(response)*time.Microsecond), values...)
		b.answer(t, e)
		if i == 30 {
			b.settled(t)
			b.call(t, 3, 3, time.Hour)
		}
	}
	b.settled(t)
	bodies := map[string][]byte{}
	for _, d := range stored(t, b.bus, subject.Alerts) {
		bodies[d.ID] = d.Data
	}
	require.Greater(t, len(bodies), 50)

	again(t, b, rules, bodies)
}

// again delivers every scored event once more, to a service that was just started, and
// compares what it decides.
func again(t *testing.T, b bundle, rules alerting.Config, bodies map[string][]byte) {
	t.Helper()
	service, err := alerting.New(rules, alerting.Deps{Bus: b.bus, RPC: newRPC(t), Metrics: prometheus.NewRegistry()})
	require.NoError(t, err)
	stop := alerting.Remember(t.Context(), service)
	defer stop()
	decided := map[string]proto.Message{}
	for _, d := range stored(t, b.bus, subject.Scores) {
		require.Eventually(t, func() bool {
			events, err := alerting.Decided(t.Context(), service, d)
			for _, e := range events {
				decided[e.ID] = e.Body
			}
			return err == nil
		}, 20*time.Second, time.Millisecond)
	}
	require.Len(t, decided, len(bodies))
	for id, body := range bodies {
		require.NotNil(t, decided[id], id)
		was := decided[id].ProtoReflect().New().Interface()
		require.NoError(t, proto.Unmarshal(body, was))
		require.True(t, proto.Equal(was, decided[id]), id)
	}
}

// While what a rule asks cannot be read the response waits, and is decided then.
func TestAResponseWaitsForItsHistory(t *testing.T) {
	t.Parallel()
	b := setup(t, withRules(t, asksHistory))
	js := b.bus.JetStream()
	require.NoError(t, js.DeleteStream(t.Context(), subject.Callbacks))
	b.answer(t, answered(1, 1, time.Now(), 2))
	b.answer(t, answered(2, 2, time.Now(), 10)) // nothing is asked of a promoter
	consumer, err := js.Consumer(t.Context(), topology.Alerting.Stream, topology.Alerting.Durable)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		info, err := consumer.Info(t.Context())
		return err == nil && info.NumAckPending >= 1 && info.NumPending == 0 && b.gathered(t, "history_callbacks_read_total") > 1
	}, soon, 5*time.Millisecond)
	require.Empty(t, stored(t, b.bus, subject.Alerts))
	require.NoError(t, topology.Ensure(t.Context(), js, topology.Options{}))
	require.Equal(t, []string{"1 raised never_called", "1 called bad"}, b.decided(t, 1))
	require.Empty(t, stored(t, b.bus, subject.DeadLetters))
}

// gathered is the value of a metric without labels.
func (b bundle) gathered(t *testing.T, name string) float64 {
	t.Helper()
	families, err := b.metrics.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue() + f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	require.Fail(t, "no such metric", name)
	return 0
}

// Rules that begin to ask for answers, and cease to, while the service runs.
func TestRulesBeginToAskForAnswers(t *testing.T) {
	t.Parallel()
	b := setup(t, alerting.DefaultConfig())
	url := b.serve(t)
	b.answer(t, answered(1, 1, time.Now(), 9))
	b.settled(t)
	require.Zero(t, b.gathered(t, "history_answers_kept"))
	kept := func(text string, n float64) {
		code, body := call(t, "PUT", url+"/v1/rules", &alertingv1.PutRulesRequest{Text: text}, nil)
		require.Equal(t, 200, code, body)
		require.Eventually(t, func() bool { return b.gathered(t, "history_answers_kept") == n }, soon, 5*time.Millisecond)
	}
	kept("version: 1\nrules: [{name: again, when: \"nps.class == Class.PROMOTER && history.answers(7).size() == 1\"}]\n", 1)
	b.answer(t, answered(1, 2, time.Now(), 9))
	require.Equal(t, []string{"1 raised again"}, b.decided(t, 2))
	kept("version: 2\nrules: [{name: again, when: may_call}]\n", 0)
}

// Who is on the list is told so to the rules, whatever they are known by.
func TestRulesAskWhoIsNotToBeCalled(t *testing.T) {
	t.Parallel()
	b := setup(t, withRules(t, "version: 1\nrules:\n  - {name: write, when: nps.class == Class.DETRACTOR && history.do_not_call}\n"+
		"  - {name: call, when: nps.class == Class.DETRACTOR && !history.do_not_call}\n"))
	first := time.Now()
	e := answered(1, 1, first, 2)
	e.Received.AliasKeys = []string{customerKey(990)}
	b.answer(t, e)
	require.Equal(t, []string{"1 raised call"}, b.decided(t, 1))
	_, err := donotcall.New(b.bus, zap.NewNop()).Apply(t.Context(), donotcall.Change{Keys: []string{customerKey(990)}, Listed: true, At: first})
	require.NoError(t, err)
	e = answered(1, 1, first, 2, 3)
	e.Received.AliasKeys = []string{customerKey(990)}
	b.answer(t, e)
	require.Equal(t, []string{"1 raised call", "2 raised write", "2 resolved call"}, b.decided(t, 1))
}
