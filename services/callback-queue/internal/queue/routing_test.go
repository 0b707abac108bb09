package queue_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
)

// staffed is a replica whose agents are in the roster.
func (w *world) staffed(agents ...roster.Agent) *replica {
	return w.replica(func(d *queue.Deps) { d.Roster = roster.List(agents) }).whole()
}

// openWith opens a customer's callback that asks for something.
func (r *replica) openWith(n int, change func(*callback.Alert)) {
	r.world.Helper()
	a := alert(n, fmt.Sprintf("a-%d", n))
	change(&a)
	require.NoError(r.world, r.TakeAlert(r.world.Context(), a))
}

func TestAnAgentGetsTheBestOfWhatTheyCanTake(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.staffed(
			roster.Agent{ID: "amina", Languages: []string{"fr"}, Skills: []callback.Skill{{Name: "billing", Level: 3}}, Capacity: 9},
			roster.Agent{ID: "bruno", Languages: []string{"de", "en"}, Capacity: 9},
			roster.Agent{ID: "chloe", Queues: []roster.QueuePreference{{Queue: "vip", Preference: 1}, {Queue: "care", Preference: 2}}, Capacity: 9},
		)
		r.openWith(1, func(a *callback.Alert) { a.Language = "de-AT" })
		r.openWith(2, func(a *callback.Alert) { a.Language, a.Skills = "fr", []string{"billing:4"} })
		r.openWith(3, func(a *callback.Alert) { a.Language, a.Skills = "fr", []string{"billing:3"} })
		r.openWith(4, func(a *callback.Alert) { a.Language = "fr-CA" })
		r.openWith(5, func(*callback.Alert) {})
		r.openWith(6, func(a *callback.Alert) { a.Queue = "vip" })
		r.openWith(7, func(a *callback.Alert) { a.Language = "en" })

		r.got("amina", "1", id(3))
		r.got("amina", "2", id(4))
		r.got("chloe", "1", id(6)) // where she works first
		r.got("chloe", "2", id(1)) // nobody wrote down what she speaks
		r.got("bruno", "1", id(5))
		r.got("bruno", "2", id(7))
		r.none("bruno", "3")
		r.none("amina", "3")
		r.got("whoever", "1", id(2)) // of whom nothing is known
	})
}

// Who asks for some of what they can take gets the best of that.
func TestAClaimMayAskForLess(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.staffed(roster.Agent{ID: "amina", Skills: []callback.Skill{{Name: "billing", Level: 3}}, Capacity: 9})
		r.openWith(1, func(*callback.Alert) {})
		r.openWith(2, func(a *callback.Alert) { a.Language = "de" })
		r.openWith(3, func(a *callback.Alert) { a.Language = "fr-CA" })
		r.openWith(4, func(a *callback.Alert) { a.Language, a.Skills = "de", []string{"billing:2"} })
		r.openWith(5, func(a *callback.Alert) { a.Language, a.Skills = "fr", []string{"billing:5"} }) // beyond her
		asks := func(languages, skills []string) string {
			cb, err := r.Claim(w.Context(), queue.ClaimRequest{AgentID: "amina", Languages: languages, Skills: skills})
			if errors.Is(err, queue.ErrNoneReady) {
				return ""
			}
			require.NoError(w, err)
			return cb.ID
		}
		require.Equal(w, id(3), asks([]string{"en", "fr"}, nil))
		require.Empty(w, asks([]string{"fr-FR"}, nil))
		require.Empty(w, asks([]string{"fr"}, []string{"billing"}))
		require.Equal(w, id(4), asks(nil, []string{"legal", "billing"}))
		require.Equal(w, id(2), asks([]string{"de"}, nil))
		require.Equal(w, id(1), asks(nil, nil))
	})
}

// A queue that comes second waits, but not for ever: what has waited for as long as
// a hundred points of priority are worth goes first.
func TestAQueueThatComesSecondIsNotStarved(t *testing.T) {
	t.Parallel()
	w := inMemory(t)
	r := w.staffed(roster.Agent{
		ID: "amina", Queues: []roster.QueuePreference{{Queue: "vip", Preference: 1}, {Queue: "care", Preference: 2}}, Capacity: 99,
	})
	r.openWith(1, func(*callback.Alert) {})
	worth := callback.DefaultPolicy().Behind(2, false)
	w.hand.Advance(worth + time.Hour)
	for n, late := range []time.Duration{-time.Minute, time.Minute} {
		r.openWith(2+n, func(a *callback.Alert) { a.Queue, a.RaisedAt = "vip", a.RaisedAt.Add(worth+late) })
	}
	r.got("amina", "1", id(2))
	r.got("amina", "2", id(1))
	r.got("amina", "3", id(3))
}

func TestOnlyWhoIsInTheRosterWhereThatIsAsked(t *testing.T) {
	t.Parallel()
	w := inMemory(t)
	r := w.replica(func(d *queue.Deps) { d.KnownOnly = true; d.Roster = roster.List{{ID: "amina", Capacity: 1}} }).whole()
	r.open(1, 2)
	_, err := r.claim("mallory", "1")
	require.ErrorIs(t, err, queue.ErrUnknownAgent)
	r.got("amina", "1", id(1))
}

func TestCapacity(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.staffed(roster.Agent{ID: "amina", Capacity: 2})
		r.open(1, 6)
		first := r.got("amina", "1", id(1))
		r.got("amina", "2", id(2))
		r.got("amina", "1", id(1)) // asked again
		for _, request := range []string{"3", ""} {
			_, err := r.claim("amina", request)
			var full *queue.AtCapacityError
			require.ErrorAs(t, err, &full)
			require.Equal(t, 2, full.Capacity)
		}
		// A wrap-up takes time, until it is overdue.
		r.do(first.ID, callback.StartAttempt{AgentID: "amina"})
		r.do(first.ID, callback.EndAttempt{AgentID: "amina", Outcome: callback.Reached})
		_, err := r.claim("amina", "3")
		require.ErrorIs(t, err, queue.ErrAtCapacity)
		w.hand.Advance(policy.WrapLease)
		r.Expire(w.Context())
		r.got("amina", "3", id(2))
		r.got("amina", "4", id(3))
	})
}

// What is kept for somebody who is there waits for them; else it is anybody's.
func TestACallbackIsKeptForWhoKnowsTheCustomer(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica().whole()
		again := func(n int) {
			cb := r.got("amina", fmt.Sprint("call ", n), id(n))
			r.do(cb.ID, callback.StartAttempt{AgentID: "amina"})
			r.do(cb.ID, callback.EndAttempt{AgentID: "amina", Outcome: callback.NoAnswer})
		}
		r.open(1, 3)
		again(1)
		again(2)
		w.hand.Advance(policy.RetryGaps[0])
		r.open(3, 4) // long before the two, by its age it comes last
		sit := func(status floor.Status) {
			require.NoError(t, w.floor.Report(w.Context(), floor.Seat{
				Agent: "amina", Status: status, Capacity: 1, Until: w.clock.Now().Add(time.Minute),
			}, false))
		}
		sit(floor.Available)
		r.got("bruno", "1", id(3)) // the others are kept
		r.none("bruno", "2")
		sit(floor.Away)
		r.got("bruno", "2", id(1))
		r.do(id(1), callback.Release{AgentID: "bruno"})
		sit(floor.Available)
		r.got("bruno", "3", id(1)) // it is kept no longer
		r.none("bruno", "4")
		w.hand.Advance(policy.PreferredFor)
		sit(floor.Available)
		r.Expire(w.Context())
		r.got("bruno", "5", id(2))
	})
}

func TestOffers(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.staffed(roster.Agent{ID: "amina", Languages: []string{"fr"}, Capacity: 1}, roster.Agent{ID: "bruno", Capacity: 3})
		r.openWith(1, func(a *callback.Alert) { a.Language = "de" })
		r.openWith(2, func(a *callback.Alert) { a.Language = "fr" })
		r.openWith(3, func(a *callback.Alert) { a.Language = "fr" })
		offer := func(agent, want string) *callback.Callback {
			w.Helper()
			cb, err := r.Offer(w.Context(), agent)
			require.NoError(w, err)
			require.Equal(w, want, cb.ID)
			require.Equal(w, callback.Reserved, cb.State)
			require.Equal(w, agent, cb.Holder.AgentID)
			return cb
		}
		cb := offer("amina", id(2))
		r.do(cb.ID, callback.Reject{AgentID: "amina", Token: cb.Holder.Token})
		offer("amina", id(3)) // what she declined is passed over
		// And left to the others at once.
		offer("bruno", id(1))
		offer("bruno", id(2))
		_, err := r.Offer(w.Context(), "bruno")
		require.ErrorIs(w, err, queue.ErrNoneReady)

		// Nothing is left but what she declined: that is not for her, for a while.
		w.hand.Advance(policy.ReservedLease)
		r.Expire(w.Context())
		_, err = r.Offer(w.Context(), "amina")
		require.ErrorIs(w, err, callback.ErrDeclined)
		r.got("amina", "q", id(2)) // who asks for it has it
		r.do(id(2), callback.Release{AgentID: "amina"})
		w.hand.Advance(policy.DeclinedFor)
		offer("amina", id(2))
	})
}

// countingFloor counts how often it is asked who is there.
type countingFloor struct {
	floor.Floor
	asked *atomic.Int64
}

func (f countingFloor) Seat(ctx context.Context, agent string) (floor.Seat, bool, error) {
	f.asked.Add(1)
	return f.Floor.Seat(ctx, agent)
}

func (f countingFloor) Seats(ctx context.Context) ([]floor.Seat, error) {
	f.asked.Add(1)
	return f.Floor.Seats(ctx)
}

// However many lines are kept for somebody, a claim asks once who is at their desk.
func TestAClaimReadsTheFloorOnce(t *testing.T) {
	everywhere(t, func(w *world) {
		var asked atomic.Int64
		r := w.replica(func(d *queue.Deps) { d.Floor = countingFloor{d.Floor, &asked} }).whole()
		const others = 40
		for n := range others {
			agent := fmt.Sprintf("agent-%d", n)
			_, _, err := w.floor.Sit(w.Context(), floor.Seat{Agent: agent, Status: floor.Available, Capacity: 1, Until: w.clock.Now().Add(time.Hour)})
			require.NoError(w, err)
			a := callback.Needs{Queue: "care", Preferred: agent}
			require.NoError(w, r.index.Apply(w.Context(), queue.Entry{
				ID: id(n), CustomerKey: key(n), Seq: 1, State: callback.Pending, Queue: "care", Line: a.Line(), OpenedAt: t0, ReadyAt: t0,
			}))
		}
		asked.Store(0)
		r.none("whoever", "1")
		require.EqualValues(w, 2, asked.Load(), "the agent's own seat, and everybody's, however many lines are kept for somebody")
		asked.Store(0)

		fitting := r.Fitting(w.Context())
		for n := range others {
			fit, err := fitting(fmt.Sprintf("agent-%d", n))
			require.NoError(w, err)
			lines, err := r.Lines(w.Context())
			require.NoError(w, err)
			require.Len(w, lines, others)
			for _, l := range lines {
				_, ok := fit(l.Queue, l.Line)
				require.Equal(w, l.First == id(n), ok)
			}
		}
		require.EqualValues(w, 1, asked.Load())
	})
}
