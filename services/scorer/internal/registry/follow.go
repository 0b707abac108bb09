package registry

import (
	"context"
	"errors"
	"slices"
	"strings"

	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/obs"
	"github.com/rappel-loop/rappel/services/scorer/internal/reading"
)

// Follow keeps the registry in line with the stream until ctx ends.
func (r *Registry) Follow(ctx context.Context) error {
	for ctx.Err() == nil {
		err := r.follow(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the end was asked for: what it cut off is no failure
		}
		if errors.Is(err, bus.ErrReplaced) { // old weights were deleted, or more
			r.deps.Log.Info("the models are read again", zap.Error(err))
			continue
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
	s.drop()
}

// drop drops the oldest models that are more than are kept beside the one in use.
func (s *state) drop() {
	for i := 0; i < len(s.entries) && len(s.entries) > kept+1; {
		if s.entries[i].Version == s.current {
			i++
			continue
		}
		s.dropped = append(s.dropped, s.entries[i].seq)
		s.entries = slices.Delete(slices.Clone(s.entries), i, i+1)
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
