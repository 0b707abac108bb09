package rehearsal

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/alert"
	"github.com/rappel-loop/rappel/services/alerting/internal/history"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

// held is an alert whose callback a fallback holds back. It is kept in mind for as long as it
// may be asked for afterwards, at some 1,000 bytes.
type held struct {
	alert *eventsv1.AlertRaised // of its answer only what is asked of it later
	at    time.Time
	by    *course // nil, as is alert, once it is not held back any more
}

// request opens the callback that a rule asks for under the fallbacks that apply, or returns
// the one that holds it back.
func (r *Rehearsal) request(side int, one *rule.Rule, e *eventsv1.ResponseScored, at time.Time) *course {
	f := r.sides[side].fallbacks
	if f == nil {
		r.call(side, one, one.Callback.GetQueue(), e, at)
		return nil
	}
	plan, by := one.Under(one.Applying(f.applies))
	if plan == nil {
		c := f.byName[by.Name]
		f.hold(c, &eventsv1.AlertRaised{
			AlertId: alert.ID(one.Name, e.GetReceived().GetResponse().GetSurvey(), e.GetReceived().GetResponse().GetId()),
			Rule:    one.Name, RaisedAt: timestamppb.New(at), ResolvesAfter: one.ResolvesAfter, Fallback: c.Name, Scored: brief(e),
		})
		return c
	}
	opened := r.call(side, one, plan.GetQueue(), e, at)
	if by != nil && plan.GetQueue() != one.Callback.GetQueue() {
		f.byName[by.Name].elsewhere += opened
	}
	return nil
}

// brief is what is kept in mind of an answer: none of what it says.
func brief(e *eventsv1.ResponseScored) *eventsv1.ResponseScored {
	received, response := e.GetReceived(), e.GetReceived().GetResponse()
	return &eventsv1.ResponseScored{Received: &eventsv1.ResponseReceived{
		CustomerKey: received.GetCustomerKey(), AliasKeys: received.GetAliasKeys(), Revision: received.GetRevision(),
		Response: &eventsv1.Response{
			Survey: response.GetSurvey(), Id: response.GetId(), CallbackRequested: response.GetCallbackRequested(), CallbackId: response.GetCallbackId(),
		},
	}}
}

// hold keeps in mind that a fallback holds back an alert from now on, and forgets what it has
// held back for too long, or too much of.
func (f *fallbacks) hold(c *course, raised *eventsv1.AlertRaised) {
	one, of := &held{alert: raised, at: f.now, by: c}, history.Response(raised.GetScored())
	c.held, f.held[of] = append(c.held, one), append(f.held[of], one)
	c.holds++
	f.trim(c)
}

func (f *fallbacks) trim(c *course) {
	for len(c.held) > 0 {
		first := c.held[0]
		if first.by != nil && c.holds <= alert.MostHeld && f.now.Sub(first.at) <= alert.HeldFor {
			break
		}
		if first.by != nil {
			f.letGo(first)
		}
		c.held = c.held[1:]
	}
	if len(c.held) >= 2*alert.MostHeld { // after as many again, at the earliest
		c.held = slices.DeleteFunc(c.held, func(one *held) bool { return one.by == nil })
	}
}

// letGo forgets that an alert is held back, which is.
func (f *fallbacks) letGo(one *held) {
	of := history.Response(one.alert.GetScored())
	one.by.holds--
	one.by, one.alert = nil, nil
	if left := slices.DeleteFunc(f.held[of], func(h *held) bool { return h == one }); len(left) > 0 {
		f.held[of] = left
	} else {
		delete(f.held, of)
	}
}

// revised decides anew what was held back of a response that comes again: a rule that still
// fires asks like any other, and what has lapsed is over.
func (r *Rehearsal) revised(side int, e *eventsv1.ResponseScored, h *rule.History, at time.Time) {
	f, set := r.sides[side].fallbacks, r.sides[side].set
	if f == nil || len(f.held) == 0 {
		return
	}
	all := f.held[history.Response(e)]
	if len(all) == 0 {
		return
	}
	events, _, _ := alert.Decide(set, e, h) // memory has no errors
	for _, one := range slices.Clone(all) {
		i := slices.IndexFunc(events, func(e alert.Event) bool { return one.by != nil && e.Rule == one.alert.GetRule() })
		if i < 0 { // the rule fails on it, or others have taken its place meanwhile
			continue
		}
		f.letGo(one)
		raised, is := events[i].Body.(*eventsv1.AlertRaised)
		if is && raised.GetHeldBack() == eventsv1.AlertRaised_HELD_BACK_UNSPECIFIED && !r.listed(e) {
			r.request(side, set.Rule(raised.GetRule()), e, at)
		}
	}
}

// afterwards asks for what a fallback held back that ends now, if it says so. It decides as the
// live path does, of what the rehearsal knows.
func (r *Rehearsal) afterwards(side int, c *course, now time.Time) {
	f, set := r.sides[side].fallbacks, r.sides[side].set
	f.trim(c)
	if !c.CallAfterwards {
		return
	}
	ended := &eventsv1.FallbackChanged{Name: c.Name, At: timestamppb.New(now)}
	all := c.held
	c.held = nil
	for _, one := range all {
		if one.by == nil {
			continue
		}
		was := one.alert
		f.letGo(one)
		e, ok := alert.Afterwards(set, was, ended, f.applies)
		over := was.GetResolvesAfter() != nil && !now.Before(was.GetRaisedAt().AsTime().Add(was.GetResolvesAfter().AsDuration()))
		if !ok || over {
			continue
		}
		lately, _ := alert.CalledLately(set, was, now, func(as *eventsv1.ResponseScored) rule.Past { return past{r, side, as} })
		if lately {
			continue
		}
		raised, of := e.Body.(*eventsv1.AlertRaised), set.Rule(e.Rule)
		by := f.byName[raised.GetFallback()]
		if raised.GetCallback() == nil {
			f.hold(by, raised)
			continue
		}
		opened := r.call(side, of, raised.GetCallback().GetQueue(), raised.GetScored(), now)
		c.afterwards += opened
		if by != nil && raised.GetCallback().GetQueue() != of.Callback.GetQueue() {
			by.elsewhere += opened
		}
	}
}
