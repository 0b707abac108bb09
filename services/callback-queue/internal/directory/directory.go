// Package directory keeps the roster: the agents that the configuration declares,
// and those that were added by the API, which are events of AGENTS.
//
// Authority. An agent's subject holds the truth, its last event the agent whole.
// Changes are compare-and-set on it, and a refusal is built on what the stream's
// leader says, never on what is remembered here. What the configuration declares
// can't be changed by the API, and counts where both know an agent.
//
// Following. Every process follows AGENTS into memory, from its beginning, so that
// reading costs nothing. What it shows is behind by as much as an event takes,
// but never behind a change that was made through it. A stream that was put back,
// emptied or made anew is noticed within seconds, and read from its beginning; as
// long as that takes, what was known is shown.
//
// Liveness. While the stream is away, what is known is shown, and changes are
// refused.
package directory

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
	"github.com/rappel-loop/rappel/services/internal/agentfile"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
)

// MaxAgents is how many agents there can be. Two processes that add the last one
// at once may both do so.
const MaxAgents = agentfile.MaxAgents

// Entry is one agent of the roster, not to be changed.
type Entry struct {
	// Agent is who, and what they can take.
	Agent roster.Agent
	// Revision rises by one with each change; 0 for who is declared.
	Revision uint64
	// Declared is where the configuration declares the agent, as agents.yaml:12;
	// empty for who was added by the API.
	Declared string

	seq uint64 // of the event
}

// Deps is what a directory works with. All but Declared are required.
type Deps struct {
	Bus     *bus.Bus
	Log     *zap.Logger
	Metrics *Metrics
	Clock   clock.Clock
	// Declared are the agents of the configuration, as Load returns them.
	Declared []*Entry
}

// Directory is the roster at hand. Safe for concurrent use.
type Directory struct {
	deps     Deps
	declared map[string]*Entry
	pace     pace
	view     atomic.Pointer[view]
	ready    atomic.Bool

	// mu guards what follows, and every change of view.
	mu sync.Mutex
	// followed is up to where readers see what following brought; 0 until the
	// present run has read the stream to its end.
	followed uint64
	// own are changes that were heard of before following brought them, by agent:
	// the last of each.
	own map[string]change
	// warned are the declared agents that were found in the stream, too.
	warned map[string]bool
}

var _ queue.Roster = (*Directory)(nil)

// pace is how often things are done; tests are in a hurry.
type pace struct{ retry, check time.Duration }

// New returns a directory that knows what is declared; Follow brings the rest.
func New(d Deps) *Directory {
	d.Log = d.Log.Named("roster")
	dir := &Directory{
		deps: d, declared: make(map[string]*Entry, len(d.Declared)), pace: pace{retry: time.Second, check: 2 * time.Second},
		own: map[string]change{}, warned: map[string]bool{},
	}
	for _, e := range d.Declared {
		dir.declared[e.Agent.ID] = e
	}
	dir.view.Store(newView(dir.declared))
	dir.deps.Metrics.count(len(dir.declared), 0)
	return dir
}

// Agent returns an agent by id.
func (d *Directory) Agent(id string) (roster.Agent, bool) {
	if e, ok := d.Entry(id); ok {
		return e.Agent, true
	}
	return roster.Agent{}, false
}

// Entry returns an agent by id, with what is known beside.
func (d *Directory) Entry(id string) (*Entry, bool) {
	e, ok := d.view.Load().byID[id]
	return e, ok
}

// Entries returns every agent, by id, with what is known beside: one moment's,
// which nothing changes any more. They are shared, and not to be written to.
func (d *Directory) Entries() []*Entry { return d.view.Load().sorted }

// All returns every agent, by id, as Entries does.
func (d *Directory) All() []roster.Agent { return d.view.Load().agents() }

// Known reports whether there is any agent at all; before Ready it may be too early
// to say no.
func (d *Directory) Known() bool { return len(d.view.Load().sorted) > 0 }

// Changed returns a channel that is closed with the next change of the roster.
// Take it before you read, so that nothing is missed in between.
func (d *Directory) Changed() <-chan struct{} { return d.view.Load().replaced }

// ErrLoading says that the roster has not been read to its end yet: who is not
// found may be there.
var ErrLoading = errors.New("the roster is being read")

// Ready is ErrLoading until the roster has been read to its end once. Until then
// what is shown is who is declared, and little else.
func (d *Directory) Ready() error {
	if !d.ready.Load() {
		return ErrLoading
	}
	return nil
}
