package delivery_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/delivery"
	"github.com/rappel-loop/rappel/services/alerting/internal/message"
	"github.com/rappel-loop/rappel/services/alerting/internal/sender"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/embednats"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

func TestEachReceiverIsToldOnce(t *testing.T) {
	t.Parallel()
	b, c := newBus(t), clock.NewManual(t0)
	one, other := newPlace(t), newPlace(t)
	r := start(t, b, c, nil, hook(t, "one", one.URL), hook(t, "other", other.URL))
	n := message.Sample(eventsv1.Notification_NEW, t0)
	n.Id = "n-1"
	g := &eventsv1.GroupNotified{EventId: "g-1", Group: &eventsv1.GroupState{Key: "g", Number: 1}, Receivers: []string{"one", "other"}, Notification: n}
	_, err := b.Publish(soon(t), bus.Event{Subject: subject.Notification("g"), ID: "g-1", Body: g})
	require.NoError(t, err)
	quiet := &eventsv1.GroupNotified{EventId: "g-2", Group: &eventsv1.GroupState{Key: "g", Number: 2}}
	_, err = b.Publish(soon(t), bus.Event{Subject: subject.Notification("g"), ID: "g-2", Body: quiet})
	require.NoError(t, err)
	taken, err := b.Consume(t.Context(), topology.Notifications, r.TakeNotification)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		all, _, err := r.List(t.Context(), delivery.Filter{}, "", 10)
		return err == nil && len(all) == 2
	}, 20*time.Second, 5*time.Millisecond)
	require.NoError(t, taken.Stop(soon(t)))
	r.step()
	require.NoError(t, r.Tell(soon(t), n, []string{"one", "other"}), "handled again, as after a death")
	r.step()
	require.Len(t, one.got(), 1)
	require.Len(t, other.got(), 1)
	d := r.get("n-1", "one")
	require.Equal(t, eventsv1.Delivery_DELIVERED, d.GetState())
	require.Equal(t, uint32(1), d.GetTries())
	require.Equal(t, uint32(200), d.GetAttempts()[0].GetStatus())
	require.Equal(t, d.GetId(), one.got()[0].id)
	require.NotEqual(t, one.got()[0].id, other.got()[0].id)
}

func TestAReceiverThatIsAwayForADayDelaysNobodyElse(t *testing.T) {
	t.Parallel()
	b, c := newBus(t), clock.NewManual(t0)
	down, up := newPlace(t), newPlace(t)
	down.set(says(500))
	r := start(t, b, c, nil, hook(t, "down", down.URL), hook(t, "up", up.URL))
	r.tell(eventsv1.Notification_NEW, "n-0", "down", "up")
	var tried []time.Duration
	last := 0
	for c.Now().Before(t0.Add(24 * time.Hour)) {
		r.step()
		if n := len(down.got()); n > last {
			tried, last = append(tried, c.Now().Sub(t0)), n
		}
		if since := c.Now().Sub(t0); since%time.Hour == 0 && since > 0 && since < 5*time.Hour {
			r.tell(eventsv1.Notification_REPEATED, fmt.Sprint("n-", int(since.Hours())), "up")
			r.step()
			require.Len(t, up.got(), 1+int(since.Hours()), "told at once, each time")
		}
		if since := c.Now().Sub(t0); since < 10*time.Second {
			c.Advance(time.Second)
		} else {
			c.Advance(time.Minute - c.Now().Sub(c.Now().Truncate(time.Minute)))
		}
	}
	require.Len(t, tried, 7)
	nominal := []time.Duration{0, 5 * time.Second, 5*time.Minute + 5*time.Second, 35*time.Minute + 5*time.Second, 155*time.Minute + 5*time.Second, 455*time.Minute + 5*time.Second, 1055*time.Minute + 5*time.Second}
	for i, at := range tried {
		require.GreaterOrEqual(t, at, nominal[i])
		require.LessOrEqual(t, at, nominal[i]*11/10+time.Minute, "with up to a tenth more, and how coarsely this test looks")
	}
	down.set(nil)
	c.Advance(16 * time.Hour)
	r.step()
	d := r.get("n-0", "down")
	require.Equal(t, eventsv1.Delivery_DELIVERED, d.GetState())
	require.Equal(t, uint32(8), d.GetTries())
	require.Len(t, d.GetAttempts(), 8)
	require.Equal(t, "it answers 500 Internal Server Error", d.GetAttempts()[0].GetError())
	require.Equal(t, eventsv1.DeliveryAttempt_ANSWERED, d.GetAttempts()[0].GetProblem())
	stamps := map[string]bool{}
	for _, got := range down.got() {
		require.Equal(t, d.GetId(), got.id, "the id is the same with each try")
		stamps[got.stamp] = true
	}
	require.Len(t, stamps, 8, "and the time is the try's")
}

func TestWhatIsGivenUpCanBeOrderedAgain(t *testing.T) {
	t.Parallel()
	b, c := newBus(t), clock.NewManual(t0)
	p := newPlace(t)
	p.set(says(404))
	r := start(t, b, c, nil, hook(t, "one", p.URL))
	for i := range 3 {
		r.tell(eventsv1.Notification_NEW, fmt.Sprint("n-", i), "one")
	}
	for range 10 {
		r.step()
		c.Advance(27 * time.Hour)
	}
	d := r.get("n-1", "one")
	require.Equal(t, eventsv1.Delivery_FAILED, d.GetState())
	require.Equal(t, uint32(10), d.GetTries())
	require.Len(t, p.got(), 30)
	r.step()
	require.Len(t, p.got(), 30, "it is given up")
	failed, _, err := r.List(soon(t), delivery.Filter{Receiver: "one", States: []eventsv1.Delivery_State{eventsv1.Delivery_FAILED}}, "", 10)
	require.NoError(t, err)
	require.Len(t, failed, 3)

	p.set(nil)
	d, err = r.Replay(soon(t), d.GetId(), "claire")
	require.NoError(t, err)
	require.Equal(t, eventsv1.Delivery_PENDING, d.GetState())
	_, err = r.Replay(soon(t), d.GetId(), "claire")
	require.ErrorIs(t, err, delivery.ErrUnderWay)
	r.step()
	d = r.get("n-1", "one")
	require.Equal(t, eventsv1.Delivery_DELIVERED, d.GetState())
	require.Equal(t, "claire", d.GetReplayedBy())
	require.Equal(t, uint32(11), d.GetTries())
	require.Equal(t, d.GetId(), p.got()[30].id, "under its id")

	n, rest, err := r.ReplayFailed(soon(t), "one", c.Now().Add(-time.Hour), "claire", 10)
	require.NoError(t, err)
	require.Zero(t, n+rest, "they came to be before that")
	for rest := range 2 {
		n, more, err := r.ReplayFailed(soon(t), "one", time.Time{}, "claire", 1)
		require.NoError(t, err)
		require.Equal(t, []int{1, 1 - rest}, []int{n, more})
	}
	r.step()
	require.Len(t, p.got(), 33)
	_, _, err = r.ReplayFailed(soon(t), "nobody", time.Time{}, "claire", 10)
	require.ErrorIs(t, err, delivery.ErrNoReceiver)
	_, err = r.Replay(soon(t), "dlv-aaaaaaaaaaaaaaaaaaaaaaaaaa", "claire")
	require.ErrorIs(t, err, delivery.ErrNoDelivery)
	_, err = r.Get(soon(t), "../x.>")
	require.ErrorIs(t, err, delivery.ErrNoDelivery)

	p.set(says(500)) // and one that fails again has the whole schedule again
	_, err = r.Replay(soon(t), d.GetId(), "claire")
	require.NoError(t, err)
	for range 10 {
		r.step()
		c.Advance(27 * time.Hour)
	}
	require.Equal(t, uint32(21), r.get("n-1", "one").GetTries())
	require.Equal(t, eventsv1.Delivery_FAILED, r.get("n-1", "one").GetState())
	require.LessOrEqual(t, len(r.get("n-1", "one").GetAttempts()), 21)
}

// What is refused for good fails anew as soon as it is ordered again.
func TestWhatFailsAnewKeepsNoOtherFromItsTurn(t *testing.T) {
	t.Parallel()
	b, c := newBus(t), clock.NewManual(t0)
	s := &recorder{o: sender.Outcome{Final: true, Status: 550, Problem: sender.Because(eventsv1.DeliveryAttempt_ADDRESS_REFUSED)}}
	r := start(t, b, c, s, hook(t, "one", "https://hooks.example.org"))
	for i := range 5 {
		r.tell(eventsv1.Notification_NEW, fmt.Sprint("n-", i), "one")
		c.Advance(time.Second)
	}
	r.step()
	for _, most := range []int{2, 2, 1} {
		c.Advance(time.Second)
		n, rest, err := r.ReplayFailed(soon(t), "one", time.Time{}, "claire", most)
		require.NoError(t, err)
		require.Equal(t, []int{most, 5 - most}, []int{n, rest})
		r.step()
	}
	for i := range 5 {
		require.EqualValues(t, 1, r.get(fmt.Sprint("n-", i), "one").GetReplays(), i)
	}
}

// Else each further call would look for it again, before it comes to those that are there.
func TestWhatHasAgedOutIsLookedForOnce(t *testing.T) {
	t.Parallel()
	b, c := newBus(t), clock.NewManual(t0)
	s := &recorder{o: sender.Outcome{Final: true, Status: 550, Problem: sender.Because(eventsv1.DeliveryAttempt_ADDRESS_REFUSED)}}
	r := start(t, b, c, s, hook(t, "one", "https://hooks.example.org"))
	for i := range 3 {
		r.tell(eventsv1.Notification_NEW, fmt.Sprint("n-", i), "one")
		r.step()
		c.Advance(time.Second)
	}
	deliveries, err := b.JetStream().Stream(soon(t), subject.Deliveries)
	require.NoError(t, err)
	require.NoError(t, deliveries.Purge(soon(t), jetstream.WithPurgeSubject(subject.Delivery(delivery.ID("n-0", "one", 0)))))
	require.Equal(t, 3, r.Rows())
	n, rest, err := r.ReplayFailed(soon(t), "one", time.Time{}, "claire", 1)
	require.NoError(t, err)
	require.Equal(t, []int{1, 1}, []int{n, rest})
	require.Equal(t, 2, r.Rows())
}

func TestAReceiverThatIsGoneIsToldNothingMore(t *testing.T) {
	t.Parallel()
	b, c := newBus(t), clock.NewManual(t0)
	p := newPlace(t)
	p.set(says(410))
	r := start(t, b, c, nil, hook(t, "one", p.URL))
	r.tell(eventsv1.Notification_NEW, "n-1", "one")
	r.step()
	require.Len(t, p.got(), 1)
	all, err := r.Receivers()
	require.NoError(t, err)
	require.True(t, all[0].GetDisabled())
	require.Equal(t, "it answered 410 Gone", all[0].GetDisabledReason())
	require.Equal(t, eventsv1.DeliveryAttempt_GONE, all[0].GetDisabledProblem())
	require.Equal(t, "it answers 410 Gone", all[0].GetFailure())
	require.EqualValues(t, 410, all[0].GetFailedAttempt().GetStatus())
	require.Equal(t, eventsv1.DeliveryAttempt_GONE, all[0].GetFailedAttempt().GetProblem())
	require.Empty(t, all[0].GetDisabledBy())
	require.EqualValues(t, 1, all[0].GetPending())
	require.Equal(t, 1, r.logs.FilterMessageSnippet("a receiver is gone").Len())
	r.tell(eventsv1.Notification_NEW, "n-2", "one")
	c.Advance(3 * 24 * time.Hour)
	r.step()
	require.Len(t, p.got(), 1, "they wait")

	p.set(nil)
	_, err = r.SetReceiver(soon(t), "one", false, "mended", "claire")
	require.NoError(t, err)
	r.step()
	require.Len(t, p.got(), 3, "and go out when it is enabled")
	require.Equal(t, eventsv1.Delivery_DELIVERED, r.get("n-1", "one").GetState())

	got, err := r.SetReceiver(soon(t), "one", true, "holidays", "claire")
	require.NoError(t, err)
	require.Equal(t, "claire", got.GetDisabledBy())
	require.Zero(t, got.GetDisabledProblem())
	r.tell(eventsv1.Notification_NEW, "n-3", "one")
	r.tell(eventsv1.Notification_NEW, "n-4", "one", "removed")
	c.Advance(4 * 24 * time.Hour)
	r.step()
	require.Len(t, p.got(), 3)
	for _, d := range []*eventsv1.Delivery{r.get("n-3", "one"), r.get("n-4", "one"), r.get("n-4", "removed")} {
		require.Equal(t, eventsv1.Delivery_FAILED, d.GetState(), "after four days they are given up")
		require.Zero(t, d.GetTries())
		require.Contains(t, d.GetAttempts()[0].GetError(), "it waited for a receiver")
		require.Equal(t, eventsv1.DeliveryAttempt_WAITED_TOO_LONG, d.GetAttempts()[0].GetProblem())
	}
	_, err = r.SetReceiver(soon(t), "nobody", true, "", "claire")
	require.ErrorIs(t, err, delivery.ErrNoReceiver)
}

func TestOfSeveralTriesOneDisablesAReceiverThatIsGone(t *testing.T) {
	t.Parallel()
	b, c := newBus(t), clock.NewManual(t0)
	p := newPlace(t)
	var together sync.WaitGroup
	together.Add(4)
	p.set(func(w http.ResponseWriter, _ *http.Request) {
		together.Done()
		together.Wait()
		w.WriteHeader(http.StatusGone)
	})
	r := start(t, b, c, nil, hook(t, "one", p.URL))
	for i := range 4 {
		r.tell(eventsv1.Notification_NEW, fmt.Sprint("n-", i), "one")
	}
	r.step()
	require.Len(t, p.got(), 4)
	require.Equal(t, 1, r.logs.FilterMessageSnippet("a receiver is gone").Len())
}

func TestWhatAnotherReplicaIsSendingIsNotGivenUp(t *testing.T) {
	t.Parallel()
	b, c := newBus(t), clock.NewManual(t0)
	p := newPlace(t)
	has, lacks := start(t, b, c, nil, hook(t, "one", p.URL)), start(t, b, c, nil)
	sending, sent := make(chan struct{}), make(chan struct{})
	p.set(func(http.ResponseWriter, *http.Request) { close(sending); <-sent })
	has.tell(eventsv1.Notification_NEW, "n-1", "one")
	require.NoError(t, lacks.Settle(soon(t)))
	c.Advance(4 * 24 * time.Hour)
	require.Equal(t, 1, has.Step(c.Now()))
	<-sending
	lacks.GiveUp(delivery.ID("n-1", "one", 0), c.Now())
	close(sent)
	has.Wait()
	require.Equal(t, eventsv1.Delivery_DELIVERED, has.get("n-1", "one").GetState())
}

func TestAReceiverThatIsTooBusyIsLeftAlone(t *testing.T) {
	t.Parallel()
	b, c := newBus(t), clock.NewManual(t0)
	p, other := newPlace(t), newPlace(t)
	p.set(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	r := start(t, b, c, nil, hook(t, "busy", p.URL), hook(t, "other", other.URL))
	r.tell(eventsv1.Notification_NEW, "n-1", "busy")
	r.step()
	require.Len(t, p.got(), 1)
	p.set(nil)
	c.Advance(9 * time.Minute)
	r.tell(eventsv1.Notification_NEW, "n-2", "busy", "other")
	r.step()
	require.Len(t, p.got(), 1, "what is new for it waits, too")
	require.Len(t, other.got(), 1)
	c.Advance(time.Minute)
	r.step()
	require.Len(t, p.got(), 3)
}

func TestASlowReceiverDelaysItselfAlone(t *testing.T) {
	t.Parallel()
	b, c := newBus(t), clock.NewManual(t0)
	slow, other := newPlace(t), newPlace(t)
	let := make(chan struct{})
	slow.set(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-let:
		case <-r.Context().Done():
		}
	})
	r := start(t, b, c, nil, hook(t, "slow", slow.URL), hook(t, "other", other.URL))
	for i := range 20 {
		r.tell(eventsv1.Notification_NEW, fmt.Sprint("n-", i), "slow", "other")
	}
	require.NoError(t, r.Settle(soon(t)))
	require.Eventually(t, func() bool { r.Step(c.Now()); return len(other.got()) == 20 }, 20*time.Second, time.Millisecond)
	require.Eventually(t, func() bool { return len(slow.got()) == 4 }, 20*time.Second, time.Millisecond)
	require.Zero(t, r.Step(c.Now()), "no more than four at once")
	close(let)
	r.Wait()
	r.step()
	require.Len(t, slow.got(), 20)
}

// dying sends, and then its replica has no NATS any more: as killed between the try and its
// outcome.
type dying struct {
	delivery.Sender
	die func()
}

func (d dying) Send(ctx ctx, j sender.Job) sender.Outcome {
	o := d.Sender.Send(ctx, j)
	d.die()
	return o
}

// connected is a bus of a replica's own, and what cuts it off.
func connected(t *testing.T, s *embednats.Server) (*bus.Bus, func()) {
	t.Helper()
	nc := testkit.Connect(t, s)
	b, err := bus.New(nc, bus.Options{Barrier: bus.Replicated{}, AckTimeout: 200 * time.Millisecond})
	require.NoError(t, err)
	return b, nc.Close
}

func TestADeathCostsOneTryMore(t *testing.T) {
	t.Parallel()
	server, c := testkit.Server(t), clock.NewManual(t0)
	b, _ := connected(t, server)
	require.NoError(t, topology.Ensure(soon(t), b.JetStream(), topology.Options{}))
	p := newPlace(t)
	own := sender.New(sender.Options{AllowPrivate: true})
	t.Cleanup(own.Close)
	r := start(t, b, c, nil, hook(t, "one", p.URL))
	r.tell(eventsv1.Notification_NEW, "n-1", "one")
	const deaths = 3
	for i := range deaths {
		its, cut := connected(t, server)
		victim := start(t, its, c, nil, hook(t, "one", p.URL))
		victim.replace(dying{own, cut})
		require.Equal(t, 1, victim.Step(c.Now()))
		victim.Wait()
		require.Len(t, p.got(), i+1)
		require.NoError(t, r.Settle(soon(t)))
		require.Zero(t, r.Step(c.Now()), "somebody has it")
		require.Equal(t, eventsv1.Delivery_SENDING, r.get("n-1", "one").GetState())
		c.Advance(75 * time.Second)
	}
	r.step()
	require.Len(t, p.got(), deaths+1, "one more for each death")
	d := r.get("n-1", "one")
	require.Equal(t, eventsv1.Delivery_DELIVERED, d.GetState())
	for _, got := range p.got() {
		require.Equal(t, d.GetId(), got.id)
	}
	require.Contains(t, d.GetAttempts()[0].GetError(), "did not say what came of it")
	require.Equal(t, eventsv1.DeliveryAttempt_OUTCOME_UNKNOWN, d.GetAttempts()[0].GetProblem())
}

func TestReplicasShareTheWork(t *testing.T) {
	t.Parallel()
	b, c := newBus(t), clock.NewManual(t0)
	p := newPlace(t)
	a, z := start(t, b, c, nil, hook(t, "one", p.URL)), start(t, b, c, nil, hook(t, "one", p.URL))
	for i := range 60 {
		a.tell(eventsv1.Notification_NEW, fmt.Sprint("n-", i), "one")
	}
	var both sync.WaitGroup
	for _, r := range []*replica{a, z} {
		both.Go(r.step)
	}
	both.Wait()
	a.step()
	ids := map[string]int{}
	for _, got := range p.got() {
		ids[got.id]++
	}
	require.Len(t, ids, 60)
	require.Len(t, p.got(), 60, "each once")
}
