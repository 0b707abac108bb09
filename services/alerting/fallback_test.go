package alerting_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting"
	"github.com/rappel-loop/rappel/services/alerting/internal/alert"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

const busyRules = `version: 1
rules:
  - {name: low, severity: low, when: nps.class == Class.DETRACTOR, callback: {queue: care, priority: 10}, fallback: busy}
  - {name: high, severity: high, when: nps.class == Class.DETRACTOR, callback: {queue: care, priority: 80}, fallback: busy}
fallbacks:
  - name: busy
    queue: care
    begins_above: 4h
    ends_below: 2h
    raise_bar: {severity: high}
    tell: [lead]
    acknowledge_customer: {receiver: mail}
`

// outbox is what was told, once an id and receiver.
type outbox struct {
	mu        sync.Mutex
	people    map[string]bool
	customers map[string]uint64 // by the notification's id: where the alert is
	fail      int               // so many customers cannot be told
}

func (o *outbox) Tell(_ context.Context, n *eventsv1.Notification, receivers []string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range receivers {
		o.people[n.GetId()+" "+r] = true
	}
	return nil
}

func (o *outbox) TellCustomer(_ context.Context, receiver string, n *eventsv1.Notification, sequence uint64) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail > 0 {
		o.fail--
		return errors.New("the deliveries are away")
	}
	if id := n.GetId() + " " + receiver; o.customers[id] == 0 {
		o.customers[id] = sequence
	}
	return nil
}

// office is alerting with a clock of the test's own, as many replicas as are wanted.
type office struct {
	*testing.T
	bus   *bus.Bus
	clock *clock.Manual
	cfg   alerting.Config
	out   *outbox
	n     int
}

func newOffice(t *testing.T) *office {
	return &office{
		T: t, bus: testkit.Bus(t), clock: clock.NewManual(now), cfg: withRules(t, busyRules),
		out: &outbox{people: map[string]bool{}, customers: map[string]uint64{}},
	}
}

func (o *office) replica() bundle {
	o.Helper()
	b := bundle{bus: o.bus, metrics: prometheus.NewRegistry(), rpc: newRPC(o.T)}
	var err error
	b.service, err = alerting.New(o.cfg, alerting.Deps{Bus: o.bus, RPC: b.rpc, Metrics: b.metrics, Clock: o.clock})
	require.NoError(o, err)
	alerting.TellBy(b.service, o.out)
	alerting.InHand(b.service, 0)
	require.NoError(o, b.service.Start(o.Context()))
	o.Cleanup(func() { require.NoError(o, b.service.Stop(context.Background())) })
	return b
}

// waits lets minutes go by in which the queue's predicted wait is so many hours, until every
// replica knows that the fallback applies, or does not.
func (o *office) waits(hours float64, applies bool, all ...bundle) {
	o.Helper()
	require.Eventually(o, func() bool {
		o.n++
		e := &eventsv1.QueueMeasured{
			EventId: "care-" + time.Duration(o.n).String(), At: timestamppb.New(o.clock.Now()), Queue: "care", Ready: 99, Agents: 1,
			PredictedWaitSeconds: proto.Float64(hours * 3600),
		}
		_, err := o.bus.Publish(o.Context(), bus.Event{Subject: subject.QueueStat("care"), ID: e.GetEventId(), Body: e})
		require.NoError(o, err)
		done := true
		for _, b := range all {
			require.NoError(o, alerting.LookAtQueues(o.Context(), b.service))
			done = done && alerting.Applies(b.service, "busy") == applies
		}
		o.clock.Advance(time.Minute)
		return done
	}, soon, time.Millisecond)
}

// alerts are the last alerts of each rule.
func (o *office) alerts() map[string]*eventsv1.AlertRaised {
	o.Helper()
	byRule := map[string]*eventsv1.AlertRaised{}
	for _, d := range stored(o.T, o.bus, subject.Alerts) {
		m := &eventsv1.AlertRaised{}
		require.NoError(o, d.Decode(m))
		byRule[m.GetRule()] = m
	}
	return byRule
}

// The whole way, with two replicas, one of which is started anew while it applies.
func TestAFallbackFromItsBeginningToItsEnd(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	one, two := o.replica(), o.replica()
	o.waits(1, false, one, two)
	o.waits(5, true, one, two)

	one.put(t, "m-1", scored(2))
	one.settled(t)
	got := o.alerts()
	require.Len(t, got, 2, "the alert is raised all the same")
	require.Nil(t, got["low"].GetCallback())
	require.Equal(t, "busy", got["low"].GetFallback())
	require.Equal(t, "care", got["high"].GetCallback().GetQueue())
	require.Empty(t, got["high"].GetFallback())
	require.Len(t, o.out.customers, 2, "who is held back and who will wait")
	require.Equal(t, map[string]bool{"fallback-busy-1 lead": true}, o.out.people)

	require.NoError(t, one.service.Stop(context.Background()))
	again := o.replica()
	other := scored(3)
	other.Received.Response.Id = "r-2"
	again.put(t, "m-2", other)
	again.settled(t)
	require.Nil(t, o.alerts()["low"].GetCallback(), "also after a restart")
	list := &alertingv1.ListFallbacksResponse{}
	url := again.serve(t)
	require.Eventually(t, func() bool { // 503 until it has read them
		code, _ := call(t, http.MethodGet, url+"/v1/fallbacks", nil, list)
		return code == http.StatusOK
	}, soon, 5*time.Millisecond)
	require.True(t, list.GetFallbacks()[0].GetActive())
	require.Equal(t, "busy", list.GetFallbacks()[0].GetName())
	require.Equal(t, 5*time.Hour, list.GetFallbacks()[0].GetWait().AsDuration())
	require.Equal(t, 4*time.Hour, list.GetFallbacks()[0].GetBeginsAbove().AsDuration())
	require.NotNil(t, list.GetFallbacks()[0].GetSince())
	require.Equal(t, []string{"raise_bar", "tell", "acknowledge_customer"}, list.GetFallbacks()[0].GetMeasures())
	require.NoError(t, alerting.LookAtQueues(t.Context(), again.service))
	require.InDelta(t, 1.0, gauge(t, again, "fallback_active"), 0)

	o.waits(1, false, two, again)
	require.InDelta(t, 0.0, gauge(t, again, "fallback_active"), 0)
	two.put(t, "m-3", scored(2, 1)) // a correction of the first answer
	two.settled(t)
	low := o.alerts()["low"]
	require.Equal(t, uint32(2), low.GetScored().GetReceived().GetRevision())
	require.NotNil(t, low.GetCallback(), "the next revision asks for the call")
	require.Empty(t, low.GetFallback())
	require.Len(t, stored(t, o.bus, subject.Fallbacks), 2)
	require.Equal(t, map[string]bool{"fallback-busy-1 lead": true, "fallback-busy-2 lead": true}, o.out.people)
	require.Empty(t, stored(t, o.bus, subject.DeadLetters))
	require.Positive(t, testutil.CollectAndCount(two.metrics, "fallback_active"))
}

func gauge(t *testing.T, b bundle, name string) float64 {
	t.Helper()
	families, err := b.metrics.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	require.Fail(t, "no such metric", name)
	return 0
}

// The customer could not be told at first: the response comes again, its alerts are not
// stored again, and each customer is told once, by the alert as it was stored.
func TestACustomerIsAcknowledgedOnceWhateverComesAgain(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b := o.replica()
	o.waits(5, true, b)
	o.out.fail = 2
	b.put(t, "m-1", scored(2))
	b.put(t, "m-1-again", scored(2))
	b.settled(t)
	require.Len(t, stored(t, o.bus, subject.Alerts), 2)
	require.Len(t, o.out.customers, 2)
	var sequences []uint64
	for _, s := range o.out.customers {
		sequences = append(sequences, s)
	}
	require.ElementsMatch(t, []uint64{1, 2}, sequences)
	require.Empty(t, stored(t, o.bus, subject.DeadLetters))

	o.waits(1, false, b) // what comes again after the fallback was stored before
	b.put(t, "m-1-late", scored(2))
	b.settled(t)
	require.Len(t, stored(t, o.bus, subject.Alerts), 2)
	require.Nil(t, o.alerts()["low"].GetCallback(), "the first decision stands")
	require.Len(t, o.out.customers, 2)
}

// answered stores the first revision of another response.
func (o *office) answered(b bundle, id string, values ...float64) {
	o.Helper()
	e := scored(values...)
	e.Received.Response.Id = id
	if e.Received.Previous != nil {
		e.Received.Previous.Id = id
	}
	b.put(o.T, "m-"+id+string(rune('0'+len(values))), e)
}

// Whoever was held back is called when the fallback has ended, where the rules say so: as
// they stand then, once, and not those whose answer was corrected or asked for a call since.
func TestWhoWasHeldBackIsCalledAfterwards(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	require.NoError(t, os.WriteFile(o.cfg.RulesFile, []byte(strings.Replace(busyRules, "raise_bar:", "afterwards: call\n    raise_bar:", 1)), 0o600))
	one, two := o.replica(), o.replica()
	o.waits(5, true, one, two)
	o.answered(one, "stays", 2)
	o.answered(one, "worse", 2)
	o.answered(one, "worse", 2, 1)
	o.answered(one, "corrected", 2)
	o.answered(one, "corrected", 2, 10)
	one.settled(t)
	// Another replica has stored the end of an alert before its beginning.
	for _, e := range []bus.Event{
		{ID: "a-x-2", Body: &eventsv1.AlertResolved{EventId: "a-x-2", AlertId: "a-x", Rule: "low", Scored: scored(2, 10)}},
		{ID: "a-x-1", Body: &eventsv1.AlertRaised{EventId: "a-x-1", AlertId: "a-x", Rule: "low", Scored: scored(2), Fallback: "busy"}},
	} {
		e.Subject = subject.Alert("low", "0af")
		_, err := o.bus.Publish(t.Context(), e)
		require.NoError(t, err)
	}
	before := len(stored(t, o.bus, subject.Alerts))
	end := o.clock.Now()
	o.waits(1, false, one, two)
	testkit.Handled(t, o.bus, topology.Afterwards)

	var again []*eventsv1.AlertRaised
	for _, d := range stored(t, o.bus, subject.Alerts)[before:] {
		m := &eventsv1.AlertRaised{}
		require.NoError(t, d.Decode(m))
		again = append(again, m)
		require.Equal(t, "low", m.GetRule(), "the other one was not held back")
		require.Equal(t, "care", m.GetCallback().GetQueue())
		require.Empty(t, m.GetFallback())
		require.Equal(t, d.ID, m.GetEventId())
		require.True(t, strings.HasSuffix(m.GetEventId(), "-busy-2"))
		require.False(t, m.GetRaisedAt().AsTime().Before(end), "its clocks begin now")
	}
	require.Len(t, again, 2)
	require.Equal(t, "stays", again[0].GetScored().GetReceived().GetResponse().GetId())
	require.Equal(t, "worse", again[1].GetScored().GetReceived().GetResponse().GetId())
	require.Equal(t, uint32(2), again[1].GetScored().GetReceived().GetRevision(), "the latest revision")

	// The end is delivered again, as after a crash before its acknowledgement: all is known.
	d, err := o.bus.Latest(t.Context(), subject.Fallback("busy"))
	require.NoError(t, err)
	require.NoError(t, alerting.Afterwards(t.Context(), one.service, d))
	require.Len(t, stored(t, o.bus, subject.Alerts), before+2)
	require.Empty(t, stored(t, o.bus, subject.DeadLetters))
}

// Nobody is called afterwards who was spoken to meanwhile, for another answer or for the same, or
// whose alert somebody has resolved; and of two fallbacks that held back the same, one after
// the other, the later one's end counts.
func TestNobodyIsCalledAfterwardsWhoWasSpokenToMeanwhile(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	rules := strings.Replace(busyRules, "raise_bar:", "afterwards: call\n    raise_bar:", 1)
	rules = strings.Replace(rules, "rules:\n", "contact: {not_again_within: 7d}\nrules:\n", 1)
	require.NoError(t, os.WriteFile(o.cfg.RulesFile, []byte(rules), 0o600))
	b := o.replica()
	o.waits(5, true, b)
	first := time.Now()
	for customer := 1; customer <= 4; customer++ {
		b.answer(t, answered(customer, customer, first, 2))
	}
	b.settled(t)
	testkit.Handled(t, o.bus, topology.AlertStates)
	b.call(t, 2, 99, 0) // for something else
	b.call(t, 3, 3, 0)  // for the same response, by the other rule
	_, err := b.service.Alerts().Resolve(t.Context(), alert.ID("low", "apres-livraison", "r-4"), "amina", "")
	require.NoError(t, err)
	for i, fallback := range []string{"other", "busy", "busy", "other"} {
		e := &eventsv1.AlertRaised{EventId: fmt.Sprint("a-", i), AlertId: fmt.Sprint("a-", i/2), Rule: "low", Scored: answered(5+i/2, 5+i/2, first, 2), Fallback: fallback, RaisedAt: timestamppb.New(o.clock.Now())}
		_, err := o.bus.Publish(t.Context(), bus.Event{Subject: subject.Alert("low", "0af"), ID: e.GetEventId(), Body: e})
		require.NoError(t, err)
	}
	over := &eventsv1.AlertRaised{ // its time was over while it was held back
		EventId: "a-8", AlertId: "a-8", Rule: "low", Scored: answered(8, 8, first, 2), Fallback: "busy",
		RaisedAt: timestamppb.New(o.clock.Now().Add(-2 * time.Hour)), ResolvesAfter: durationpb.New(time.Hour),
	}
	_, err = o.bus.Publish(t.Context(), bus.Event{Subject: subject.Alert("low", "0af"), ID: over.GetEventId(), Body: over})
	require.NoError(t, err)
	testkit.Handled(t, o.bus, topology.AlertStates)
	before := len(stored(t, o.bus, subject.Alerts))
	o.waits(1, false, b)
	testkit.Handled(t, o.bus, topology.Afterwards)

	var again []string
	for _, d := range stored(t, o.bus, subject.Alerts)[before:] {
		m := &eventsv1.AlertRaised{}
		require.NoError(t, d.Decode(m))
		again = append(again, m.GetScored().GetReceived().GetResponse().GetId())
	}
	require.Equal(t, []string{"r-1", "r-5"}, again)
	require.Empty(t, stored(t, o.bus, subject.DeadLetters))
}

// By default it is not asked for what was held back.
func TestWhoWasHeldBackIsNotCalledUnlessTheRulesSaySo(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b := o.replica()
	o.waits(5, true, b)
	o.answered(b, "stays", 2)
	b.settled(t)
	o.waits(1, false, b)
	testkit.Handled(t, o.bus, topology.Afterwards)
	require.Len(t, stored(t, o.bus, subject.Alerts), 2)
}
