// Package correction keeps what people say that verbatims mean, in place of what the scorer
// found.
//
// Authority. The events of a bucket's subject in CORRECTIONS, in their order, are the
// corrections; they are compare-and-set on the last of them, and on disk before they are
// answered. A response's are numbered from 1.
//
// No order loses one. A correction is stored before the consumer of CORRECTIONS looks which
// revision of the response is the latest, and a revision is stored before the consumer of
// RESPONSES looks which corrections there are; both ask the stream's leader. So at least one
// of the two sees the other's, and scores that revision with that correction. Where both do,
// they store the same event. What a corrected score takes the place of stands in it (see
// package score), so that those who follow SCORES need no order either.
//
// Liveness. Both streams are read by the bucket's subject, which has what one customer in
// 4,096 answered: a thousand answers a bucket take some milliseconds. A response that was
// never corrected is not looked for, unless something else of its bucket was.
package correction

import (
	"context"
	"encoding/base64"
	"errors"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"

	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

// ErrNoResponse says that there is no such response, or no such verbatim in it.
var ErrNoResponse = errors.New("no such response, or no such verbatim in it")

// Key names a response.
type Key struct{ Survey, Bucket, ResponseID string }

// KeyOf is a received response's.
func KeyOf(r *eventsv1.ResponseReceived) Key {
	return Key{Survey: r.GetResponse().GetSurvey(), Bucket: r.GetBucket(), ResponseID: r.GetResponse().GetId()}
}

// Book is the corrections. Safe for concurrent use.
type Book struct {
	bus   *bus.Bus
	log   *zap.Logger
	clock clock.Clock
	turns [turns]chan struct{}
}

// turns is how many buckets can be corrected at once in one process: who waits for a turn
// reads what the one before wrote, and loses no compare-and-set to them.
const turns = 64

// turn waits for a bucket's turn, or for the end of ctx; end gives it up.
func (b *Book) turn(ctx context.Context, bucket string) (end func(), err error) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(bucket))
	t := b.turns[h.Sum32()%turns]
	select {
	case t <- struct{}{}:
		return func() { <-t }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// New returns the book of corrections.
func New(b *bus.Bus, log *zap.Logger, c clock.Clock) *Book {
	book := &Book{bus: b, log: log.Named("corrections"), clock: c}
	for i := range book.turns {
		book.turns[i] = make(chan struct{}, 1)
	}
	return book
}

// Of are the corrections of a response, in the order of their numbers, and the sequence of
// the last event of the bucket: all that was stored before the call.
func (b *Book) Of(ctx context.Context, k Key) ([]*eventsv1.AnalysisCorrected, uint64, error) {
	var known []*eventsv1.AnalysisCorrected
	last, err := b.bus.Whole(ctx, subject.Correction(k.Survey, k.Bucket), false, func(d bus.Delivery) error {
		c := &eventsv1.AnalysisCorrected{}
		if err := d.Decode(c); err != nil {
			b.log.Error("a correction cannot be read and is left out", zap.Uint64(obs.Sequence, d.Sequence))
			return nil //nolint:nilerr // it was logged: the others count nevertheless
		}
		// The same one twice, as after a restored stream, counts once.
		if c.GetResponseId() == k.ResponseID && (len(known) == 0 || c.GetNumber() > known[len(known)-1].GetNumber()) {
			known = append(known, c)
		}
		return nil
	})
	return known, last, err
}

// Latest is the response at its latest revision, of all that was stored before the call. It
// is ErrNoResponse when there is none, or none any more.
func (b *Book) Latest(ctx context.Context, k Key) (*eventsv1.ResponseReceived, error) {
	all, err := b.places(ctx, k)
	if err != nil {
		return nil, err
	}
	for len(all) > 0 {
		revision := slices.Max(slices.Collect(maps.Keys(all)))
		r, err := b.received(ctx, all[revision])
		if r != nil || err != nil {
			return r, err
		}
		delete(all, revision)
	}
	return nil, ErrNoResponse
}

// After are the revisions of a response after one, in their order, of all that were stored
// before the call.
func (b *Book) After(ctx context.Context, k Key, revision uint32) ([]*eventsv1.ResponseReceived, error) {
	all, err := b.places(ctx, k)
	if err != nil {
		return nil, err
	}
	var later []*eventsv1.ResponseReceived
	for _, n := range slices.Sorted(maps.Keys(all)) {
		if n <= revision {
			continue
		}
		r, err := b.received(ctx, all[n])
		if err != nil {
			return nil, err
		}
		if r != nil {
			later = append(later, r)
		}
	}
	return later, nil
}

// places are where the revisions of a response stand in RESPONSES.
func (b *Book) places(ctx context.Context, k Key) (map[uint32]uint64, error) {
	id := base64.RawURLEncoding.EncodeToString([]byte(k.ResponseID))
	all := map[uint32]uint64{}
	_, err := b.bus.Whole(ctx, subject.Response(k.Survey, k.Bucket), true, func(d bus.Delivery) error {
		if d.Headers.Get(subject.HeaderResponseID) == id {
			if n, err := strconv.ParseUint(d.Headers.Get(subject.HeaderRevision), 10, 32); err == nil {
				all[uint32(n)] = d.Sequence
			}
		}
		return nil
	})
	return all, err
}

// received reads one event; nil when it has gone meanwhile, or cannot be read.
func (b *Book) received(ctx context.Context, seq uint64) (*eventsv1.ResponseReceived, error) {
	d, err := b.bus.At(ctx, subject.Responses, seq)
	if errors.Is(err, bus.ErrNotFound) {
		return nil, nil //nolint:nilnil // it has left the stream
	}
	if err != nil {
		return nil, err
	}
	r := &eventsv1.ResponseReceived{}
	if err := d.Decode(r); err != nil {
		return nil, nil //nolint:nilerr,nilnil // it is a dead letter of the scorer's by now
	}
	return r, nil
}
