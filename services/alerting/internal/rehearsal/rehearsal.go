package rehearsal

import (
	"time"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/alert"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

// DefaultMostCustomers is how many customers are kept in mind, at some 135 bytes each.
const DefaultMostCustomers = 500_000

// Plan is what is rehearsed.
type Plan struct {
	// Draft is tried, Current is in force.
	Draft, Current *rule.Set
	// Staffing is who works, by queue.
	Staffing Staffing
	// Until is up to when windows of metric rules are judged; the last answer's time where it
	// is before that.
	Until time.Time
	// Examples is how many customers to name of each kind.
	Examples int
	// MostCustomers bounds how many are kept in mind; 0 is DefaultMostCustomers.
	MostCustomers int
}

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
}

// side is what one set of rules would have done.
type side struct {
	set       *rule.Set
	alerts    map[string]uint64 // by rule
	failures  map[string]uint64
	callbacks map[string]uint64 // by queue
	figures   *figures
}

// New returns a rehearsal of nothing yet.
func New(p Plan) *Rehearsal {
	if p.MostCustomers == 0 {
		p.MostCustomers = DefaultMostCustomers
	}
	r := &Rehearsal{plan: p, customers: newCustomers(p.MostCustomers)}
	for i, set := range []*rule.Set{p.Draft, p.Current} {
		r.sides[i] = side{set: set, alerts: map[string]uint64{}, failures: map[string]uint64{}, callbacks: map[string]uint64{}, figures: newFigures(set)}
	}
	return r
}

// Unreadable counts an event that is no scored response.
func (r *Rehearsal) Unreadable() {
	r.answers++
	r.unreadable++
}

// Take considers one scored response, in the stream's order. One that the live path would
// refuse is counted as unreadable.
func (r *Rehearsal) Take(e *eventsv1.ResponseScored) {
	if alert.Check(e) != nil {
		r.Unreadable()
		return
	}
	r.answers++
	at := e.GetReceived().GetReceivedAt().AsTime()
	if r.from.IsZero() || at.Before(r.from) {
		r.from = at
	}
	if at.After(r.to) {
		r.to = at
	}
	for i := range r.sides {
		r.take(i, e, at)
		r.sides[i].figures.take(e, r.to)
	}
}

func (r *Rehearsal) take(side int, e *eventsv1.ResponseScored, at time.Time) {
	s := &r.sides[side]
	began, failures := alert.Begun(s.set, e)
	for _, f := range failures {
		s.failures[f.Rule]++
	}
	for _, one := range began {
		s.alerts[one.Name]++
		if one.Callback != nil {
			r.call(side, one, e.GetReceived().GetCustomerKey(), at)
		}
	}
}

// call opens a callback, unless the customer has one that is open by then.
func (r *Rehearsal) call(side int, one *rule.Rule, customer string, at time.Time) {
	c, weight := r.customers.get(customer)
	if c == nil || c.openUntil[side] > at.Unix() {
		return
	}
	queue := one.Callback.GetQueue()
	c.openUntil[side] = at.Add(r.plan.Staffing.of(queue).openFor()).Unix()
	if c.rule[side] == "" {
		c.rule[side] = one.Name
	}
	r.sides[side].callbacks[queue] += weight
}
