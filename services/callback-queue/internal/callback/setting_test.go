package callback

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/whereabouts"
	"github.com/rappel-loop/rappel/services/internal/calendar"
)

// strict is what a deployment may ask for over and above: hours of customers and teams,
// times of day, a tree of causes, and limits of what may be given.
func strict(t testing.TB, p *Policy) {
	p.Zone, p.Locate = paris(t), whereabouts.Of
	p.Calling = &CallingHours{Week: week(t, map[string][]string{"mon-sat": {"09:00-20:00"}}), Holidays: true, Country: "FR"}
	p.QueueHours = map[string]calendar.Hours{"care": {Week: week(t, map[string][]string{"mon-fri": {"08:00-12:30", "13:30-19:00"}}), Zone: paris(t)}}
	for _, part := range []string{"09:00-12:00", "12:00-17:00", "17:00-20:00"} {
		p.TimesOfDay = append(p.TimesOfDay, week(t, map[string][]string{"mon-sun": {part}}))
	}
	p.RootCauses = RootCauses{{ID: Dimensions[0], Causes: []Cause{{ID: "damaged"}}}}
	p.Goodwill.Limits = map[string]GoodwillLimit{"agent": {Cents: 2000}, "lead": {Cents: 5000, Kinds: []string{"voucher"}}}
}

// places are where customers are, by their phone numbers, and by what they say.
var (
	phones = []string{"+33612345678", "+15145550123", "+351912345678", "", "+61412345678"}
	clocks = []string{"", "", "", "America/New_York", "nonsense"}
)

// close completes the wrap-up, with a cause that is allowed or not, and a gesture.
func (p *player) close(agent string, token uint64, o Outcome, what int) Complete {
	c := Complete{AgentID: agent, Token: token, Outcome: o, RootCause: "x", Note: "y"}
	if p.policy.RootCauses != nil && what%8 > 0 {
		c.RootCause = Dimensions[0] + "/damaged"
	}
	if p.role = ""; what%2 == 0 {
		c.Role = []string{"agent", "lead", "agent", "nobody"}[what/2%4]
		c.Gesture = Gesture{Kind: "voucher", Cents: int64(what) * 9}
		p.role = c.Role
	}
	return c
}

// settings: what holds under them of every event.
func (p *player) settings(before Aggregate, ev Event) {
	cb := p.cb()
	if slices.Contains([]EventType{EventOffered, EventClaimed, EventAttemptStarted}, ev.Type) {
		p.hold(calendar.Open(p.policy.Window(before.Callback.Needs()), ev.At), "%s out of hours", ev.Type)
	}
	if w := cb.WrapUp; ev.Type == EventCompleted && w.Outcome != Unreachable {
		p.hold(p.policy.RootCauses.choose(w.RootCause) == nil, "a cause that is none: %s", w.RootCause)
		given, limit := cb.GivenCents+w.Gesture.Cents, p.policy.Goodwill.Limits[p.role].Cents
		p.hold(len(p.policy.Goodwill.Limits) == 0 || w.Gesture.Cents == 0 || given <= limit, "%d given in all by %s", given, p.role)
	}
	if p.policy.Calling != nil && cb.State == Pending && len(cb.Attempts) > 0 && ev.Type == EventAttemptEnded && cb.lastAttempt().Outcome != CallLater {
		at := p.policy.CallableAt(cb, cb.ReadyAt())
		p.hold(at.Before(ev.At.AddDate(0, 3, 0)), "called again at %s only", at)
	}
}

// However often a callback is closed and opened again, and whoever gives: nobody gives more
// than their role may for all of it.
func TestGiftsAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		p := &player{story: in(t, Wrapping), seen: map[EventType]int{}}
		p.policy.Goodwill.Limits = map[string]GoodwillLimit{"agent": {Cents: 2000}, "lead": {Cents: 5000}}
		given := int64(0)
		for range rapid.IntRange(2, 8).Draw(rt, "times") {
			c := written
			c.Role = rapid.SampledFrom([]string{"agent", "lead"}).Draw(rt, "role")
			c.Gesture = Gesture{Kind: "voucher", Cents: rapid.Int64Range(1, 3000).Draw(rt, "cents")}
			if _, err := p.try(c); err != nil {
				p.hold(given+c.Gesture.Cents > p.policy.Goodwill.Limits[c.Role].Cents, "%d more is too much for %s after %d", c.Gesture.Cents, c.Role, given)
				continue
			}
			given += c.Gesture.Cents
			p.hold(given <= p.policy.Goodwill.Limits[c.Role].Cents, "%d given in all by %s", given, c.Role)
			for _, cmd := range []Command{Reopen{Reason: "again", By: "sam"}, Claim{AgentID: amina}, StartAttempt{AgentID: amina}, reached} {
				p.do(cmd)
			}
		}
	})
}
