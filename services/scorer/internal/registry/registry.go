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
// Keeping. The last twenty that were trained are kept, and the one in use however old it is. What is
// older is no longer listed, in every process alike, and its weights are deleted when the
// next is stored; whoever dies before that leaves them to the next. What a promotion says is
// small, and stays.
//
// Liveness. While the stream is away, the model in use is used.
package registry

import (
	"errors"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/scorer/internal/reading"
)

// basePrefix begins the versions of models that a program carries. An event that names one
// means the one of the program that reads it.
const basePrefix = "base-"

// kept is how many models are kept beside the one in use.
const kept = 20

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
	current string   // empty is the base
	dropped []uint64 // the sequences of weights that nobody will want
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
