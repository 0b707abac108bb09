package planner

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/alertstate"
	"github.com/rappel-loop/rappel/services/alerting/internal/plan"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/documents"
)

// Alerts are those that people are told of.
type Alerts interface {
	OnChange(l alertstate.Listener)
	Alerts() iter.Seq[*eventsv1.AlertState]
	Load(ctx context.Context, id string) (*eventsv1.AlertState, error)
	Ready() error
	Settle(ctx context.Context) error
}

var _ Alerts = (*alertstate.Book)(nil)

// Settled is what can be behind.
type Settled interface {
	Ready() error
	Settle(ctx context.Context) error
}

// Deps are what a Planner works with. All are required.
type Deps struct {
	Bus   *bus.Bus
	Log   *zap.Logger
	Clock clock.Clock
	// Alerts are heard of from New on: make the planner before they are followed.
	Alerts Alerts
	// Silences are those that Silence tells of.
	Silences Settled
	// Told is told of each notification that was decided here.
	Told func(kind eventsv1.Notification_Kind)
}

// longestInterval is how long what was said of a group that is closed can matter.
const longestInterval = 24 * time.Hour

// Planner plans and commits. Safe for concurrent use.
type Planner struct {
	deps  Deps
	table *documents.Table[*eventsv1.GroupNotified]

	in   inbox
	step sync.Mutex // held by the one Step at work

	mu    sync.Mutex
	index *index
}

// New returns a planner that tells nobody until Use says whom.
func New(d Deps) *Planner {
	p := &Planner{deps: d, index: newIndex(&plan.Config{})}
	p.in.clear()
	p.table = documents.New(documents.Options[*eventsv1.GroupNotified]{
		Bus: d.Bus, Log: d.Log, Stream: subject.Notifications, Subject: subject.Notification,
		New:     func() *eventsv1.GroupNotified { return &eventsv1.GroupNotified{} },
		Key:     func(e *eventsv1.GroupNotified) string { return e.GetGroup().GetKey() },
		Keep:    func(e *eventsv1.GroupNotified) bool { return e.GetGroup().GetOpen() },
		Changed: p.heard,
	})
	d.Alerts.OnChange(func(_ *eventsv1.AlertState, now *eventsv1.AlertChanged) { p.in.alert(now.GetAlert()) })
	return p
}

// Follow keeps what people were told in line with the stream until ctx ends, and returns nil
// then.
func (p *Planner) Follow(ctx context.Context) error { return p.table.Follow(ctx) }

// Ready is documents.ErrLoading until all that is planned on was read once.
func (p *Planner) Ready() error {
	return errors.Join(p.deps.Alerts.Ready(), p.deps.Silences.Ready(), p.table.Ready())
}

// Settle returns once everything that the streams hold now was heard of.
func (p *Planner) Settle(ctx context.Context) error {
	return errors.Join(p.deps.Alerts.Settle(ctx), p.deps.Silences.Settle(ctx), p.table.Settle(ctx))
}

// Use puts routes in force. It is quick.
func (p *Planner) Use(c *plan.Config) { p.in.config(c) }

// Silence tells of a silence that has become another; nil is one that holds nothing back any
// more. It is quick.
func (p *Planner) Silence(id string, s *plan.Silence) { p.in.silence(id, s) }

// heard takes note of what people were told, unless that is over.
func (p *Planner) heard(key string, e *eventsv1.GroupNotified, _ bool) {
	g := e.GetGroup()
	if !g.GetOpen() && p.deps.Clock.Now().Sub(g.GetNotifiedAt().AsTime()) > longestInterval {
		return
	}
	p.in.group(key, g)
}

// inbox is what was heard of since the index was brought up to date.
type inbox struct {
	mu       sync.Mutex
	alerts   map[string]*eventsv1.AlertState
	silences map[string]*plan.Silence
	groups   map[string]*eventsv1.GroupState
	routes   *plan.Config
}

func (b *inbox) clear() {
	b.alerts, b.silences = map[string]*eventsv1.AlertState{}, map[string]*plan.Silence{}
	b.groups, b.routes = map[string]*eventsv1.GroupState{}, nil
}

// take empties the inbox.
func (b *inbox) take() (alerts map[string]*eventsv1.AlertState, silences map[string]*plan.Silence, groups map[string]*eventsv1.GroupState, routes *plan.Config) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.alerts)+len(b.silences)+len(b.groups) == 0 && b.routes == nil {
		return nil, nil, nil, nil
	}
	alerts, silences, groups, routes = b.alerts, b.silences, b.groups, b.routes
	b.clear()
	return alerts, silences, groups, routes
}

func (b *inbox) alert(a *eventsv1.AlertState) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.alerts[a.GetId()] = a
}

func (b *inbox) silence(id string, s *plan.Silence) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.silences[id] = s
}

func (b *inbox) group(key string, g *eventsv1.GroupState) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.groups[key] = g
}

func (b *inbox) config(c *plan.Config) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.routes = c
}

// drain brings the index up to date with what was heard of. The caller holds mu.
func (p *Planner) drain(now time.Time) {
	alerts, silences, groups, routes := p.in.take()
	for key, g := range groups {
		p.index.setTold(key, g)
	}
	for id, s := range silences {
		p.index.setSilence(id, s)
	}
	if routes != nil {
		p.index.setConfig(routes)
	}
	for _, a := range alerts {
		p.index.setAlert(a)
	}
	p.index.forgetSilences(now)
}

// mostRounds bounds how often a step goes round: what is committed can make something else
// due.
const mostRounds = 4

// Step tells people of what is due now. What could not be committed, or not be known, is
// tried again with the next step; the errors are joined.
func (p *Planner) Step(ctx context.Context) error {
	if p.Ready() != nil {
		return nil // it comes again
	}
	p.step.Lock()
	defer p.step.Unlock()
	now := p.deps.Clock.Now()
	for range mostRounds {
		due, missing := p.due(now)
		if len(due)+len(missing) == 0 {
			return nil
		}
		// Nothing is decided on what is behind.
		if err := p.catchUp(ctx, missing); err != nil {
			p.again(due)
			return err
		}
		p.again(due)
		due, missing = p.due(now)
		if err := p.commit(ctx, due, now); err != nil {
			return err
		}
		if len(due)+len(missing) == 0 {
			return nil
		}
	}
	return nil
}

// patience is how long a step waits for what it must know.
const patience = 10 * time.Second

// catchUp has heard of everything that is stored, and finds out about some alerts.
func (p *Planner) catchUp(ctx context.Context, missing []string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return errors.Join(p.Settle(ctx), p.load(ctx, missing))
}

// due brings the index up to date, and returns the groups about which something is to be
// stored now, and alerts that must be known first.
func (p *Planner) due(now time.Time) (groups, missing []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drain(now)
	return p.index.decideAll(now)
}

// again has groups looked at once more.
func (p *Planner) again(groups []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, key := range groups {
		p.index.dirty[key] = true
	}
}

// load finds out about alerts that people know of, and memory does not. One that cannot be
// read is taken for one that is over: nobody else waits because of it.
func (p *Planner) load(ctx context.Context, ids []string) error {
	for _, id := range ids {
		a, err := p.deps.Alerts.Load(ctx, id)
		switch {
		case err == nil, errors.Is(err, alertstate.ErrUnknown):
		case bus.IsTerminal(err):
			p.deps.Log.Error("an alert that people know of cannot be read and is taken for over", zap.String("alert", id), zap.Error(err))
			a = nil
		default:
			return err
		}
		p.mu.Lock()
		p.index.found(id, a)
		p.mu.Unlock()
	}
	return nil
}

// commits is how many notifications are committed at once: each waits for the disk.
const commits = 64

// commit stores what is due of some groups.
func (p *Planner) commit(ctx context.Context, groups []string, now time.Time) error {
	work := make(chan string)
	var all sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	for range min(commits, len(groups)) {
		all.Go(func() {
			for key := range work {
				if err := p.commitOne(ctx, key, now); err != nil {
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
					p.again([]string{key})
				}
			}
		})
	}
	for _, key := range groups {
		work <- key
	}
	close(work)
	all.Wait()
	if len(errs) > mostErrors {
		errs = errs[:mostErrors]
	}
	return errors.Join(errs...)
}

// mostErrors is how many errors of one step are told: they tend to be the same.
const mostErrors = 3

// commitOne stores what is due of a group, decided on what the stream's leader has of it.
func (p *Planner) commitOne(ctx context.Context, key string, now time.Time) error {
	var mine *eventsv1.GroupNotified
	_, err := p.table.Update(ctx, key, func(was *eventsv1.GroupNotified, _ bool) (*eventsv1.GroupNotified, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if mine = p.index.decideOn(key, was.GetGroup(), now); mine == nil {
			return nil, documents.ErrUnchanged
		}
		return mine, nil
	})
	switch {
	case errors.Is(err, documents.ErrContended):
		p.again([]string{key})
		return nil
	case err != nil:
		return err
	case mine == nil:
		p.again([]string{key}) // somebody else has told it: when is the next?
	case mine.GetNotification() != nil:
		p.deps.Told(mine.GetNotification().GetKind())
	}
	return nil
}

// sorted are the keys of a set, in order.
func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
