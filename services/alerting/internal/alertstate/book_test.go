package alertstate_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/alertstate"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

var t0 = time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)

const (
	id  = "a-0123456789abcdef01234567"
	key = "abcdefghijklmnopqrstuvw234"
)

// bundle is a replica's book that follows the stream.
type bundle struct {
	*alertstate.Book
	bus   *bus.Bus
	clock *clock.Manual
}

func replica(t *testing.T, on *bus.Bus, c *clock.Manual) bundle {
	t.Helper()
	b := bundle{bus: on, clock: c, Book: alertstate.New(alertstate.Options{Bus: on, Log: zap.NewNop(), Clock: c})}
	t.Cleanup(follow(t, b.Book))
	return b
}

// follow has a book read the stream, and follow it until what it returns is called.
func follow(t testing.TB, b *alertstate.Book) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { _ = b.Follow(ctx) })
	require.NoError(t, b.Wait(ctx))
	return func() { cancel(); done.Wait() }
}

func setup(t *testing.T) bundle {
	t.Helper()
	return replica(t, testkit.Bus(t), clock.NewManual(t0))
}

func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func raised(alertID string, revision uint32) *eventsv1.AlertRaised {
	return &eventsv1.AlertRaised{
		EventId: fmt.Sprintf("%s-%d", alertID, revision), AlertId: alertID, RaisedAt: timestamppb.New(t0), Rule: "detractor", Severity: eventsv1.Severity_HIGH,
		Callback: &eventsv1.CallbackPlan{Queue: "default"},
		Scored: &eventsv1.ResponseScored{Received: &eventsv1.ResponseReceived{
			Revision: revision, CustomerKey: key, Bucket: "0af", Response: &eventsv1.Response{Id: "r-1", Survey: "apres-livraison"},
		}},
	}
}

func lapsed(alertID string, revision uint32) *eventsv1.AlertResolved {
	e := raised(alertID, revision)
	return &eventsv1.AlertResolved{EventId: e.GetEventId(), AlertId: alertID, ResolvedAt: e.GetRaisedAt(), Rule: e.GetRule(), Scored: e.GetScored()}
}

func closing(t eventsv1.CallbackEvent_Type, reasons ...*eventsv1.Reason) *eventsv1.CallbackEvent {
	return &eventsv1.CallbackEvent{
		EventId: "c-" + t.String(), Type: t, CustomerKey: key, OccurredAt: timestamppb.New(t0),
		Callback: &eventsv1.Callback{Id: key + "-1", CustomerKey: key, Reasons: reasons},
	}
}

func reason(alertID string, revision uint32) *eventsv1.Reason {
	return &eventsv1.Reason{AlertId: alertID, Rule: "detractor", Survey: "apres-livraison", ResponseId: "r-1", Revision: revision, Severity: eventsv1.Severity_HIGH}
}

// delivery is an event as a consumer gets it.
func delivery(t testing.TB, e proto.Message) bus.Delivery {
	t.Helper()
	body, err := proto.Marshal(e)
	require.NoError(t, err)
	return bus.Delivery{Type: string(e.ProtoReflect().Descriptor().FullName()), Data: body, Sequence: 7, Deliveries: 1}
}

// take has a book handle an event of ALERTS or CALLBACKS.
func (b bundle) take(ctx context.Context, t *testing.T, e proto.Message) error {
	t.Helper()
	if _, ok := e.(*eventsv1.CallbackEvent); ok {
		return b.TakeCallback(ctx, delivery(t, e))
	}
	return b.TakeAlert(ctx, delivery(t, e))
}

// changes are the types of what happened to an alert.
func (b bundle) changes(t *testing.T, alertID string) []string {
	t.Helper()
	history, err := b.History(soon(t), alertID, 100)
	require.NoError(t, err)
	var all []string
	for _, e := range history {
		all = append(all, e.GetType().String())
	}
	return all
}

func falls(minute int, figure float64) alertstate.Metric {
	return alertstate.Metric{Rule: "nps_falls", Severity: eventsv1.Severity_HIGH, Movement: &eventsv1.Movement{
		Measure: "NPS", Figure: figure, Reference: 40, Until: timestamppb.New(t0.Add(time.Duration(minute) * time.Minute)),
	}}
}

func TestReplicasRaiseAMetricOnce(t *testing.T) {
	t.Parallel()
	on := testkit.Bus(t)
	replicas := []bundle{replica(t, on, clock.NewManual(t0)), replica(t, on, clock.NewManual(t0.Add(time.Second))), replica(t, on, clock.NewManual(t0))}
	for minute := range 3 { // raised, back, raised again
		var all sync.WaitGroup
		for _, r := range replicas {
			all.Go(func() {
				var err error
				if minute == 1 {
					_, err = r.ResolveMetric(soon(t), falls(1, 0).ID(), falls(1, 40).Movement)
				} else {
					_, err = r.RaiseMetric(soon(t), falls(minute, 10))
				}
				require.NoError(t, err)
			})
		}
		all.Wait()
	}
	require.Equal(t, []string{"RAISED", "RESOLVED", "RAISED"}, replicas[0].changes(t, falls(0, 0).ID()))
	a, err := replicas[1].Load(soon(t), falls(0, 0).ID())
	require.NoError(t, err)
	require.EqualValues(t, 2, a.GetEpisode())
}

func TestPeopleWhoActAtOnceAreAllHeard(t *testing.T) {
	t.Parallel()
	on := testkit.Bus(t)
	one, other := replica(t, on, clock.NewManual(t0)), replica(t, on, clock.NewManual(t0))
	for n := range 20 {
		alertID := fmt.Sprintf("a-%d", n)
		require.NoError(t, one.take(soon(t), t, raised(alertID, 1)))
		require.NoError(t, other.Settle(soon(t)))
		var both sync.WaitGroup
		for who, r := range map[string]bundle{"amina": one, "bruno": other} {
			both.Go(func() {
				a, err := r.Acknowledge(soon(t), alertID, alertstate.Hold{By: who})
				require.NoError(t, err)
				require.Equal(t, who, a.GetAcknowledgement().GetBy(), "nobody is told that another's is theirs")
			})
		}
		both.Wait()
		require.Equal(t, []string{"RAISED", "ACKNOWLEDGED", "ACKNOWLEDGED"}, one.changes(t, alertID))
	}
}

func TestTimeEndsWhatItShouldOnce(t *testing.T) {
	t.Parallel()
	on, now := testkit.Bus(t), clock.NewManual(t0)
	replicas := []bundle{replica(t, on, now), replica(t, on, now)}
	require.NoError(t, replicas[0].take(soon(t), t, raised(id, 1)))
	_, err := replicas[1].Acknowledge(soon(t), id, alertstate.Hold{By: "amina", For: time.Hour})
	require.NoError(t, err)
	step := func() {
		var all sync.WaitGroup
		for _, r := range replicas {
			require.NoError(t, r.Settle(soon(t)))
			all.Go(func() { require.NoError(t, r.Step(soon(t))) })
		}
		all.Wait()
	}
	step()
	require.Equal(t, []string{"RAISED", "ACKNOWLEDGED"}, replicas[0].changes(t, id))
	now.Advance(time.Hour)
	step()
	step()
	require.Equal(t, []string{"RAISED", "ACKNOWLEDGED", "UNACKNOWLEDGED"}, replicas[0].changes(t, id))
	now.Advance(alertstate.Longest)
	step()
	step()
	require.Equal(t, []string{"RAISED", "ACKNOWLEDGED", "UNACKNOWLEDGED", "RESOLVED"}, replicas[0].changes(t, id))
	for _, r := range replicas {
		require.NoError(t, r.Settle(soon(t)))
		a, ok := r.Get(id)
		require.True(t, ok, "it is there for those who are to be told")
		require.Equal(t, eventsv1.AlertState_EXPIRED, a.GetResolution())
		require.Empty(t, r.Counts()[alertstate.Class{State: eventsv1.AlertState_FIRING, Severity: eventsv1.Severity_HIGH}])
	}
	now.Advance(time.Hour)
	step()
	for _, r := range append(replicas, replica(t, on, now)) {
		_, ok := r.Get(id)
		require.False(t, ok, "nobody needs it any more")
		a, err := r.Load(soon(t), id)
		require.NoError(t, err)
		require.Equal(t, eventsv1.AlertState_RESOLVED, a.GetState())
	}
}

func TestListenersAreToldOfEveryChange(t *testing.T) {
	t.Parallel()
	b := alertstate.New(alertstate.Options{Bus: testkit.Bus(t), Log: zap.NewNop(), Clock: clock.NewManual(t0)})
	var told []string
	b.OnChange(func(was *eventsv1.AlertState, now *eventsv1.AlertChanged) {
		told = append(told, was.GetState().String()+" "+now.GetType().String())
	})
	r := bundle{Book: b}
	require.NoError(t, r.take(soon(t), t, raised(id, 1)))
	_, err := b.Acknowledge(soon(t), id, alertstate.Hold{By: "amina"})
	require.NoError(t, err)
	_, err = b.Resolve(soon(t), id, "amina", "spoken to")
	require.NoError(t, err)
	require.Equal(t, []string{"STATE_UNSPECIFIED RAISED", "FIRING ACKNOWLEDGED", "ACKNOWLEDGED RESOLVED"}, told)
}

// cut is a context that ends after the n-th look at it: a process that dies there.
type cut struct {
	context.Context //nolint:containedctx // it is one
	mu              sync.Mutex
	left            int
	done            chan struct{}
}

func newCut(ctx context.Context, after int) *cut {
	return &cut{Context: ctx, left: after, done: make(chan struct{})}
}

func (c *cut) look() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left--; c.left == 0 {
		close(c.done)
	}
	return c.left <= 0
}

// Done is looked at wherever somebody waits.
func (c *cut) Done() <-chan struct{} { c.look(); return c.done }

// Err is looked at between waits.
func (c *cut) Err() error {
	if c.look() {
		return context.Canceled
	}
	return nil
}

// A process is cut off after each of its waits in turn, and the event is delivered again to
// another one, which has heard of nothing: what is stored is what it would have been without.
func TestAnEventThatIsCutOffAnywhereIsTakenOnce(t *testing.T) {
	t.Parallel()
	on := testkit.Bus(t)
	story := func(alertID string) []proto.Message {
		return []proto.Message{
			raised(alertID, 1), raised(alertID, 2), lapsed(alertID, 3), raised(alertID, 4),
			closing(eventsv1.CallbackEvent_COMPLETED, reason(alertID, 4), reason(alertID+"-b", 1)),
		}
	}
	cuts := 0
	for after := 1; ; after++ {
		alertID := fmt.Sprintf("a-%d", after)
		through := true
		for _, e := range story(alertID) {
			dying := bundle{Book: alertstate.New(alertstate.Options{Bus: on, Log: zap.NewNop(), Clock: clock.NewManual(t0)})}
			if err := dying.take(newCut(soon(t), after), t, e); err != nil {
				through = false
				cuts++
			}
			next := bundle{Book: alertstate.New(alertstate.Options{Bus: on, Log: zap.NewNop(), Clock: clock.NewManual(t0.Add(time.Minute))}), bus: on}
			for range 2 {
				require.NoError(t, next.take(soon(t), t, e))
			}
		}
		b := bundle{Book: alertstate.New(alertstate.Options{Bus: on, Log: zap.NewNop(), Clock: clock.NewManual(t0)}), bus: on}
		require.Equal(t, []string{"RAISED", "UPDATED", "RESOLVED", "RAISED", "RESOLVED"}, b.changes(t, alertID), "cut off after %d", after)
		require.Equal(t, []string{"RESOLVED"}, b.changes(t, alertID+"-b"), "cut off after %d", after)
		if through {
			break
		}
	}
	require.Greater(t, cuts, 10, "it was cut off in the middle")
}

func TestACallbackThatIsClosedEndsItsAlerts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, alertID := range []string{"a-1", "a-2", "a-withdrawn", "a-unanswered", "a-beyond"} {
		require.NoError(t, b.take(soon(t), t, raised(alertID, 1)))
	}
	withdrawn, unanswered := reason("a-withdrawn", 1), reason("a-unanswered", 1)
	withdrawn.Withdrawn, unanswered.Unanswered = true, true
	e := closing(eventsv1.CallbackEvent_COMPLETED, reason("a-1", 1), reason("a-2", 1), withdrawn, unanswered)
	e.Callback.MoreReasons = 1
	e.TakenAlerts = []*eventsv1.TakenAlert{{AlertId: "a-beyond", Revision: 1}, {AlertId: "a-unknown", Revision: 1}, {AlertId: "a-unanswered", Revision: 1}}
	for _, other := range eventsv1.CallbackEvent_Type_value {
		if t2 := eventsv1.CallbackEvent_Type(other); t2 != eventsv1.CallbackEvent_COMPLETED && t2 != eventsv1.CallbackEvent_CANCELED {
			open := proto.CloneOf(e)
			open.Type = t2
			require.NoError(t, b.take(soon(t), t, open))
		}
	}
	require.Equal(t, []string{"RAISED"}, b.changes(t, "a-1"), "by no other event")

	for range 2 {
		require.NoError(t, b.take(soon(t), t, e))
	}
	for _, alertID := range []string{"a-1", "a-2", "a-beyond"} {
		require.Equal(t, []string{"RAISED", "RESOLVED"}, b.changes(t, alertID))
		a, _ := b.Get(alertID)
		require.Equal(t, eventsv1.AlertState_CALLBACK_CLOSED, a.GetResolution())
	}
	for _, alertID := range []string{"a-withdrawn", "a-unanswered"} {
		require.Equal(t, []string{"RAISED"}, b.changes(t, alertID))
	}
	_, err := b.Load(soon(t), "a-unknown")
	require.ErrorIs(t, err, alertstate.ErrUnknown)

	reopened := proto.CloneOf(e)
	reopened.Type = eventsv1.CallbackEvent_REOPENED
	require.NoError(t, b.take(soon(t), t, reopened))
	require.NoError(t, b.take(soon(t), t, raised("a-1", 1)))
	require.Equal(t, []string{"RAISED", "RESOLVED"}, b.changes(t, "a-1"), "a callback that is opened again raises nothing")
}

func TestACloseThatIsHeardOfBeforeItsAlertIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.take(soon(t), t, closing(eventsv1.CallbackEvent_CANCELED, reason(id, 1))))
	require.NoError(t, b.take(soon(t), t, raised(id, 1)))
	require.Equal(t, []string{"RESOLVED"}, b.changes(t, id))
	a, ok := b.Get(id)
	require.True(t, ok)
	require.Equal(t, map[string]string{"kind": "response", "rule": "detractor", "survey": "apres-livraison", "severity": "high", "customer": key}, a.GetLabels())
}

// While ALERT_STATES is full nothing is lost: events wait, and are taken once there is room.
func TestEventsWaitWhileTheStreamIsFull(t *testing.T) {
	t.Parallel()
	b := setup(t)
	js := b.bus.JetStream()
	limit := func(most int64) {
		s, err := js.Stream(soon(t), subject.AlertStates)
		require.NoError(t, err)
		cfg := s.CachedInfo().Config
		cfg.MaxMsgs = most
		_, err = js.UpdateStream(soon(t), cfg)
		require.NoError(t, err)
	}
	require.NoError(t, b.take(soon(t), t, raised("a-1", 1)))
	limit(1)
	require.ErrorIs(t, b.take(soon(t), t, raised("a-2", 1)), bus.ErrFull)
	require.ErrorIs(t, b.take(soon(t), t, closing(eventsv1.CallbackEvent_COMPLETED, reason("a-1", 1))), bus.ErrFull)
	b.clock.Advance(alertstate.Longest)
	require.ErrorIs(t, b.Step(soon(t)), bus.ErrFull)
	require.NoError(t, b.Step(soon(t)), "it is not tried again at once")

	tried := make(chan struct{}, 100)
	consumer, err := b.bus.Consume(soon(t), topology.AlertStates, func(ctx context.Context, d bus.Delivery) error {
		err := b.TakeAlert(ctx, d)
		if err != nil {
			tried <- struct{}{}
		}
		return err
	})
	require.NoError(t, err)
	_, err = b.bus.Publish(soon(t), bus.Event{Subject: subject.Alert("detractor", "0af"), ID: "x", Body: raised("a-3", 1)})
	require.NoError(t, err)
	for range 3 {
		<-tried
	}
	limit(-1)
	testkit.Handled(t, b.bus, topology.AlertStates)
	require.NoError(t, consumer.Stop(soon(t)))
	require.Equal(t, []string{"RESOLVED"}, b.changes(t, "a-3"), "its time is over")
	b.clock.Advance(time.Minute)
	require.NoError(t, b.Step(soon(t)))
	require.Equal(t, []string{"RAISED", "RESOLVED"}, b.changes(t, "a-1"))
}

func TestWhatIsNoAlertIsADeadLetter(t *testing.T) {
	t.Parallel()
	b := setup(t)
	nameless, unnumbered := raised("a b", 1), raised(id, 0)
	for _, e := range []proto.Message{nameless, unnumbered, &eventsv1.SilenceChanged{}} {
		require.True(t, bus.IsTerminal(b.take(soon(t), t, e)))
	}
	require.NoError(t, b.take(soon(t), t, &eventsv1.FollowUpAnswered{}), "an answer about a callback is about no alert")
	broken := delivery(t, closing(eventsv1.CallbackEvent_COMPLETED))
	broken.Data = []byte{0xff}
	require.True(t, bus.IsTerminal(b.TakeCallback(soon(t), broken)))
	require.NoError(t, b.take(soon(t), t, closing(eventsv1.CallbackEvent_COMPLETED, reason("a b", 1))))
}

func TestNobodyLooksAfterWhatIsNotThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, none := range []string{"a-none", "no alert", "", "*", strings.Repeat("a", 65)} {
		_, err := b.Acknowledge(soon(t), none, alertstate.Hold{By: "amina"})
		require.ErrorIs(t, err, alertstate.ErrUnknown)
		_, err = b.Unacknowledge(soon(t), none, "amina")
		require.ErrorIs(t, err, alertstate.ErrUnknown)
		_, err = b.Resolve(soon(t), none, "amina", "")
		require.ErrorIs(t, err, alertstate.ErrUnknown)
		_, err = b.Load(soon(t), none)
		require.ErrorIs(t, err, alertstate.ErrUnknown)
		_, err = b.History(soon(t), none, 1)
		require.ErrorIs(t, err, alertstate.ErrUnknown)
	}
	require.NoError(t, b.take(soon(t), t, raised(id, 1)))
	_, err := b.Resolve(soon(t), id, "amina", "spoken to")
	require.NoError(t, err)
	_, err = b.Acknowledge(soon(t), id, alertstate.Hold{By: "amina"})
	require.ErrorIs(t, err, alertstate.ErrResolved)
}
