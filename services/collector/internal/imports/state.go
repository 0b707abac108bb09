package imports

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector/internal/access"
	"github.com/rappel-loop/rappel/services/collector/internal/journal"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// state is an import's last event, and where it is stored.
type state struct {
	*eventsv1.ImportEvent

	seq uint64
}

// next is a copy to change.
func (st state) next() *eventsv1.ImportEvent { return proto.CloneOf(st.ImportEvent) }

// load returns an import as the stream's leader has it: ErrUnknown.
func (s *Service) load(ctx context.Context, id string) (state, error) {
	if subject.CheckToken(id) != nil {
		return state{}, ErrUnknown
	}
	d, err := s.o.Bus.Latest(ctx, subject.Import(id))
	if errors.Is(err, bus.ErrNotFound) {
		return state{}, ErrUnknown
	}
	if err != nil {
		return state{}, err
	}
	st := state{&eventsv1.ImportEvent{}, d.Sequence}
	return st, d.Decode(st.ImportEvent)
}

// commit stores a state behind the one at a sequence, durably: bus.ErrConflict when
// another is there.
func (s *Service) commit(ctx context.Context, e *eventsv1.ImportEvent, after uint64) error {
	e.EventId = "import-" + rand.Text()
	e.Import.UpdatedAt = timestamppb.New(s.o.Clock.Now())
	known, err := s.o.Bus.JetStream().Stream(ctx, subject.Responses)
	if err != nil {
		return fmt.Errorf("%w: %w", bus.ErrUnavailable, err)
	}
	e.ResponsesBefore = known.CachedInfo().State.LastSeq
	_, err = s.o.Bus.PublishAt(ctx, bus.Event{Subject: subject.Import(e.GetImport().GetId()), ID: e.GetEventId(), Body: e}, after)
	return err
}

// sees reports whether a caller may look after an import: those with keys see what was
// sent with a key of their name.
func sees(c *access.Caller, e *eventsv1.ImportEvent) bool {
	return !c.Keyed() || c.Grant().KeyName == e.GetKeyName()
}

// Get returns an import: ErrUnknown.
func (s *Service) Get(ctx context.Context, c *access.Caller, id string) (*eventsv1.Import, error) {
	st, err := s.seen(ctx, c, id)
	if err != nil {
		return nil, err
	}
	return st.GetImport(), nil
}

func (s *Service) seen(ctx context.Context, c *access.Caller, id string) (state, error) {
	st, err := s.load(ctx, id)
	if err == nil && !sees(c, st.ImportEvent) {
		err = ErrUnknown
	}
	return st, journal.Translate(err)
}

// List returns up to size imports that a caller may see, newest first, those behind the
// one named after when it is not empty; and whether there are more.
func (s *Service) List(ctx context.Context, c *access.Caller, after string, size int) ([]*eventsv1.Import, bool, error) {
	all, err := s.all(ctx, c)
	if err != nil {
		return nil, false, journal.Translate(err)
	}
	slices.SortFunc(all, func(a, b *eventsv1.Import) int {
		if d := b.GetCreatedAt().AsTime().Compare(a.GetCreatedAt().AsTime()); d != 0 {
			return d
		}
		return strings.Compare(b.GetId(), a.GetId())
	})
	if after != "" {
		i := slices.IndexFunc(all, func(i *eventsv1.Import) bool { return i.GetId() == after })
		if i < 0 {
			return nil, false, ErrUnknown
		}
		all = all[i+1:]
	}
	return all[:min(size, len(all))], len(all) > size, nil
}

func (s *Service) all(ctx context.Context, c *access.Caller) ([]*eventsv1.Import, error) {
	ctx, enough := context.WithCancelCause(ctx)
	defer enough(nil)
	var all []*eventsv1.Import
	errAll := errors.New("all was read")
	err := s.o.Bus.Follow(ctx, bus.FollowOptions{Stream: subject.Imports, LastOnly: true}, func(d bus.Delivery) error {
		e := &eventsv1.ImportEvent{}
		if err := d.Decode(e); err != nil {
			return err
		}
		if sees(c, e) {
			all = append(all, e.GetImport())
		}
		return nil
	}, func() error { return errAll })
	if errors.Is(err, errAll) {
		return all, nil
	}
	return nil, err
}

// Cancel stops an import: ErrUnknown. One that has ended is returned as it is.
func (s *Service) Cancel(ctx context.Context, c *access.Caller, id string) (*eventsv1.Import, error) {
	for {
		st, err := s.seen(ctx, c, id)
		if err != nil || ended(st.GetImport().GetState()) {
			return st.GetImport(), err
		}
		next := st.next()
		next.Import.State = eventsv1.Import_CANCELLED
		if err := s.commit(ctx, next, st.seq); err == nil {
			return next.GetImport(), nil
		} else if !errors.Is(err, bus.ErrConflict) {
			return nil, journal.Translate(err)
		}
	}
}
