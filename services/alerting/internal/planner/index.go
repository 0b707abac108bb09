package planner

import (
	"slices"
	"time"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/plan"
)

// index is everything that is planned on, so that a change finds the groups it touches. Not
// safe for concurrent use.
type index struct {
	cfg      *plan.Config
	alerts   map[string]*entry               // that stand, or that people know of
	silences map[string]plan.Silence         // that have not ended
	told     map[string]*eventsv1.GroupState // what people were told of groups, while it matters
	knows    map[string]map[string]bool      // alert id -> groups in which people know of it
	groups   map[string]*group               // by key
	explains []explanations                  // by inhibition
	dirty    map[string]bool                 // groups to look at
	due      agenda                          // groups to look at later
	holds    map[string]holding              // by silence, at a moment
	heldAt   time.Time                       // that moment
	swept    time.Time                       // when silences were last forgotten
	missing  map[string]bool                 // alerts that people know of, and that are to be found out about
}

type holding struct {
	hold plan.Hold
	is   bool
}

// entry is an alert. It is nil of one that there is no more.
type entry struct {
	alert    *eventsv1.AlertState
	silenced []string    // the silences that match it
	sides    []plan.Side // what it is to each inhibition; none while it does not stand
	groups   []string    // that it stands in
}

// group is the alerts that a route puts together.
type group struct {
	route  *plan.Route
	labels map[string]string
	member map[string]*entry
	next   time.Time // when it is looked at again; zero for never
	queued time.Time // the last entry on the agenda
	seen   Standing
}

// Standing is how a group stood when it was last looked at.
type Standing struct {
	Severity             eventsv1.Severity
	Firing, Acknowledged int
}

func newIndex(c *plan.Config) *index {
	x := &index{
		alerts: map[string]*entry{}, silences: map[string]plan.Silence{}, told: map[string]*eventsv1.GroupState{},
		knows: map[string]map[string]bool{}, dirty: map[string]bool{}, missing: map[string]bool{}, holds: map[string]holding{},
	}
	x.begin(c)
	return x
}

// begin empties what depends on the configuration.
func (x *index) begin(c *plan.Config) {
	x.cfg, x.groups, x.due = c, map[string]*group{}, nil
	x.explains = make([]explanations, len(c.Inhibit))
	for i := range x.explains {
		x.explains[i] = explanations{by: map[string]sources{}, held: map[string]map[string]bool{}}
	}
}

// setConfig puts every alert into its groups anew.
func (x *index) setConfig(c *plan.Config) {
	x.begin(c)
	for _, e := range x.alerts {
		e.groups, e.sides = nil, nil
		x.join(e)
	}
	for key, state := range x.told {
		x.dirty[key] = true
		x.ensure(key, state)
	}
}

// ensure makes a group of which people know something, though no alert of it stands. Where
// its route is no more, nobody is to be told.
func (x *index) ensure(key string, state *eventsv1.GroupState) {
	if x.groups[key] == nil {
		if r := x.cfg.Route(state.GetRoute()); r != nil {
			x.groups[key] = &group{route: r, labels: state.GetLabels(), member: map[string]*entry{}}
		}
	}
}

// setAlert takes an alert as it is now.
func (x *index) setAlert(a *eventsv1.AlertState) {
	id := a.GetId()
	e := x.alerts[id]
	switch {
	case e == nil:
		e = &entry{}
	case e.alert.GetChanges() > a.GetChanges():
		return // it was found out about since
	default:
		x.leave(e)
	}
	e.alert = a
	stands := plan.Stands(a)
	if !stands && len(x.knows[id]) == 0 {
		delete(x.alerts, id)
		return
	}
	x.alerts[id] = e
	x.match(e)
	if stands {
		x.join(e)
	}
	x.touch(id)
}

// touch has all groups looked at in which people know of an alert.
func (x *index) touch(id string) {
	for key := range x.knows[id] {
		x.dirty[key] = true
	}
}

// found takes what was found out about an alert that people know of; nil is nothing.
func (x *index) found(id string, a *eventsv1.AlertState) {
	delete(x.missing, id)
	if x.alerts[id] != nil {
		return // it was heard of meanwhile
	}
	if a == nil {
		x.alerts[id] = &entry{}
		x.touch(id)
		return
	}
	x.setAlert(a)
}

// join puts a standing alert into its groups, and among those that explain others.
func (x *index) join(e *entry) {
	if e.alert == nil || !plan.Stands(e.alert) {
		return
	}
	a := e.alert
	e.sides = make([]plan.Side, len(x.cfg.Inhibit))
	for i, inhibition := range x.cfg.Inhibit {
		e.sides[i] = inhibition.Side(a.GetLabels())
		x.explain(i, a.GetId(), e.sides[i], true)
	}
	e.groups = nil
	if !a.GetNotify() {
		return
	}
	for _, r := range x.cfg.Takers(a.GetLabels()) {
		key, labels := r.Key(a.GetId(), a.GetLabels())
		if x.groups[key] == nil {
			x.groups[key] = &group{route: r, labels: labels, member: map[string]*entry{}}
		}
		x.groups[key].member[a.GetId()] = e
		e.groups = append(e.groups, key)
		x.dirty[key] = true
	}
}

// leave takes an alert out of all that join put it into.
func (x *index) leave(e *entry) {
	if e.alert == nil {
		return
	}
	for i, side := range e.sides {
		x.explain(i, e.alert.GetId(), side, false)
	}
	for _, key := range e.groups {
		x.dirty[key] = true
		if g := x.groups[key]; g != nil {
			delete(g.member, e.alert.GetId())
		}
	}
	e.groups, e.sides = nil, nil
}

// setTold takes what people know of a group now.
func (x *index) setTold(key string, state *eventsv1.GroupState) {
	if was := x.told[key]; was.GetNumber() > state.GetNumber() {
		return
	}
	for _, entry := range x.told[key].GetFiring() {
		x.unknow(plan.AlertID(entry), key)
	}
	x.told[key] = state
	for _, entry := range state.GetFiring() {
		id := plan.AlertID(entry)
		if x.knows[id] == nil {
			x.knows[id] = map[string]bool{}
		}
		x.knows[id][key] = true
	}
	x.ensure(key, state)
	x.dirty[key] = true
}

// unknow forgets that people know of an alert in a group, and the alert where that was all
// that it was kept for.
func (x *index) unknow(id, key string) {
	delete(x.knows[id], key)
	if len(x.knows[id]) > 0 {
		return
	}
	delete(x.knows, id)
	if e := x.alerts[id]; e != nil && (e.alert == nil || !plan.Stands(e.alert)) {
		delete(x.alerts, id)
	}
}

// setSilence takes a silence as it is now; nil is one that has ended.
func (x *index) setSilence(id string, s *plan.Silence) {
	delete(x.holds, id)
	_, known := x.silences[id]
	if s == nil && !known {
		return
	}
	if s != nil {
		x.silences[id] = *s
	} else {
		delete(x.silences, id)
	}
	for _, e := range x.alerts {
		if e.alert == nil {
			continue
		}
		was := slices.Index(e.silenced, id)
		is := s != nil && s.Match.Pick(e.alert.GetLabels())
		switch {
		case was >= 0 && !is:
			e.silenced = slices.Delete(e.silenced, was, was+1)
		case was < 0 && is:
			e.silenced = append(e.silenced, id)
		}
		if was >= 0 || is {
			x.touchEntry(e)
		}
	}
}

func (x *index) touchEntry(e *entry) {
	for _, key := range e.groups {
		x.dirty[key] = true
	}
	x.touch(e.alert.GetId())
}

// match finds the silences that match an alert.
func (x *index) match(e *entry) {
	e.silenced = nil
	for id, s := range x.silences {
		if s.Match.Pick(e.alert.GetLabels()) {
			e.silenced = append(e.silenced, id)
		}
	}
}

// sweepEvery is how often it is looked for silences that have ended.
const sweepEvery = time.Minute

// forgetSilences forgets those that hold nothing back any more.
func (x *index) forgetSilences(now time.Time) {
	if now.Sub(x.swept) < sweepEvery {
		return
	}
	x.swept = now
	for id, s := range x.silences {
		if _, ever := s.Window.Next(now); !ever {
			x.setSilence(id, nil)
		}
	}
}

// silencedNow are the holds of an alert's silences at this moment.
func (x *index) silencedNow(e *entry, now time.Time) []plan.Hold {
	if !x.heldAt.Equal(now) {
		x.heldAt = now
		clear(x.holds)
	}
	var out []plan.Hold
	for _, id := range e.silenced {
		h, known := x.holds[id]
		if !known {
			s := x.silences[id]
			h.hold, h.is = s.Now(now)
			x.holds[id] = h
		}
		if h.is {
			out = append(out, h.hold)
		}
	}
	return out
}

// held is what holds an alert back at this moment, but the hours of its route.
func (x *index) held(e *entry, now time.Time) []plan.Hold {
	out := x.silencedNow(e, now)
	for i, side := range e.sides {
		if side.Held && x.explains[i].any(side) {
			out = append(out, plan.Hold{Reason: plan.Inhibited})
		}
	}
	return out
}

// decideAll looks at the groups that changed or are due, and returns those about which
// something is to be stored now, and the alerts that must be found out about first.
func (x *index) decideAll(now time.Time) (store, missing []string) {
	x.due.reached(now, func(key string, at time.Time) {
		g := x.groups[key]
		if g == nil {
			return
		}
		if g.queued.Equal(at) {
			g.queued = time.Time{}
		}
		if g.next.Equal(at) {
			x.dirty[key] = true
		}
	})
	for _, key := range sorted(x.dirty) {
		delete(x.dirty, key)
		g := x.groups[key]
		if g == nil {
			x.forget(key, now)
			continue
		}
		g.next = time.Time{}
		v, known := x.decide(key, g, x.told[key], now)
		switch {
		case !known:
			x.dirty[key] = true // it is looked at again once that is found out
		case v.Store != nil:
			g.next = now
			store = append(store, key)
		default:
			x.schedule(key, g, v.Next, now)
		}
	}
	return store, sorted(x.missing)
}

// decideOn decides about a group on what people were told; nil is that there is nothing to
// store.
func (x *index) decideOn(key string, told *eventsv1.GroupState, now time.Time) *eventsv1.GroupNotified {
	g := x.groups[key]
	if g == nil {
		return nil
	}
	v, known := x.decide(key, g, told, now)
	if !known {
		return nil
	}
	return v.Store
}

// decide works out what is to be done about a group; known is false where an alert must be
// found out about first.
func (x *index) decide(key string, g *group, told *eventsv1.GroupState, now time.Time) (v plan.Verdict, known bool) {
	p := &plan.Group{Key: key, Route: g.route, Labels: g.labels, Standing: make([]plan.Member, 0, len(g.member))}
	g.seen = Standing{}
	for _, e := range g.member {
		p.Standing = append(p.Standing, plan.Member{Alert: e.alert, Held: x.held(e, now)})
		g.seen.Severity = max(g.seen.Severity, plan.SeverityOf(e.alert))
		if e.alert.GetState() == eventsv1.AlertState_ACKNOWLEDGED {
			g.seen.Acknowledged++
		} else {
			g.seen.Firing++
		}
	}
	known = true
	p.Lookup = func(id string) (plan.Member, bool) {
		e := x.alerts[id]
		if e == nil {
			x.missing[id], known = true, false
			return plan.Member{}, false
		}
		if e.alert == nil {
			return plan.Member{}, false
		}
		return plan.Member{Alert: e.alert, Held: x.silencedNow(e, now)}, true
	}
	return plan.Decide(p, told, now), known
}

// heldBack is how many of a group's standing alerts are held back at this moment, by the hours
// of its route, too.
func (x *index) heldBack(g *group, now time.Time) (n int) {
	if _, muted := g.route.MutedAt(now); muted {
		return len(g.member)
	}
	for _, e := range g.member {
		if len(x.held(e, now)) > 0 {
			n++
		}
	}
	return n
}

// schedule looks at a group again when its time comes, and forgets it when there is nothing
// left of it.
func (x *index) schedule(key string, g *group, next, now time.Time) {
	if len(g.member) == 0 && !x.told[key].GetOpen() {
		if next = x.told[key].GetNotifiedAt().AsTime().Add(g.route.Interval); !next.After(now) {
			delete(x.groups, key)
			x.forget(key, now)
			return
		}
	}
	g.next = next
	if !next.IsZero() && !next.Equal(g.queued) {
		g.queued = next
		x.due.add(key, next)
	}
}

// forget forgets what people were told of a group that is closed, once that matters no more.
func (x *index) forget(key string, now time.Time) {
	if s := x.told[key]; s != nil && !s.GetOpen() && (x.groups[key] == nil || now.Sub(s.GetNotifiedAt().AsTime()) > longestInterval) {
		delete(x.told, key)
	}
}
