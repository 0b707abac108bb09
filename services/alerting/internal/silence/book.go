package silence

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"time"

	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/documents"
)

var (
	// ErrNone says that there is no such silence.
	ErrNone = errors.New("there is no such silence")
	// ErrEnded says that it has ended, and changes no more.
	ErrEnded = errors.New("the silence has ended")
	// ErrTooMany says that there are as many as may be.
	ErrTooMany = errors.New("there are " + strconv.Itoa(mostLive) + " silences that have not ended; end some, or match more with one")
)

// again is how long a request's id stands for the silence that it made.
const again = 24 * time.Hour

// Deps are what a Book works with. All are required.
type Deps struct {
	Bus   *bus.Bus
	Log   *zap.Logger
	Clock clock.Clock
	// Changed is told of each silence that has become another; s is nil of one that holds
	// nothing back any more. It must be quick, and call nothing of the book.
	Changed func(id string, s *eventsv1.Silence)
}

// Book is the silences. Safe for concurrent use.
type Book struct {
	deps  Deps
	table *documents.Table[*eventsv1.SilenceChanged]
}

// New returns a book that knows nothing until Follow has read the stream.
func New(d Deps) *Book {
	b := &Book{deps: d}
	b.table = documents.New(documents.Options[*eventsv1.SilenceChanged]{
		Bus: d.Bus, Log: d.Log, Stream: subject.Silences, Subject: subject.Silence,
		New: func() *eventsv1.SilenceChanged { return &eventsv1.SilenceChanged{} },
		Key: func(e *eventsv1.SilenceChanged) string { return e.GetSilence().GetId() },
		Keep: func(e *eventsv1.SilenceChanged) bool {
			return d.Clock.Now().Sub(e.GetSilence().GetEndsAt().AsTime()) < remembered
		},
		Changed: func(id string, e *eventsv1.SilenceChanged, kept bool) {
			s := e.GetSilence()
			if !kept || Ended(s, d.Clock.Now()) {
				s = nil
			}
			d.Changed(id, s)
		},
	})
	return b
}

// Table is the documents, for who follows and settles them.
func (b *Book) Table() *documents.Table[*eventsv1.SilenceChanged] { return b.table }

// Sweep forgets the silences that ended long ago.
func (b *Book) Sweep() {
	for id := range b.table.All() {
		b.table.Reconsider(id)
	}
}

// Get returns a silence; ErrNone, or documents.ErrLoading.
func (b *Book) Get(id string) (*eventsv1.Silence, error) {
	if err := b.table.Ready(); err != nil {
		return nil, err
	}
	e, ok := b.table.Get(id)
	if !ok {
		return nil, ErrNone
	}
	return e.GetSilence(), nil
}

// List returns the silences that are remembered, by their ids.
func (b *Book) List() ([]*eventsv1.Silence, error) {
	if err := b.table.Ready(); err != nil {
		return nil, err
	}
	var all []*eventsv1.Silence
	for _, e := range b.table.All() {
		all = append(all, e.GetSilence())
	}
	return all, nil
}

// Create makes a silence, once for each request's id within a day; an empty id is of no
// other request. The error is an *InvalidError, ErrTooMany, or one of package documents.
func (b *Book) Create(ctx context.Context, d Draft, requestID string) (*eventsv1.Silence, error) {
	now := b.deps.Clock.Now()
	s, err := d.read(now)
	if err != nil {
		return nil, err
	}
	if err := b.table.Ready(); err != nil { // how many there are is not known
		return nil, err
	}
	s.CreatedAt, s.Changes = timestamppb.New(now), 1
	for n := 0; ; n++ {
		s.Id = newID(requestID, n)
		old := false
		e, err := b.table.Update(ctx, s.Id, func(was *eventsv1.SilenceChanged, exists bool) (*eventsv1.SilenceChanged, error) {
			if exists {
				old = now.Sub(was.GetSilence().GetCreatedAt().AsTime()) > again
				return nil, documents.ErrUnchanged
			}
			if b.live(now) >= mostLive {
				return nil, ErrTooMany
			}
			return event(s, now, d.Author), nil
		})
		if err != nil || !old {
			return e.GetSilence(), err
		}
	}
}

// live is how many have not ended.
func (b *Book) live(now time.Time) int {
	n := 0
	for _, e := range b.table.All() {
		if !Ended(e.GetSilence(), now) {
			n++
		}
	}
	return n
}

// newID derives an id from a request's, the n-th of the same; without one it is by chance.
func newID(requestID string, n int) string {
	if requestID == "" {
		var by [12]byte
		_, _ = rand.Read(by[:]) // it never fails
		return "s-" + hex.EncodeToString(by[:])
	}
	sum := sha256.Sum256([]byte(requestID + "\x00" + strconv.Itoa(n)))
	return "s-" + hex.EncodeToString(sum[:12])
}

// event stores a silence.
func event(s *eventsv1.Silence, now time.Time, by string) *eventsv1.SilenceChanged {
	return &eventsv1.SilenceChanged{
		EventId: s.GetId() + "-" + strconv.FormatUint(s.GetChanges(), 10), At: timestamppb.New(now), By: by, Silence: s,
	}
}

// Update changes a silence that has not ended. Where it has begun, its beginning stays. The
// error is an *InvalidError, ErrNone, ErrEnded, or one of package documents.
func (b *Book) Update(ctx context.Context, id string, d Draft) (*eventsv1.Silence, error) {
	return b.change(ctx, id, d.Author, func(was *eventsv1.Silence, now time.Time) (*eventsv1.Silence, error) {
		if Ended(was, now) {
			return nil, ErrEnded
		}
		if began := was.GetStartsAt().AsTime(); !began.After(now) {
			d.StartsAt = began
		}
		s, err := d.read(now)
		if err != nil {
			return nil, err
		}
		s.Id, s.Changes, s.CreatedAt = was.GetId(), was.GetChanges(), was.GetCreatedAt()
		if proto.Equal(s, was) {
			return nil, documents.ErrUnchanged
		}
		s.Changes++
		return s, nil
	})
}

// Expire ends a silence now; one that was to come never begins. Again changes nothing. The
// error is ErrNone, or one of package documents.
func (b *Book) Expire(ctx context.Context, id, by string) (*eventsv1.Silence, error) {
	return b.change(ctx, id, by, func(was *eventsv1.Silence, now time.Time) (*eventsv1.Silence, error) {
		if Ended(was, now) {
			return nil, documents.ErrUnchanged
		}
		s := proto.CloneOf(was)
		s.Changes++
		s.EndsAt, s.ExpiredBy = timestamppb.New(now), by
		if s.GetStartsAt().AsTime().After(now) {
			s.StartsAt = s.GetEndsAt()
		}
		return s, nil
	})
}

func (b *Book) change(ctx context.Context, id, by string, next func(was *eventsv1.Silence, now time.Time) (*eventsv1.Silence, error)) (*eventsv1.Silence, error) {
	if subject.CheckToken(id) != nil {
		return nil, ErrNone
	}
	now := b.deps.Clock.Now()
	e, err := b.table.Update(ctx, id, func(was *eventsv1.SilenceChanged, exists bool) (*eventsv1.SilenceChanged, error) {
		if !exists {
			return nil, ErrNone
		}
		s, err := next(was.GetSilence(), now)
		if err != nil {
			return nil, err
		}
		return event(s, now, by), nil
	})
	if err != nil {
		return nil, err
	}
	return e.GetSilence(), nil
}
