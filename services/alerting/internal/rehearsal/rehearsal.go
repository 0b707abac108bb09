package rehearsal

import (
	"time"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/alert"
	"github.com/rappel-loop/rappel/services/alerting/internal/history"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

// DefaultMostCustomers is how many customers are kept in mind, at some 150 bytes each.
const DefaultMostCustomers = 500_000

// Plan is what is rehearsed.
type Plan struct {
	// Draft is tried, Current is in force.
	Draft, Current *rule.Set
	// Staffing is who works, by queue.
	Staffing Staffing
	// Since is from when on answers count; zero is from the first. Those of Reach before are
	// looked at (Look), of which nothing is missing from Whole on; zero is from the first seen.
	Since, Whole time.Time
	// Until is up to when windows of metric rules are judged; the last answer's time where it
	// is before that.
	Until time.Time
	// Examples is how many customers to name of each kind.
	Examples int
	// MostCustomers bounds how many are kept in mind; 0 is DefaultMostCustomers.
	MostCustomers int
	// Listed is whether one of the pseudonyms is on the list of who is not to be called; nil
	// is nobody.
	Listed func(keys ...string) bool
}

// Reach is how far back before the answers that count others have to be seen (Look): as far
// as a rule of either side looks.
func (p Plan) Reach() time.Duration {
	reach := time.Duration(0)
	if days := p.days(); days > 0 {
		reach = history.Span(days)
	}
	for _, set := range []*rule.Set{p.Draft, p.Current} {
		for _, m := range set.Metrics {
			reach = max(reach, m.Reach()+m.Window) // where a window begins amid a slot, all of that
		}
	}
	return reach
}

// days is how many days of a customer's answers are looked back on.
func (p Plan) days() int { return max(p.Draft.Days(), p.Current.Days()) }

// The two sides that are compared.
const (
	draft = iota
	current
	sides
)

// Rehearsal gathers what would have been. Not safe for concurrent use.
type Rehearsal struct {
	plan                Plan
	sides               [sides]side
	customers           *customers
	answers, unreadable uint64
	from, to            time.Time
	seen                *history.Store // nil where neither side asks about answers
	position            uint64         // of the event in hand, in the order they come
}

// side is what one set of rules would have done.
type side struct {
	set       *rule.Set
	alerts    map[string]uint64 // by rule
	failures  map[string]uint64
	callbacks map[string]uint64 // by queue
	figures   *figures
	fallbacks *fallbacks // nil where it has none
	heldBack  uint64
	forbidden uint64
}

// New returns a rehearsal of nothing yet.
func New(p Plan) *Rehearsal {
	if p.MostCustomers == 0 {
		p.MostCustomers = DefaultMostCustomers
	}
	r := &Rehearsal{plan: p, customers: newCustomers(p.MostCustomers)}
	if p.days() > 0 {
		r.seen = history.NewStore()
	}
	for i, set := range []*rule.Set{p.Draft, p.Current} {
		r.sides[i] = side{
			set: set, alerts: map[string]uint64{}, failures: map[string]uint64{}, callbacks: map[string]uint64{},
			figures: newFigures(set, p), fallbacks: newFallbacks(set, p.Staffing),
		}
	}
	return r
}

// Unreadable counts an event that is no scored response.
func (r *Rehearsal) Unreadable() {
	r.answers++
	r.unreadable++
}

// Look sees one scored response of before those that count.
func (r *Rehearsal) Look(e *eventsv1.ResponseScored) {
	if alert.Check(e) != nil {
		return
	}
	r.look(e)
	for i := range r.sides {
		r.sides[i].figures.look(e)
	}
}

func (r *Rehearsal) look(e *eventsv1.ResponseScored) {
	r.position++
	if r.seen != nil {
		at := e.GetReceived().GetReceivedAt().AsTime()
		r.seen.Add(e, r.position, at, at.Add(-history.Span(r.plan.days())))
	}
}

// Take considers one scored response, in the stream's order. One that the live path would
// refuse is counted as unreadable.
func (r *Rehearsal) Take(e *eventsv1.ResponseScored) {
	if alert.Check(e) != nil {
		r.Unreadable()
		return
	}
	r.look(e)
	r.answers++
	at := e.GetReceived().GetReceivedAt().AsTime()
	if r.from.IsZero() || at.Before(r.from) {
		r.from = at
	}
	if at.After(r.to) {
		r.to = at
	}
	for i := range r.sides {
		r.pass(i, r.to)
		r.take(i, e, at)
		r.sides[i].figures.take(e, r.to)
	}
}

func (r *Rehearsal) take(side int, e *eventsv1.ResponseScored, at time.Time) {
	s := &r.sides[side]
	var h *rule.History
	if s.set.AsksHistory() {
		h = rule.NewHistory(past{r, side, e}, alert.AsOf(e), s.set)
	}
	began, failures, _ := alert.Begun(s.set, e, h) // memory has no errors
	for _, f := range failures {
		s.failures[f.Rule]++
	}
	r.revised(side, e, h, at)
	var heldBack *course // the first that holds one back of this answer's: they would be one call
	for _, one := range began {
		if !one.Released {
			s.alerts[one.Name]++
		}
		if one.Callback == nil {
			continue
		}
		if by := r.asked(side, one, e, at); heldBack == nil {
			heldBack = by
		}
	}
	if heldBack != nil { // and unless another rule has called them
		heldBack.heldBack += r.customers.free(side, e.GetReceived().GetCustomerKey(), at)
	}
}

// asked opens the callback that a rule asks for, unless the customer is not to be called, or
// it is held back; it returns the fallback that does so, if it is one.
func (r *Rehearsal) asked(side int, one alert.Begin, e *eventsv1.ResponseScored, at time.Time) *course {
	s := &r.sides[side]
	switch {
	case one.HeldBack:
		s.heldBack += r.customers.weight // who is left out was never called
	case r.listed(e):
		s.forbidden++
	default:
		return r.request(side, one.Rule, e, at)
	}
	return nil
}

func (r *Rehearsal) listed(e *eventsv1.ResponseScored) bool {
	received := e.GetReceived()
	return r.plan.Listed != nil && (r.plan.Listed(received.GetCustomerKey()) || r.plan.Listed(received.GetAliasKeys()...))
}

// call opens a callback in a queue, unless the customer has one that is open by then: that
// takes the reason. It returns how many callbacks that one stands for.
func (r *Rehearsal) call(side int, one *rule.Rule, queue string, e *eventsv1.ResponseScored, at time.Time) uint64 {
	c, weight := r.customers.get(e.GetReceived().GetCustomerKey())
	if c == nil {
		return 0
	}
	if c.openUntil[side] > at.Unix() {
		if all := c.calls[side]; all != nil {
			all.last[0].severity = max(all.last[0].severity, one.Severity)
		}
		return 0
	}
	until := at.Add(r.plan.Staffing.of(queue).openFor())
	c.openUntil[side] = until.Unix()
	if r.sides[side].set.AsksHistory() {
		if c.calls[side] == nil {
			c.calls[side] = &calls{}
		}
		c.calls[side].open(call{at.UnixNano(), until.UnixNano(), history.Response(e), one.Severity})
	}
	if c.rule[side] == "" {
		c.rule[side] = one.Name
	}
	r.sides[side].callbacks[queue] += weight
	r.sides[side].fallbacks.opened(queue, weight)
	return weight
}
