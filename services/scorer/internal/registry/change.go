package registry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/crashpoint"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

// Refusals of a change.
var (
	// ErrNoModel says that there is no model of this version.
	ErrNoModel = errors.New("there is no such model")
	// ErrMeanwhile says that the models have changed since what the change was made from.
	ErrMeanwhile = errors.New("the models have changed meanwhile")
)

// heard bounds the wait until an event that is stored is heard of here.
const heard = 5 * time.Second

// Add stores a model that was trained when the event at a sequence was the last; it returns
// ErrMeanwhile when another followed it. Once it returns, this process uses the model, if
// the event says that it is to be used.
func (r *Registry) Add(ctx context.Context, e *eventsv1.ModelEvent, last uint64) (Entry, error) {
	e.EventId = "m-" + e.GetVersion() + "-" + stamp(e.GetBy(), last)
	receipt, err := r.deps.Bus.PublishAt(ctx, bus.Event{Subject: r.subject, ID: e.GetEventId(), Body: e}, last)
	if errors.Is(err, bus.ErrConflict) {
		return Entry{}, ErrMeanwhile
	}
	if err != nil {
		return Entry{}, err
	}
	crashpoint.Reached("stored")
	r.await(ctx, receipt.Sequence)
	r.forget(ctx)
	return r.entry(e.GetVersion())
}

// forget deletes the weights that nobody will want. What cannot be deleted now is the next
// training's.
func (r *Registry) forget(ctx context.Context) {
	r.mu.Lock()
	dropped := r.dropped
	r.mu.Unlock()
	done := 0
	for _, seq := range dropped {
		if err := r.deps.Bus.Forget(ctx, subject.Models, seq); err != nil {
			r.deps.Log.Warn("the weights of an old model are not deleted yet", zap.Uint64(obs.Sequence, seq), zap.Error(err))
			break
		}
		done++
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropped = slices.DeleteFunc(slices.Clone(r.dropped), func(seq uint64) bool { return slices.Contains(dropped[:done], seq) })
}

// Promote puts a model to use. It returns ErrNoModel, ErrMeanwhile, or an error of the bus.
func (r *Registry) Promote(ctx context.Context, version, by string) (Entry, error) {
	last, err := r.deps.Bus.Latest(ctx, r.subject)
	if err != nil && !errors.Is(err, bus.ErrNotFound) {
		return Entry{}, err
	}
	r.await(ctx, last.Sequence)
	entry, err := r.entry(version)
	if err != nil || entry.Current {
		return entry, err
	}
	using, _ := r.Using()
	e := &eventsv1.ModelEvent{
		EventId: "m-" + version + "-" + stamp(by, last.Sequence), At: timestamppb.New(r.deps.Clock.Now()), By: by,
		Version: version, Current: true, BeforeVersion: using.Version(),
	}
	receipt, err := r.deps.Bus.PublishAt(ctx, bus.Event{Subject: r.subject, ID: e.GetEventId(), Body: e}, last.Sequence)
	if errors.Is(err, bus.ErrConflict) {
		return Entry{}, ErrMeanwhile
	}
	if err != nil {
		return Entry{}, err
	}
	crashpoint.Reached("promoted")
	r.await(ctx, receipt.Sequence)
	return r.entry(version)
}

// entry is the model of a version.
func (r *Registry) entry(version string) (Entry, error) {
	all := r.List()
	i := slices.IndexFunc(all, func(e Entry) bool { return e.Version == version })
	if i < 0 {
		return Entry{}, ErrNoModel
	}
	return all[i], nil
}

// await waits until an event is heard of here, or for a while in vain: it is stored.
func (r *Registry) await(ctx context.Context, seq uint64) {
	ctx, cancel := context.WithTimeout(ctx, heard)
	defer cancel()
	for {
		r.mu.Lock()
		done, changed := r.last >= seq, r.changed
		r.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// stamp tells two events apart that race for one place.
func stamp(by string, last uint64) string {
	h := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d", by, last))
	return strings.ToLower(hex.EncodeToString(h[:6]))
}
