package queue_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/internal/donotcall"
)

// heeding is a replica with a list of its own, which is followed.
func (w *world) heeding(tasks ...func(*replica) func(context.Context) error) (*replica, *donotcall.List) {
	w.Helper()
	list := donotcall.New(w.bus, zap.NewNop())
	r := w.replica(func(d *queue.Deps) { d.DoNotCall = list })
	more := []func(context.Context) error{list.Follow}
	for _, t := range tasks {
		more = append(more, t(r))
	}
	r.ready(more...)
	w.until("the list is read", func() bool { return list.Ready() == nil })
	return r, list
}

func heed(r *replica) func(context.Context) error { return r.Heed }

// forbid puts pseudonyms on the list, by somebody who is no replica.
func (w *world) forbid(keys ...string) {
	w.Helper()
	_, err := donotcall.New(w.bus, zap.NewNop()).Apply(w.Context(), donotcall.Change{Keys: keys, Listed: true, At: w.clock.Now()})
	require.NoError(w, err)
}

func (w *world) knows(list *donotcall.List, key string) {
	w.Helper()
	w.until("the list is followed", func() bool { return list.Has(key) })
}

// openAs opens the n-th customer's callback, who is known by a further pseudonym.
func (r *replica) openAs(n int, alias string) {
	r.world.Helper()
	a := alert(n, "as-"+alias)
	a.Aliases = []string{alias}
	require.NoError(r.world, r.TakeAlert(r.world.Context(), a))
}

func (w *world) state(r *replica, n int) callback.State {
	w.Helper()
	return mustGet(w, r, id(n)).State
}

// Whoever is put on the list, by whatever they are known, is out of the queue soon: what
// waits, is offered or in hand. A call that is under way ends as ever, and is the last.
func TestWhoIsListedIsCalledNoMore(t *testing.T) {
	everywhere(t, func(w *world) {
		r, _ := w.heeding(heed)
		phone := key(1000)
		r.openAs(0, phone)
		r.open(1, 5)
		r.got("amina", "q-0", id(0))
		calling := r.got("amina", "q-1", id(1))
		r.do(id(1), callback.StartAttempt{AgentID: "amina", Token: calling.Holder.Token})
		offered, err := r.Offer(w.Context(), "bruno")
		require.NoError(w, err)
		require.Equal(w, id(2), offered.ID)
		w.forbid(phone, key(1), key(2), key(3))
		w.until("they are canceled", func() bool {
			return w.state(r, 0) == callback.Canceled && w.state(r, 2) == callback.Canceled && w.state(r, 3) == callback.Canceled
		})
		require.Equal(w, callback.Attempting, w.state(r, 1))
		require.Equal(w, callback.Pending, w.state(r, 4))
		cb, err := r.Do(w.Context(), id(1), callback.EndAttempt{AgentID: "amina", Token: calling.Holder.Token, Outcome: callback.NoAnswer})
		require.NoError(w, err)
		require.Equal(w, callback.Canceled, cb.State, "it is not tried again")
		require.Len(w, cb.Attempts, 1)
		r.got("chloe", "q-2", id(4))
		w.inLine()
	})
}

// Where nobody goes through what is open, who would call finds out, and has the next.
func TestWhoWouldCallHeedsTheList(t *testing.T) {
	everywhere(t, func(w *world) {
		r, list := w.heeding()
		r.open(0, 6)
		held := r.got("amina", "q-0", id(0))
		offered, err := r.Offer(w.Context(), "bruno")
		require.NoError(w, err)
		require.Equal(w, id(1), offered.ID)
		w.forbid(key(0), key(1), key(2), key(4))
		w.knows(list, key(4))
		w.knows(list, key(0))
		w.knows(list, key(1))
		w.knows(list, key(2))
		_, err = r.Do(w.Context(), id(0), callback.StartAttempt{AgentID: "amina", Token: held.Holder.Token})
		require.ErrorIs(w, err, callback.ErrDoNotCall)
		_, err = r.Do(w.Context(), id(1), callback.Accept{AgentID: "bruno", Token: offered.Holder.Token})
		require.ErrorIs(w, err, callback.ErrDoNotCall)
		r.got("amina", "q-1", id(3))
		next, err := r.Offer(w.Context(), "bruno")
		require.NoError(w, err)
		require.Equal(w, id(5), next.ID)
		for _, n := range []int{0, 1, 2, 4} {
			require.Equal(w, callback.Canceled, w.state(r, n))
		}
		_, err = r.Do(w.Context(), id(0), callback.Reopen{Reason: "r", By: "sam"})
		require.ErrorIs(w, err, callback.ErrDoNotCall)
		w.inLine()
	})
}

func TestAnAlertOfWhoIsListedOpensNothing(t *testing.T) {
	t.Parallel()
	w := inMemory(t)
	w.forbid(key(0), key(1000))
	r, _ := w.heeding()
	require.NoError(t, r.TakeAlert(t.Context(), alert(0, "a")))
	r.openAs(1, key(1000))
	require.NoError(t, r.TakeAlert(t.Context(), alert(0, "a")), "again")
	for n := range 2 {
		_, err := r.Get(t.Context(), id(n))
		require.ErrorIs(t, err, callback.ErrNoCallback)
	}
	// One who is found to be listed by what another answer knows of them.
	r.open(2, 3)
	r.openAs(2, key(1000))
	require.Equal(t, callback.Canceled, w.state(r, 2))
}

// What was listed while nobody was there is heeded by who comes.
func TestAListThatChangedMeanwhile(t *testing.T) {
	everywhere(t, func(w *world) {
		w.replica().whole().open(0, 3)
		w.forbid(key(1))
		r, _ := w.heeding(heed)
		w.until("it is canceled", func() bool { return w.state(r, 1) == callback.Canceled })
		require.Equal(w, callback.Pending, w.state(r, 0))
		w.inLine()
	})
}

func TestUntilTheListIsReadNobodyIsCalled(t *testing.T) {
	t.Parallel()
	w := inMemory(t)
	list := donotcall.New(w.bus, zap.NewNop())
	r := w.replica(func(d *queue.Deps) { d.DoNotCall = list }).whole()
	_, err := r.claim("amina", "q")
	require.ErrorIs(t, err, queue.ErrNoneReady, "there is nothing that the list could be about")
	require.ErrorIs(t, r.TakeAlert(t.Context(), alert(0, "a")), queue.ErrListLoading)
	w.replica().whole().open(0, 1)
	_, err = r.claim("amina", "q")
	require.ErrorIs(t, err, queue.ErrListLoading)
}

// A customer who asks an agent is listed under all they are known by, before anything
// else: what is cut off is done by asking again.
func TestACustomerAsksAnAgent(t *testing.T) {
	t.Parallel()
	w := inMemory(t)
	r, list := w.heeding()
	phone := key(1000)
	r.openAs(0, phone)
	cb, err := r.Forbid(t.Context(), id(0), "sam")
	require.NoError(t, err)
	require.Equal(t, []any{callback.Canceled, "sam"}, []any{cb.State, cb.ClosedBy})
	require.True(t, list.Has(key(0)) && list.Has(phone), "known at once")
	why, err := list.Check(t.Context(), []string{phone})
	require.NoError(t, err)
	require.Equal(t, []any{true, "sam", id(0)}, []any{why.GetListed(), why.GetBy(), why.GetCallbackId()})
	again, err := r.Forbid(t.Context(), id(0), "sam")
	require.NoError(t, err)
	require.Equal(t, cb, again)

	r.open(1, 2)
	held := r.got("amina", "q", id(1))
	r.do(id(1), callback.StartAttempt{AgentID: "amina", Token: held.Holder.Token})
	cb, err = r.Forbid(t.Context(), id(1), "amina")
	require.NoError(t, err)
	require.Equal(t, callback.Attempting, cb.State)
	r.do(id(1), callback.EndAttempt{AgentID: "amina", Token: held.Holder.Token, Outcome: callback.Refused})
	done := r.do(id(1), callback.Complete{AgentID: "amina", Token: held.Holder.Token, Outcome: callback.Unresolved, RootCause: "x", Note: "never again"})
	require.Equal(t, callback.Completed, done.State)

	_, err = r.Forbid(t.Context(), id(9), "sam")
	require.ErrorIs(t, err, callback.ErrNoCallback)
	var invalid *callback.ValidationError
	_, err = r.Forbid(t.Context(), id(1), "no agent")
	require.ErrorAs(t, err, &invalid)

	w.state(r, 0)
	r.open(2, 3)
	stuck := errors.New("the disk is full")
	broken := w.replica(func(d *queue.Deps) { d.DoNotCall = refusing{list, stuck} })
	_, err = broken.Forbid(t.Context(), id(2), "sam")
	require.ErrorIs(t, err, stuck)
	require.Equal(t, callback.Pending, w.state(r, 2), "nothing was done")
}

// refusing is a list that takes no change.
type refusing struct {
	*donotcall.List
	err error
}

func (r refusing) Apply(context.Context, donotcall.Change) (int, error) { return 0, r.err }
