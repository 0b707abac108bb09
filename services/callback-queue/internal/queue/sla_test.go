package queue_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// escalating promises an attempt within an hour, with a warning, and escalates
// twice.
func escalating(d *queue.Deps) {
	d.Policy.SLAs = []callback.SLAPolicy{{
		Name: "gold", FirstAttemptWithin: time.Hour, ResolvedWithin: 3 * time.Hour, WarnAt: 0.5,
		Steps: []callback.Step{
			{Target: callback.FirstAttempt, Since: callback.Warning, After: 10 * time.Minute, Points: 20},
			{Target: callback.FirstAttempt, Since: callback.Breach, After: 10 * time.Minute, Queue: "experts", Role: "lead"},
		},
	}}
}

// Every bell of every callback rings once, whatever number of replicas watch,
// one of which is replaced meanwhile.
func TestEachBellOfTheSLARingsOnce(t *testing.T) {
	everywhere(t, func(w *world) {
		const callbacks = 40
		r := w.replica(escalating).ready()
		for n := range callbacks {
			a := alert(n, "a")
			a.RaisedAt = t0
			require.NoError(w, r.TakeAlert(w.Context(), a))
		}
		take := func() string { // one is in hand all the while: nothing moves that
			cb, err := r.Claim(w.Context(), queue.ClaimRequest{AgentID: "amina"})
			require.NoError(w, err)
			return cb.ID
		}
		held := take()
		others := []*replica{w.replica(escalating), w.replica(escalating), w.replica(escalating)}
		for step := range 4 * 60 / 5 {
			w.hand.Advance(5 * time.Minute)
			if step == 12 { // between the breach and the move
				others[0] = w.replica(escalating)
			}
			if step%2 == 0 {
				r.do(held, callback.Release{AgentID: "amina"})
				held = take()
			}
			var wg sync.WaitGroup
			for _, other := range others {
				wg.Go(func() { other.Expire(w.Context()) })
			}
			wg.Wait()
		}
		r.do(held, callback.Release{AgentID: "amina"})
		r.Expire(w.Context())
		rung := map[string]map[eventsv1.CallbackEvent_Type]int{}
		w.eachEvent(func(e *eventsv1.CallbackEvent, _ bus.Delivery) {
			if rung[e.GetCustomerKey()] == nil {
				rung[e.GetCustomerKey()] = map[eventsv1.CallbackEvent_Type]int{}
			}
			rung[e.GetCustomerKey()][e.GetType()]++
		})
		for n := range callbacks {
			got := rung[key(n)]
			require.Equal(w, 2, got[eventsv1.CallbackEvent_SLA_WARNED], "%d", n)
			require.Equal(w, 2, got[eventsv1.CallbackEvent_SLA_BREACHED], "%d", n)
			require.Equal(w, 2, got[eventsv1.CallbackEvent_SLA_ESCALATED], "%d", n)
			cb, err := r.Get(w.Context(), id(n))
			require.NoError(w, err)
			require.Equal(w, []any{"experts", "lead", 20, t0}, []any{cb.Queue, cb.Escalated.Role, cb.Escalated.Points, cb.OpenedAt})
		}
		states, err := r.States(w.Context())
		require.NoError(w, err)
		require.Equal(w, []int{0, callbacks}, []int{states[0].AtRisk, states[0].Breached}, "all are in one queue")
		w.inLine()
	})
}

// A process that was away for the whole of it rings what is due when it is back,
// in order.
func TestBellsThatAreLongPastRingAtOnce(t *testing.T) {
	everywhere(t, func(w *world) {
		stop := w.replica(escalating)
		stop.whole().open(0, 1)
		w.hand.Advance(24 * time.Hour)
		r := w.replica(escalating)
		r.Expire(w.Context())
		var types []eventsv1.CallbackEvent_Type
		w.eachEvent(func(e *eventsv1.CallbackEvent, _ bus.Delivery) { types = append(types, e.GetType()) })
		require.Equal(w, []eventsv1.CallbackEvent_Type{
			eventsv1.CallbackEvent_OPENED, eventsv1.CallbackEvent_SLA_BREACHED, // too late to warn
			eventsv1.CallbackEvent_SLA_ESCALATED, eventsv1.CallbackEvent_SLA_ESCALATED, eventsv1.CallbackEvent_SLA_BREACHED,
		}, types)
		w.inLine()
	})
}

// A list of what is about to be missed, and of what was.
func TestCallbacksAreListedByHowTheirSLAStands(t *testing.T) {
	everywhere(t, func(w *world) {
		r := w.replica(escalating).ready()
		r.open(0, 3)
		w.hand.Advance(-20 * time.Minute) // opened an hour ago, but for some milliseconds
		late := alert(7, "a")
		late.RaisedAt = w.clock.Now()
		require.NoError(w, r.TakeAlert(w.Context(), late))
		w.hand.Advance(35 * time.Minute)
		for r.Expire(w.Context()) {
			// until nothing is due
		}
		list := func(s ...callback.SLAState) (ids []string) {
			cbs, _, err := r.List(w.Context(), queue.Filter{SLA: s}, "", 10)
			require.NoError(w, err)
			for _, cb := range cbs {
				ids = append(ids, cb.ID)
			}
			return ids
		}
		require.Equal(w, []string{id(0), id(1), id(2)}, list(callback.SLABreached))
		require.Equal(w, []string{id(7)}, list(callback.SLAAtRisk))
		require.Empty(w, list(callback.SLAOnTrack, callback.SLAKept))
	})
}
