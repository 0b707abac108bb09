package planner

import (
	"cmp"
	"slices"
	"time"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/plan"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// Group is a group as callers see it.
type Group struct {
	Key    string
	Route  string
	Labels map[string]string
	Standing
	// HeldBack is how many of the alerts are held back at this moment.
	HeldBack int
	// Told is what people know; nil is nothing.
	Told *eventsv1.GroupState
	// Next is when they are told next, as things stand; zero for never.
	Next time.Time
}

// Groups are those in which alerts stand, or people know of some: the worst first, then by
// their keys. It returns those of one route, or of all where that is empty.
func (p *Planner) Groups(route string) []Group {
	now := p.deps.Clock.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drain(now)
	var out []Group
	for key, g := range p.index.groups {
		told := p.index.told[key]
		if route != "" && g.route.Name != route || len(g.member) == 0 && !told.GetOpen() {
			continue
		}
		if p.index.dirty[key] {
			v, _ := p.index.decide(key, g, told, now) // it is still dirty: this only looks
			if g.next = v.Next; v.Store != nil {
				g.next = now
			}
		}
		out = append(out, Group{Key: key, Route: g.route.Name, Labels: g.labels, Standing: g.seen, HeldBack: p.index.heldBack(g, now), Told: told, Next: g.next})
	}
	slices.SortFunc(out, func(a, b Group) int { return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Key, b.Key)) })
	return out
}

// Count is how many groups there are.
func (p *Planner) Count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.index.groups)
}

// Firing are the alerts of a group that stand and nobody looks after, by their ids; ok is
// false where there is no such group.
func (p *Planner) Firing(key string) (alerts []*eventsv1.AlertState, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drain(p.deps.Clock.Now())
	g := p.index.groups[key]
	if g == nil {
		return nil, false
	}
	for _, e := range g.member {
		if e.alert.GetState() == eventsv1.AlertState_FIRING {
			alerts = append(alerts, e.alert)
		}
	}
	slices.SortFunc(alerts, func(a, b *eventsv1.AlertState) int { return cmp.Compare(a.GetId(), b.GetId()) })
	return alerts, true
}

// Next is when Step has something to do, if nothing changes before; zero for never.
func (p *Planner) Next() (next time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, g := range p.index.groups {
		if !g.next.IsZero() && (next.IsZero() || g.next.Before(next)) {
			next = g.next
		}
	}
	return next
}

// Of is the keys of the groups that an alert is in, and why people are not told of it now.
func (p *Planner) Of(a *eventsv1.AlertState) (groups []string, held []*alertingv1.HeldBack) {
	now := p.deps.Clock.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drain(now)
	e := p.index.alerts[a.GetId()]
	if e == nil || e.alert == nil || !plan.Stands(e.alert) {
		return nil, nil
	}
	for _, h := range p.index.silencedNow(e, now) {
		held = append(held, heldBack(h))
	}
	for i, side := range e.sides {
		if by := p.index.explains[i].least(side); side.Held && by != "" {
			held = append(held, heldBack(plan.Hold{Reason: plan.Inhibited, By: by}))
		}
	}
	var muted []*alertingv1.HeldBack
	hours := 0
	for _, key := range e.groups {
		if h, is := p.index.groups[key].route.MutedAt(now); is {
			muted = append(muted, heldBack(h))
			hours++
		}
	}
	if hours == len(e.groups) { // else somebody is told
		held = append(held, muted...)
	}
	return slices.Clone(e.groups), held
}

func heldBack(h plan.Hold) *alertingv1.HeldBack {
	out := &alertingv1.HeldBack{By: h.By}
	switch h.Reason {
	case plan.Silenced:
		out.Reason = alertingv1.HeldBack_SILENCED
	case plan.Inhibited:
		out.Reason = alertingv1.HeldBack_INHIBITED
	case plan.Muted:
		out.Reason = alertingv1.HeldBack_MUTED
	}
	if !h.Until.IsZero() {
		out.Until = timestamppb.New(h.Until)
	}
	return out
}

// HoldFor is for how long an acknowledgement holds that does not say; 0 is for as long as
// the alert stands.
func (p *Planner) HoldFor(a *eventsv1.AlertState) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drain(p.deps.Clock.Now())
	return p.index.cfg.UnacknowledgeAfter(a.GetLabels())
}

// Silences counts, for each of some silences, the alerts that stand and that it keeps back at
// this moment. It looks at every alert that people could be told of.
func (p *Planner) Silences(several []plan.Silence) []uint32 {
	now := p.deps.Clock.Now()
	out := make([]uint32, len(several))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drain(now)
	for i := range several {
		if _, holds := several[i].Now(now); !holds {
			continue
		}
		for _, e := range p.index.alerts {
			if len(e.groups) > 0 && several[i].Match.Pick(e.alert.GetLabels()) {
				out[i]++
			}
		}
	}
	return out
}
