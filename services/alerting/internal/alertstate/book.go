package alertstate

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/documents"
)

// Options are what a book works with; the first three are required.
type Options struct {
	// Bus reaches ALERT_STATES, with the stream in place.
	Bus *bus.Bus
	// Log tells of what cannot be read.
	Log *zap.Logger
	// Clock says when something happens, and what is over.
	Clock clock.Clock
	// KeepResolved is for how long an alert that is resolved is still in Alerts, so that
	// people can be told; 0 is an hour. After that only Load knows it.
	KeepResolved time.Duration
}

// Listener is told of an alert that has become another: was is nil for one that is new here,
// and now says what happened last, which is not all that happened where several changes came
// at once; the event may lack its id. It must be quick, and call nothing of the book.
type Listener func(was *eventsv1.AlertState, now *eventsv1.AlertChanged)

// Book is the alerts of ALERT_STATES: those that stand, and those that were resolved lately,
// are in memory. Safe for concurrent use. What it hands out is shared: read only.
type Book struct {
	o     Options
	table *documents.Table[*change]

	mu        sync.Mutex
	alerts    map[string]*alert
	counts    map[Class]int // of those that stand
	due       agenda
	listeners []Listener
}

// Class is what standing alerts are counted by.
type Class struct {
	State    eventsv1.AlertState_State
	Severity eventsv1.Severity
}

// New returns a book that knows nothing until Follow has read the stream.
func New(o Options) *Book {
	if o.KeepResolved <= 0 {
		o.KeepResolved = time.Hour
	}
	b := &Book{o: o, alerts: map[string]*alert{}, counts: map[Class]int{}}
	b.table = documents.New(documents.Options[*change]{
		Bus: o.Bus, Log: o.Log, Stream: subject.AlertStates, New: func() *change { return &change{} },
		Key: func(e *change) string { return e.GetAlert().GetId() }, Subject: subject.AlertState, Keep: b.keep,
		Compact: compact, Changed: b.changed,
	})
	return b
}

// Follow keeps the book in line with the stream until ctx ends, and returns nil then.
func (b *Book) Follow(ctx context.Context) error { return b.table.Follow(ctx) }

// Ready is documents.ErrLoading until the stream was read to its end once.
func (b *Book) Ready() error { return b.table.Ready() }

// Wait returns nil once the stream was read, or documents.ErrLoading when ctx ends before.
func (b *Book) Wait(ctx context.Context) error { return b.table.Wait(ctx) }

// Settle returns once everything that the stream holds now has been brought.
func (b *Book) Settle(ctx context.Context) error { return b.table.Settle(ctx) }

// OnChange has a listener told of every change from now on; also of what is read at the
// start. Call it before Follow to be told of everything.
func (b *Book) OnChange(l Listener) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.listeners = append(b.listeners, l)
}

// Get returns an alert that stands or was resolved lately, as memory has it.
func (b *Book) Get(id string) (*eventsv1.AlertState, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a, ok := b.alerts[id]
	return a, ok
}

// Load returns an alert as the stream's leader has it, however long ago it was resolved;
// ErrUnknown when there is none, or an error of the bus.
func (b *Book) Load(ctx context.Context, id string) (*eventsv1.AlertState, error) {
	if subject.CheckToken(id) != nil {
		return nil, ErrUnknown
	}
	e, err := b.table.Load(ctx, id)
	if errors.Is(err, bus.ErrNotFound) {
		return nil, ErrUnknown
	}
	return e.GetAlert(), err
}

// Alerts are those that stand and those that were resolved lately, in no order, as they are
// when it is called.
func (b *Book) Alerts() iter.Seq[*eventsv1.AlertState] {
	b.mu.Lock()
	all := make([]*alert, 0, len(b.alerts))
	for _, a := range b.alerts {
		all = append(all, a)
	}
	b.mu.Unlock()
	return slices.Values(all)
}

// Counts are how many alerts stand, by state and severity.
func (b *Book) Counts() map[Class]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make(map[Class]int, len(b.counts))
	for class, n := range b.counts {
		all[class] = n
	}
	return all
}

// keep reports whether an alert is needed in memory.
func (b *Book) keep(e *change) bool {
	return stands(e.GetAlert()) || b.o.Clock.Now().Before(b.forgetAt(e.GetAlert()))
}

func (b *Book) forgetAt(a *alert) time.Time {
	return a.GetResolvedAt().AsTime().Add(b.o.KeepResolved)
}

// changed takes note of what the table brings.
func (b *Book) changed(id string, e *change, kept bool) {
	b.mu.Lock()
	was, now := b.alerts[id], e.GetAlert()
	b.count(was, -1)
	if kept {
		b.count(now, +1)
		b.alerts[id] = now
		b.due.add(id, b.nextOf(now))
	} else {
		delete(b.alerts, id)
	}
	listeners := b.listeners
	b.mu.Unlock()
	if was == now || was == nil && !kept {
		return // it is only no longer in memory, or never was
	}
	for _, l := range listeners {
		l(was, e)
	}
}

func (b *Book) count(a *alert, by int) {
	if stands(a) {
		b.counts[Class{a.GetState(), a.GetSeverity()}] += by
	}
}

// nextOf is when Step has something to do with an alert; zero for never.
func (b *Book) nextOf(a *alert) time.Time {
	if stands(a) {
		return dueAt(a)
	}
	return b.forgetAt(a)
}

// update changes an alert once that is stored, and returns it as it is then. A decision that
// is nil changes nothing.
func (b *Book) update(ctx context.Context, id string, decide func(now *alert) (*change, error)) (*alert, error) {
	if subject.CheckToken(id) != nil {
		return nil, ErrUnknown
	}
	e, err := b.table.Update(ctx, id, func(now *change, _ bool) (*change, error) {
		next, err := decide(now.GetAlert())
		if next == nil && err == nil {
			err = documents.ErrUnchanged
		}
		return next, err
	})
	return e.GetAlert(), err
}

// RaiseMetric says that a series of a metric rule is out of bounds: its alert is raised, or
// brought up to date where that is worth an event, or nothing changes. Several replicas may
// say so at once. It returns the alert as it is then, which may be a resolved one: by hand, or
// by a later window.
func (b *Book) RaiseMetric(ctx context.Context, m Metric) (*eventsv1.AlertState, error) {
	return b.update(ctx, m.ID(), func(now *alert) (*change, error) { return moved(now, m, b.o.Clock.Now()), nil })
}

// ResolveMetric says that a series is within bounds again. The movement, which may be nil
// where there is none to tell, becomes the alert's. It returns the alert, or nil where there
// never was one.
func (b *Book) ResolveMetric(ctx context.Context, id string, m *eventsv1.Movement) (*eventsv1.AlertState, error) {
	return b.update(ctx, id, func(now *alert) (*change, error) { return back(now, m, b.o.Clock.Now()), nil })
}

// Acknowledge says that somebody looks after an alert. ErrUnknown, ErrResolved,
// documents.ErrContended, or an error of the bus.
func (b *Book) Acknowledge(ctx context.Context, id string, h Hold) (*eventsv1.AlertState, error) {
	return b.update(ctx, id, func(now *alert) (*change, error) { return acknowledged(now, h, b.o.Clock.Now()) })
}

// Unacknowledge takes that back; errors are those of Acknowledge.
func (b *Book) Unacknowledge(ctx context.Context, id, by string) (*eventsv1.AlertState, error) {
	return b.update(ctx, id, func(now *alert) (*change, error) { return unacknowledged(now, by, b.o.Clock.Now()) })
}

// Resolve says that an alert stands no more; errors are those of Acknowledge, but for
// ErrResolved: one that stands no more stays as it is.
func (b *Book) Resolve(ctx context.Context, id, by, comment string) (*eventsv1.AlertState, error) {
	return b.update(ctx, id, func(now *alert) (*change, error) { return resolved(now, by, comment, b.o.Clock.Now()) })
}

// History is what happened to an alert, the oldest first, at most so many of the last;
// ErrUnknown when there is none.
func (b *Book) History(ctx context.Context, id string, most int) ([]*eventsv1.AlertChanged, error) {
	if subject.CheckToken(id) != nil {
		return nil, ErrUnknown
	}
	var all []*change
	err := b.o.Bus.History(ctx, subject.AlertState(id), func(d bus.Delivery) error {
		e := &change{}
		if err := d.Decode(e); err != nil {
			return err
		}
		if all = append(all, e); len(all) > most {
			all = all[1:]
		}
		return nil
	})
	if err == nil && len(all) == 0 {
		err = ErrUnknown
	}
	return all, err
}
