// Package registry keeps the models of sentiment: those that were trained here, and the one
// that the program carries.
//
// Authority. The events of one subject of MODELS, in their order, are the models; the last
// of them that says so is in use. They are compare-and-set on the last one, so of two
// trainings that end at once one is refused.
//
// Following. Every process follows the stream, and takes a model into use within moments of
// its event, without a restart. A model that cannot be decoded, as one of a later version of
// the program, is reported and counted, and the one in use stays so. Weights are read when
// they are wanted, and not kept.
//
// Liveness. While the stream is away, the model in use is used.
package registry

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/obs"
	"github.com/rappel-loop/rappel/services/scorer/internal/reading"
)

// basePrefix begins the versions of models that a program carries. An event that names one
// means the one of the program that reads it.
const basePrefix = "base-"

// ErrLoading says that the models have not been read yet.
var ErrLoading = errors.New("the models are being read")

// Deps are what a registry works with; all are required.
type Deps struct {
	Bus   *bus.Bus
	Log   *zap.Logger
	Clock clock.Clock
	// Base is the model that the program carries.
	Base reading.Model
	// Decode reads stored weights.
	Decode func(weights []byte) (reading.Model, error)
	// Use takes a model into use.
	Use func(reading.Model)
	// Unreadable counts models that cannot be decoded.
	Unreadable func()
}

// Entry is a model.
type Entry struct {
	// Event is the event that brought it, without its weights; nil for the one that the
	// program carries.
	Event *eventsv1.ModelEvent
	// Version is its name.
	Version string
	// Current is whether it is in use.
	Current bool

	seq uint64 // of its weights
}

// Registry is the models at hand. Safe for concurrent use.
type Registry struct {
	deps         Deps
	subject      string
	retry, check time.Duration
	read         chan struct{} // closed once all were read

	mu sync.Mutex
	state
	last    uint64 // the sequence of the last event that was heeded
	using   reading.Model
	changed chan struct{} // closed at the next event
}

// state is what the events say.
type state struct {
	entries []Entry
	current string // empty is the base
}

// New returns a registry that uses the program's model; Follow brings the others.
func New(d Deps) *Registry {
	d.Log = d.Log.Named("models")
	return &Registry{
		deps: d, subject: subject.Model("sentiment"), retry: time.Second, check: 2 * time.Second,
		read: make(chan struct{}), using: d.Base, changed: make(chan struct{}),
	}
}

// Ready is ErrLoading until the models have been read once.
func (r *Registry) Ready() error {
	select {
	case <-r.read:
		return nil
	default:
		return ErrLoading
	}
}

// Using is the model in use, and the sequence of the last event that was heard of.
func (r *Registry) Using() (reading.Model, uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.using, r.last
}

// List are the models, the latest first; the one that the program carries last.
func (r *Registry) List() []Entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := slices.Clone(r.entries)
	slices.Reverse(all)
	all = append(all, Entry{Version: r.deps.Base.Version()})
	for i := range all {
		all[i].Current = all[i].Version == r.using.Version()
	}
	return all
}

// Follow keeps the registry in line with the stream until ctx ends.
func (r *Registry) Follow(ctx context.Context) error {
	for ctx.Err() == nil {
		err := r.follow(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the end was asked for: what it cut off is no failure
		}
		r.deps.Log.Warn("the models are read again", zap.Error(err))
		_ = clock.Sleep(ctx, r.retry) // the loop's condition says why it ended
	}
	return nil
}

// follow reads the stream from its beginning. What was known counts until all is read.
func (r *Registry) follow(ctx context.Context) error {
	var found state
	var read uint64
	live := false
	each := func(d bus.Delivery) error {
		e := &eventsv1.ModelEvent{}
		if err := d.Decode(e); err != nil {
			r.deps.Unreadable()
			r.deps.Log.Error("an event cannot be read and is left out", zap.Uint64(obs.Sequence, d.Sequence), zap.Error(err))
			return nil
		}
		if read = d.Sequence; !live {
			found.take(e, read)
			return nil
		}
		r.mu.Lock()
		r.take(e, read)
		r.mu.Unlock()
		return r.heed(ctx, read)
	}
	o := bus.FollowOptions{Stream: subject.Models, Filter: r.subject, Check: r.check}
	return r.deps.Bus.Follow(ctx, o, each, func() error {
		live = true
		r.mu.Lock()
		r.state = found
		r.mu.Unlock()
		if err := r.heed(ctx, read); err != nil {
			return err
		}
		if r.Ready() != nil {
			close(r.read)
		}
		return nil
	})
}

// take takes an event.
func (s *state) take(e *eventsv1.ModelEvent, seq uint64) {
	if len(e.GetWeights()) > 0 {
		s.entries = slices.DeleteFunc(slices.Clone(s.entries), func(was Entry) bool { return was.Version == e.GetVersion() })
		e.Weights = nil
		s.entries = append(s.entries, Entry{Event: e, Version: e.GetVersion(), seq: seq})
	}
	if e.GetCurrent() {
		s.current = e.GetVersion()
	}
}

// heed uses what the events up to a sequence say, and wakes who waits for it.
func (r *Registry) heed(ctx context.Context, seq uint64) error {
	if err := r.use(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = seq
	close(r.changed)
	r.changed = make(chan struct{})
	return nil
}

// use takes into use what the events say. What cannot be is reported, and changes nothing;
// an error is one of the bus.
func (r *Registry) use(ctx context.Context) error {
	r.mu.Lock()
	wanted, using := r.current, r.using.Version()
	i := slices.IndexFunc(r.entries, func(e Entry) bool { return e.Version == wanted })
	var seq uint64
	if i >= 0 {
		seq = r.entries[i].seq
	}
	r.mu.Unlock()
	m := r.deps.Base
	if wanted != "" && !strings.HasPrefix(wanted, basePrefix) {
		if wanted == using {
			return nil
		}
		var err error
		if m, err = r.load(ctx, seq); errors.Is(err, bus.ErrUnavailable) {
			return err
		} else if err != nil {
			r.deps.Unreadable()
			r.deps.Log.Error("a model cannot be used, the one in use stays", zap.String("version", wanted), zap.String("using", using), zap.Error(err))
			return nil
		}
	}
	if m.Version() == using {
		return nil
	}
	r.deps.Use(m)
	r.mu.Lock()
	r.using = m
	r.mu.Unlock()
	r.deps.Log.Info("another model is in use", zap.String("version", m.Version()), zap.String("before", using))
	return nil
}

var errNoWeights = errors.New("its weights are not in the stream")

func (r *Registry) load(ctx context.Context, seq uint64) (reading.Model, error) {
	if seq == 0 {
		return nil, errNoWeights
	}
	d, err := r.deps.Bus.At(ctx, subject.Models, seq)
	if err != nil {
		return nil, err
	}
	e := &eventsv1.ModelEvent{}
	if err := d.Decode(e); err != nil {
		return nil, err
	}
	return r.deps.Decode(e.GetWeights())
}
