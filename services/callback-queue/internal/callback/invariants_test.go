package callback

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// invariants checks what must hold of every event, whatever led to it.
func (p *player) invariants(before Aggregate, ev Event) {
	p.hold(ev.Next.EventNo == before.EventNo+1, "event number %d after %d", ev.Next.EventNo, before.EventNo)
	p.hold(ev.Next.Seq == before.Seq && ev.Next.LastHash == before.LastHash, "the store's fields changed")
	p.hold(ev.At.Equal(p.now) && ev.Actor != "", "event without time or actor")
	p.hold(p.agg.CustomerKey == key, "another customer")
	p.takenOnce()
	p.uncalled(ev)
	if p.cb() == nil {
		p.hold(before.Callback == nil && ev.Type == EventAlertNoted, "the callback is gone")
		return
	}
	p.settings(before, ev)
	p.succession(before.Callback, ev)
	p.shape(p.cb())
}

// uncalled: nothing brings a customer nearer to a call who is not to be called.
func (p *player) uncalled(ev Event) {
	nearer := []EventType{EventOpened, EventReopened, EventOffered, EventAccepted, EventClaimed, EventAttemptStarted}
	p.hold(!p.listed || !slices.Contains(nearer, ev.Type), "%s of a customer who is not to be called", ev.Type)
	p.hold(p.listed || ev.Type != EventCanceled || ev.Actor != ActorDoNotCall, "forbidden without a reason")
}

// takenOnce: the memory of alerts is bounded, and holds each once.
func (p *player) takenOnce() {
	seen := map[string]bool{}
	for _, t := range p.agg.Taken {
		p.hold(!seen[t.AlertID], "alert %s is remembered twice", t.AlertID)
		seen[t.AlertID] = true
	}
	p.hold(len(seen) <= MaxTaken, "too many remembered")
}

// succession: what may follow what.
func (p *player) succession(old *Callback, ev Event) {
	cb := p.cb()
	if ev.Type == EventOpened {
		number := uint32(0)
		if old != nil {
			p.hold(old.State.Terminal(), "a second open callback")
			number = old.Number
		}
		p.hold(cb.Number == number+1 && cb.ID == ID(key, cb.Number), "number %d after %d", cb.Number, number)
		p.hold(cb.State == Pending && !cb.OpenedAt.After(p.now), "opened wrongly")
		return
	}
	p.hold(old != nil && cb.ID == old.ID && cb.Number == old.Number, "another callback")
	if ev.Type == EventReopened {
		p.reopened(old)
		return
	}
	if ev.About != "" {
		p.hold(ev.Type == EventFollowedUp && reflect.DeepEqual(cb, old), "%s of an earlier callback changed this one", ev.Type)
		return
	}
	if ev.Type == EventFollowUpAsked || ev.Type == EventFollowedUp {
		p.followed(old, ev)
		return
	}
	if old.State.Terminal() {
		waived := ev.Type == EventReasonWithdrawn && !old.NextAt.IsZero()
		p.hold(waived || cb == old && ev.Type == EventAlertNoted, "a closed callback changed")
		return
	}
	p.hold(cb.OpenedAt.Equal(old.OpenedAt), "the age was reset")
	worse := ev.Type == EventEnriched && old.State == Pending && cb.severity() > old.severity()
	p.hold(cb.Queue == old.Queue || ev.Type == EventTransferred || ev.Type == EventSLAEscalated || worse, "the queue changed by %s", ev.Type)
	p.hold(cb.Queue != old.Queue || ev.Type != EventTransferred, "the queue did not change")
	p.promises(old, ev)
	p.hold(cb.State == old.State || isArrow(old.State, cb.State), "no arrow from %s to %s", old.State, cb.State)
	p.hold(len(cb.Reasons) >= len(old.Reasons), "a reason was lost")
	p.sameHold(old.Holder, cb.Holder)
}

// followed: asking how it went, and the answer, change nothing else.
func (p *player) followed(old *Callback, ev Event) {
	was, now := *old, *p.cb()
	p.hold(ev.Type != EventFollowUpAsked || was.State == Completed && was.FollowUp.AskedAt.IsZero() && !now.FollowUp.AskedAt.IsZero(), "asked twice")
	p.hold(ev.Type != EventFollowedUp || now.Recovery != nil, "an answer without a recovery")
	for _, c := range []*Callback{&was, &now} {
		c.FollowUp, c.Recovery, c.UpdatedAt, c.SLA = nil, nil, time.Time{}, nil
	}
	p.hold(reflect.DeepEqual(was, now), "something else changed")
}

// reopened: a closed callback waits again, with all it had but its closing.
func (p *player) reopened(old *Callback) {
	cb := p.cb()
	p.hold(old.State.Terminal() && cb.State == Pending, "reopened from %s to %s", old.State, cb.State)
	worse := cb.severity() > old.severity()
	p.hold(cb.OpenedAt.Equal(old.OpenedAt) && (cb.Queue == old.Queue || worse), "the age or the queue changed")
	p.hold(len(cb.Reasons) >= len(old.Reasons) && len(cb.Attempts) == len(old.Attempts), "history was lost")
	p.hold(cb.Tries() == 0, "old tries count")
	p.hold(cb.Reopened.At.Equal(p.now) && !p.now.After(old.ClosedAt.Add(p.policy.ReopenWithin)), "reopened too late")
}

// sameHold: a hold passes from nobody to one agent and back to nobody.
func (p *player) sameHold(old, now *Holder) {
	switch {
	case now == nil:
	case old == nil:
		p.hold(now.Token == p.seq, "a new hold has the token %d of another commit", now.Token)
	default:
		p.hold(now.AgentID == old.AgentID && now.Token == old.Token, "the hold changed hands")
	}
}

func isArrow(from, to State) bool {
	for _, a := range arrows {
		if a.from == from && a.to == to {
			return true
		}
	}
	return false
}

// shape: what a callback in its state looks like.
func (p *player) shape(cb *Callback) {
	s := cb.State
	p.hold(s.Open() != s.Terminal(), "neither open nor closed")
	p.hold((cb.Holder != nil) == s.Held(), "held, or not, in %s", s)
	if s.Held() {
		p.hold(cb.Holder.AgentID != "" && cb.Holder.Token != 0, "a hold of nobody, or without a token")
		p.hold(!cb.Holder.LeaseExpiresAt.IsZero() || s == Wrapping, "a hold without an end in %s", s)
	}
	p.hold((cb.DueCommand() != nil) == !cb.DueAt().IsZero(), "a deadline that nobody takes")
	p.hold(cb.ReadyAt().IsZero() == (s != Pending), "ready in %s", s)
	// An overdue wrap-up has no timer: a timer would invent its outcome, or have the customer
	// called twice. It is anybody's to write, and buries nothing that came after the call.
	p.hold(s == Pending || !cb.DueAt().IsZero() || cb.WrapUpOverdue() || s.Terminal(), "neither claimable nor due")
	late := len(cb.unanswered()) > 0
	p.hold(!late || !cb.WrapUpOverdue(), "a complaint is buried under a wrap-up")
	p.hold(!late || s >= Attempting, "unanswered in %s", s)
	p.hold((late && s == Completed) == !cb.NextAt.IsZero(), "the next callback is owed in %s, or not", s)
	p.hold((cb.WrapUp != nil) == (s == Completed), "wrap-up in %s", s)
	p.hold(cb.FollowUp == nil || s == Completed, "a follow-up in %s", s)
	p.hold((cb.CancelReason != "") == (s == Canceled), "cancel reason in %s", s)
	p.hold(cb.ClosedAt.IsZero() == s.Open(), "closing time in %s", s)
	p.hold(cb.Priority >= 0 && cb.Priority <= 100 && cb.Priority == cb.urgencyOfAll(), "priority %d", cb.Priority)
	p.hold(s.Terminal() || cb.counting() > 0 || len(cb.Attempts) > 0 || cb.Reopened != nil, "open for no reason")
	p.hold(cb.Preferred == nil || s == Pending && cb.Preferred.AgentID != "" && !cb.Preferred.Until.Before(cb.ReadyAt()), "kept wrongly in %s", s)
	for i, slot := range cb.Slots {
		p.hold(slot.To.IsZero() || slot.To.After(slot.From), "a slot that ends before it begins")
		p.hold(i == 0 || !slot.From.Before(cb.Slots[i-1].From), "slots out of order")
	}
	p.hold(len(cb.Wish) <= MaxSlots, "a wish of %d slots", len(cb.Wish))
	p.hold(len(cb.Slots) <= MaxSlots && (s.Open() || late && s == Completed || cb.Slots == nil), "%d slots in %s", len(cb.Slots), s)
	p.hold(cb.UnattendedSince.IsZero() || s == Pending && !cb.ReadyAt().After(p.now), "unattended in %s", s)
	p.hold(len(cb.Declined) <= maxDeclined && (s.Open() || cb.Declined == nil), "declined by %d", len(cb.Declined))
	p.clocks(cb)
	p.attempts(cb)
}

// promises: nothing of the SLA is undone, and each thing happens once.
func (p *player) promises(old *Callback, ev Event) {
	was, now := old.SLA, p.cb().SLA
	for _, t := range []Target{FirstAttempt, Resolution} {
		a, b := was.clock(t), now.clock(t)
		p.hold(!a.promised() || b.promised(), "%s is not promised any more", t)
		tried := ev.Type == EventAttemptEnded && p.cb().lastAttempt().Outcome.counts()
		if t == FirstAttempt && (tried || !a.EndedAt.IsZero()) && b.running() {
			p.hold(slices.Contains([]EventType{EventLeaseExpired, EventAttemptEnded, EventEnriched, EventRequeued}, ev.Type), "begun anew by %s", ev.Type)
			continue // a further call is promised
		}
		told := slices.ContainsFunc(ev.SLA, func(o SLAOutcome) bool { return o.Target == t })
		p.hold(told == (!a.decided() && b.decided()), "%s: decided, or told", t)
		p.hold(a.BreachedAt.IsZero() || b.BreachedAt.Equal(a.BreachedAt), "%s: a breach was undone", t)
		p.hold(a.WarnedAt.IsZero() || b.WarnedAt.Equal(a.WarnedAt), "%s: a warning was undone", t)
		p.hold(a.EndedAt.IsZero() || *a == *b, "%s changed after its end", t)
		p.hold(!b.WarnedAt.Equal(p.now) || a.WarnedAt.Equal(p.now) || ev.Type == EventSLAWarned, "%s: warned by %s", t, ev.Type)
		p.hold(a.BreachedAt.IsZero() == b.BreachedAt.IsZero() || ev.Type == EventSLABreached || !b.EndedAt.IsZero(), "%s: missed by %s", t, ev.Type)
		p.hold(b.DueAt.After(a.DueAt) == false || !now.PausedUntil.IsZero() || !was.PausedUntil.IsZero() || !a.promised(), "%s was put off", t)
	}
	taken := 0
	for _, s := range now.Steps {
		if !s.TakenAt.IsZero() {
			taken++
		}
	}
	for _, s := range was.Steps {
		if !s.TakenAt.IsZero() {
			taken--
		}
	}
	p.hold(taken == 0 && ev.Type != EventSLAEscalated || taken == 1 && ev.Type == EventSLAEscalated, "%d steps taken by %s", taken, ev.Type)
}

// clocks: what they look like in every state.
func (p *player) clocks(cb *Callback) {
	p.hold(cb.FirstAttemptDue.Equal(cb.SLA.First.DueAt), "two moments for the first attempt")
	next, _ := cb.next()
	p.hold(cb.SLA.NextAt.Equal(next.at), "the next bell rings at another moment")
	for _, t := range []Target{FirstAttempt, Resolution} {
		k := cb.SLA.clock(t)
		p.hold(cb.State.Open() || !k.running(), "%s runs in %s", t, cb.State)
		p.hold(!k.Kept || k.BreachedAt.IsZero() && !k.EndedAt.IsZero() && !k.EndedAt.After(k.DueAt), "%s was not kept", t)
	}
	p.hold(cb.SLAState() == cb.SLA.standing(cb.State.Open()), "it stands otherwise")
	p.hold((cb.SLAState() != SLAKept) || cb.State.Terminal(), "kept in %s", cb.State)
	p.hold((cb.SLAState() != SLAOnTrack && cb.SLAState() != SLAAtRisk) || cb.State.Open(), "on its way in %s", cb.State)
}

// attempts: at most the last one runs, and only while attempting.
func (p *player) attempts(cb *Callback) {
	p.hold(len(cb.Attempts) <= MaxAttemptsKept, "too many attempts kept")
	for i := range cb.Attempts {
		a, last := &cb.Attempts[i], i == len(cb.Attempts)-1
		p.hold(a.Running() == (last && cb.State == Attempting), "attempt %d runs, or not", a.Number)
		p.hold(a.Running() == (a.Outcome == ""), "attempt %d ended without an outcome", a.Number)
		p.hold(i == 0 || a.Number > cb.Attempts[i-1].Number, "attempts out of order")
		p.hold(a.Token != 0, "an attempt outside a hold")
	}
	if last := cb.lastAttempt(); last != nil && cb.State == Pending && cb.Tries() >= p.policy.MaxAttempts {
		p.hold(last.Outcome == CallLater || last.Outcome == TechnicalFailure, "the policy was used up")
	}
}

// finish brings whatever is there to a close, as timers and a fresh agent would:
// no callback is ever stuck.
func (p *player) finish() {
	const fresh = "zoe"
	p.listed = false
	for range 40 {
		cb := p.cb()
		switch {
		case cb == nil || cb.State.Terminal() && cb.NextAt.IsZero():
			return
		case cb.State == Pending:
			p.now = p.policy.CallableAt(cb, later(p.now, cb.ReadyAt()))
			p.do(Claim{AgentID: fresh})
			p.do(StartAttempt{AgentID: fresh, Token: p.token()})
			p.do(EndAttempt{AgentID: fresh, Token: p.token(), Outcome: Reached})
		case cb.WrapUpOverdue():
			p.do(Complete{AgentID: fresh, Outcome: Resolved, RootCause: Dimensions[0] + "/damaged", Note: "y"})
		default:
			p.now = later(p.now, cb.DueAt())
			p.do(cb.DueCommand())
		}
	}
	p.hold(false, "stuck")
}

// Random stories hold every invariant, and can always be brought to a close.
func TestStories(t *testing.T) {
	t.Parallel()
	one := rapid.Custom(func(t *rapid.T) step {
		b := rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "bytes")
		return step{b[0], b[1], b[2], b[3]}
	})
	rapid.Check(t, func(rt *rapid.T) {
		var settings []func(testing.TB, *Policy)
		if rapid.Bool().Draw(rt, "strict") {
			settings = append(settings, strict)
		}
		play(t, rapid.SliceOfN(one, 1, 200).Draw(rt, "script"), settings...).finish()
	})
}

// Long stories of evenly spread steps, the same in each run. They lead to every
// event there is: else they would prove nothing about it.
func TestLongStories(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(4, 2))
	seen := map[EventType]int{}
	for n := range 200 {
		var settings []func(testing.TB, *Policy)
		if n%2 == 1 {
			settings = append(settings, strict)
		}
		script := make([]step, 150)
		for i := range script {
			n := random.Uint32()
			script[i] = step{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}
		}
		p := play(t, script, settings...)
		p.finish()
		for what, n := range p.seen {
			seen[what] += n
		}
	}
	for _, what := range []EventType{
		EventOpened, EventEnriched, EventReasonWithdrawn, EventAlertNoted, EventOffered, EventAccepted,
		EventRejected, EventOfferExpired, EventClaimed, EventAttemptStarted, EventAttemptEnded,
		EventCompleted, EventReleased, EventLeaseExpired, EventWrapUpOverdue, EventCanceled,
		EventReopened, EventRescheduled, EventTransferred, EventEscalated, EventAgentLost, EventPreferenceEnded,
		EventSLAWarned, EventSLABreached, EventSLAEscalated, EventSlotEnded,
		EventFollowUpAsked, EventFollowedUp, EventUnattended, EventAttended, EventRequeued,
	} {
		require.Greater(t, seen[what], 10, "stories that lead to %s", what)
	}
}

// Scripts that a fuzzer writes: four bytes a step.
func FuzzTransitions(f *testing.F) {
	const now = 4 // the who of amina with the present token
	f.Add([]byte{0, 0, 6, 0})
	f.Add([]byte{0, 0, 6, 0, 7, 0, 1, 0, 8, now + 2, 0, 0, 9, now + 2, 0, 0, 10, 0, 0, 0})
	f.Add([]byte{0, 0, 6, 0, 7, 0, 1, 0, 8, 0, 0, 0, 9, 0, 1, 0, 7, 1, 2, 5, 8, 1, 0, 0, 12, 0, 0, 5})
	f.Add([]byte{0, 0, 6, 0, 3, 0, 1, 0, 4, 0, 0, 0, 8, 0, 0, 0, 9, 0, 0, 0, 12, 0, 0, 5, 10, 1, 0, 0})
	f.Add([]byte{2, 0, 11, 0, 0, 0, 6, 0, 0, 0, 16, 0, 2, 0, 21, 0, 0, 0, 26, 0, 13, 0, 1, 0})
	f.Fuzz(func(t *testing.T, script []byte) {
		const longest = 4 * 120
		script = script[:min(len(script), longest)]
		play(t, steps(script)).finish()
		play(t, steps(script), strict).finish()
	})
}
