package fallback

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/documents"
)

const (
	// removedAfter is for how long the rules must not declare a fallback any more before it
	// ends: replicas may have other rules for a moment.
	removedAfter = time.Minute
	// patience bounds one look.
	patience = 30 * time.Second
)

// Deps is what a Watcher works with. All but Outbox and Changed are required.
type Deps struct {
	Bus   *bus.Bus
	Log   *zap.Logger
	Clock clock.Clock
	// Rules are those in force.
	Rules func() *rule.Set
	// Every is how often the queues are looked at.
	Every time.Duration
	// Outbox tells people; nil says once in the log that nobody can be told.
	Outbox Outbox
	// Changed is told which of the declared fallbacks apply, after each look.
	Changed func(active map[string]bool)
}

// Watcher decides when fallbacks begin and end, with any number of others.
type Watcher struct {
	deps    Deps
	stats   *documents.Table[*eventsv1.QueueMeasured]
	states  *documents.Table[*eventsv1.FallbackChanged]
	teller  teller
	unheard sync.Once

	mu   sync.Mutex // of what Step alone uses: steps come one after the other
	seen map[string]*sight
	gone map[string]time.Time // since when the rules don't declare what is active
}

// sight is what this replica has seen of a fallback.
type sight struct {
	state    State
	changes  uint64      // of the document that state is of
	declared declaration // what was declared then
}

// declaration is what readings are held against.
type declaration struct {
	queue               string
	begins, ends, holds time.Duration
	unstaffed           bool
}

// New returns a watcher that knows nothing until Follow.
func New(d Deps) *Watcher {
	d.Log = d.Log.Named("fallbacks")
	w := &Watcher{deps: d, seen: map[string]*sight{}, gone: map[string]time.Time{}, teller: newTeller(d.Outbox, d.Log)}
	w.stats = documents.New(documents.Options[*eventsv1.QueueMeasured]{
		Bus: d.Bus, Log: d.Log, Stream: subject.QueueStats, Subject: subject.QueueStat,
		New: func() *eventsv1.QueueMeasured { return &eventsv1.QueueMeasured{} },
		Key: (*eventsv1.QueueMeasured).GetQueue,
	})
	w.states = documents.New(documents.Options[*eventsv1.FallbackChanged]{
		Bus: d.Bus, Log: d.Log, Stream: subject.Fallbacks, Subject: subject.Fallback,
		New: func() *eventsv1.FallbackChanged { return &eventsv1.FallbackChanged{} },
		Key: (*eventsv1.FallbackChanged).GetName,
	})
	return w
}

// TellBy has people told by an outbox. It is called before Run, if at all.
func (w *Watcher) TellBy(o Outbox) { w.deps.Outbox, w.teller.outbox = o, o }

// Follow knows how the queues stand and which fallbacks apply until ctx ends.
func (w *Watcher) Follow(ctx context.Context) error {
	var both sync.WaitGroup
	errs := make([]error, 2)
	both.Go(func() { errs[0] = w.stats.Follow(ctx) })
	both.Go(func() { errs[1] = w.states.Follow(ctx) })
	both.Wait()
	return errors.Join(errs...)
}

// Run looks at the queues until ctx ends.
func (w *Watcher) Run(ctx context.Context) error {
	clock.Every(ctx, w.deps.Every, func() {
		if err := w.Step(ctx); err != nil && ctx.Err() == nil {
			w.deps.Log.Warn("whether fallbacks apply could not be stored; it is tried again", zap.Error(err))
		}
	})
	return nil
}

// Wait returns nil once it is known which fallbacks apply; an error that trying again may
// mend when ctx ends before.
func (w *Watcher) Wait(ctx context.Context) error {
	if err := w.states.Wait(ctx); err != nil {
		return fmt.Errorf("fallbacks: %w: %w", bus.ErrUnavailable, err)
	}
	return nil
}

// Applies reports whether a fallback does, as far as this replica has heard.
func (w *Watcher) Applies(name string) bool {
	e, _ := w.states.Get(name)
	return e.GetActive()
}

// Step looks at the queues once, and begins and ends what is to begin and to end. It
// returns what kept that from being stored.
func (w *Watcher) Step(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stats.Ready() != nil || w.states.Ready() != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	set, now := w.deps.Rules(), w.deps.Clock.Now()
	active := make(map[string]bool, len(set.Fallbacks))
	var errs []error
	for _, f := range set.Fallbacks {
		errs = append(errs, w.look(ctx, set, f, now))
		active[f.Name] = w.Applies(f.Name)
	}
	errs = append(errs, w.clear(ctx, set, active, now))
	if w.deps.Changed != nil {
		w.deps.Changed(active)
	}
	for _, e := range w.states.All() {
		w.teller.tell(ctx, e, now)
	}
	return errors.Join(errs...)
}

// look looks at one fallback's queue.
func (w *Watcher) look(ctx context.Context, set *rule.Set, f *rule.Fallback, now time.Time) error {
	doc, _ := w.states.Get(f.Name)
	s := w.sight(f, doc)
	reading := w.read(f.Queue, now)
	next, changed := s.state.Next(f, reading, now)
	if !changed {
		s.state = next
		return nil
	}
	return w.change(ctx, f.Name, doc.GetChanges(), func() *eventsv1.FallbackChanged {
		e := &eventsv1.FallbackChanged{
			Active: next.Active, Queue: f.Queue, BeginsSeconds: f.BeginsAbove.Seconds(), EndsSeconds: f.EndsBelow.Seconds(),
			RulesVersion: set.Version, Measures: f.Measures(), Tell: f.Tell,
		}
		if reading.Knowledge == Known {
			seconds := reading.Wait.Seconds()
			e.WaitSeconds = &seconds
		}
		return e
	}, now)
}

// sight is what was seen of a fallback, as far as that still counts: it begins anew when
// somebody has changed the fallback, or the rules what they hold it against.
func (w *Watcher) sight(f *rule.Fallback, doc *eventsv1.FallbackChanged) *sight {
	declared := declaration{f.Queue, f.BeginsAbove, f.EndsBelow, f.For, f.AlsoWhenUnstaffed}
	s := w.seen[f.Name]
	if s == nil || s.changes != doc.GetChanges() || s.declared != declared {
		s = &sight{changes: doc.GetChanges(), declared: declared, state: State{Active: doc.GetActive()}}
		if doc != nil {
			s.state.Changed = doc.GetAt().AsTime()
		}
		w.seen[f.Name] = s
	}
	return s
}

func (w *Watcher) read(queue string, now time.Time) Reading {
	e, ok := w.stats.Get(queue)
	if !ok {
		return Reading{}
	}
	return Read(e, now)
}

// change stores what make says, unless there was another change since the one that it was
// decided on.
func (w *Watcher) change(ctx context.Context, name string, after uint64, event func() *eventsv1.FallbackChanged, now time.Time) error {
	stored := false
	_, err := w.states.Update(ctx, name, func(doc *eventsv1.FallbackChanged, _ bool) (*eventsv1.FallbackChanged, error) {
		stored = false
		if doc.GetChanges() != after {
			return nil, documents.ErrUnchanged
		}
		stored = true
		e := event()
		e.Name, e.Changes, e.At = name, after+1, timestamppb.New(now)
		e.EventId = name + "-" + strconv.FormatUint(e.GetChanges(), 10)
		return e, nil
	})
	if err == nil && stored {
		w.deps.Log.Info("a fallback has changed", zap.String("fallback", name), zap.Bool("active", w.Applies(name)))
	}
	return err
}

// clear ends what applies and the rules don't declare any more, and forgets what was seen of
// it.
func (w *Watcher) clear(ctx context.Context, set *rule.Set, declared map[string]bool, now time.Time) error {
	var errs []error
	for name, doc := range w.states.All() {
		_, is := declared[name]
		since, known := w.gone[name]
		switch {
		case is || !doc.GetActive():
			delete(w.gone, name)
		case !known:
			w.gone[name] = now
		case now.Sub(since) >= removedAfter:
			errs = append(errs, w.change(ctx, name, doc.GetChanges(), func() *eventsv1.FallbackChanged {
				return &eventsv1.FallbackChanged{
					Queue: doc.GetQueue(), BeginsSeconds: doc.GetBeginsSeconds(), EndsSeconds: doc.GetEndsSeconds(),
					RulesVersion: set.Version, Measures: doc.GetMeasures(), Tell: doc.GetTell(),
				}
			}, now))
		}
	}
	for name := range w.seen {
		if _, is := declared[name]; !is {
			delete(w.seen, name)
		}
	}
	return errors.Join(errs...)
}
