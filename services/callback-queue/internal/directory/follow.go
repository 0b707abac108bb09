package directory

import (
	"context"
	"errors"
	"maps"

	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/wire"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

// change is what an event made of an agent.
type change struct {
	id    string
	seq   uint64
	entry *Entry // nil when the agent was removed
}

// Follow keeps the directory in line with the stream until ctx ends.
func (d *Directory) Follow(ctx context.Context) error {
	for ctx.Err() == nil {
		err := d.follow(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the end was asked for: what it cut off is no failure
		}
		d.deps.Log.Warn("the roster is read again", zap.Error(err))
		_ = clock.Sleep(ctx, d.pace.retry) // the loop's condition says why it ended
	}
	return nil
}

// run is one following, from the beginning of the stream.
type run struct {
	dir *Directory

	// Guarded by dir.mu.
	found map[string]*Entry // what was read so far, until it is all
	last  uint64            // the sequence of the last of them
	live  bool              // all is read; what comes is new
}

func (d *Directory) follow(ctx context.Context) error {
	r := &run{dir: d, found: map[string]*Entry{}}
	d.begin()
	return d.deps.Bus.Follow(ctx, bus.FollowOptions{Stream: subject.Agents, Check: d.pace.check}, r.take, r.caughtUp)
}

// begin forgets which changes were made here: they are stored, and will be read.
func (d *Directory) begin() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.followed = 0
	clear(d.own)
}

// take is handed one event.
func (r *run) take(e bus.Delivery) error {
	d := r.dir
	d.mu.Lock()
	defer d.mu.Unlock()
	r.last = e.Sequence
	if r.live {
		d.followed = e.Sequence
	}
	c, err := read(e)
	if err != nil {
		d.deps.Metrics.unreadable.Inc()
		d.deps.Log.Error("an event cannot be read and is left out", zap.Uint64(obs.Sequence, e.Sequence), zap.Error(err))
		return nil
	}
	if r.live {
		r.bring(c)
	} else {
		r.keep(c)
	}
	return nil
}

// keep remembers a change until all is read.
func (r *run) keep(c change) {
	if r.found[c.id] = c.entry; c.entry == nil {
		delete(r.found, c.id)
	}
}

// bring shows a change, unless a later one is known already.
func (r *run) bring(c change) {
	d := r.dir
	if own, ok := d.own[c.id]; ok && own.seq > c.seq {
		return
	}
	delete(d.own, c.id)
	d.showOne(c)
}

// caughtUp shows what was read in the place of what was known before.
func (r *run) caughtUp() error {
	d := r.dir
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, c := range d.own {
		if c.seq > r.last { // still to come
			r.keep(c)
		} else {
			delete(d.own, id)
		}
	}
	for id, e := range r.found {
		if d.overruled(change{id: id, seq: e.seq, entry: e}) {
			delete(r.found, id)
		}
	}
	stored, before := len(r.found), len(d.view.Load().sorted)-len(d.declared)
	maps.Copy(r.found, d.declared)
	d.show(newView(r.found))
	r.found, r.live, d.followed = nil, true, r.last
	d.deps.Log.Info("the roster is read", zap.Int("stored", stored), zap.Int("declared", len(d.declared)), zap.Int("stored_before", before))
	d.ready.Store(true)
	return nil
}

// overruled reports whether the configuration declares the agent, which it says
// once. The caller holds mu.
func (d *Directory) overruled(c change) bool {
	e, declared := d.declared[c.id]
	if declared && c.entry != nil && !d.warned[c.id] {
		d.warned[c.id] = true
		d.deps.Log.Warn("an agent that was added by the API is declared in the configuration, which counts",
			zap.String(obs.Desk, obs.DeskOf(c.id)), zap.String("declared", e.Declared))
	}
	return declared
}

var errForeign = errors.New("it is another agent's")

// read is what an event makes of its agent.
func read(e bus.Delivery) (change, error) {
	var event eventsv1.AgentEvent
	if err := e.Decode(&event); err != nil {
		return change{}, err
	}
	return readEvent(e, &event)
}

func readEvent(e bus.Delivery, event *eventsv1.AgentEvent) (change, error) {
	a := wire.FromAgent(event.GetAgent())
	if subjectOf(a.ID) != e.Subject {
		return change{}, errForeign
	}
	c := change{id: a.ID, seq: e.Sequence}
	if event.GetType() != eventsv1.AgentEvent_REMOVED {
		c.entry = &Entry{Agent: a, Revision: event.GetEventNo(), seq: e.Sequence}
	}
	return c, nil
}

func subjectOf(id string) string { return subject.Agent(subject.AgentKeyOf(id)) }
