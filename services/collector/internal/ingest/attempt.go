package ingest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/oklog/ulid/v2"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
)

// Bounds of deciding again after somebody else was first: a replica that answers
// with old news, or another collector that many sources send the same customer's
// answers to. It is often first as long as both try at the same pace, so the pauses
// are of no certain length, and not so long that it has the subject for itself.
const (
	maxAttempts  = 64
	firstBackoff = 2 * time.Millisecond
	lastBackoff  = 32 * time.Millisecond
	maxCatchUp   = 3 * time.Second
)

// store decides and appends until nobody else was first.
func (s *Service) store(ctx context.Context, sub response.Submission) (Result, error) {
	r := sub.Response
	if r.GetId() == "" {
		r.Id = ulid.MustNew(ulid.Timestamp(s.o.Clock.Now()), rand.Reader).String()
	}
	id := response.IdentityOf(r.GetSurvey(), r.GetId())
	unlock, err := s.identities.lock(ctx, id)
	if err != nil {
		return Result{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer unlock()
	a := attempt{Service: s, id: id, sub: sub}
	for n := range maxAttempts {
		res, err := a.once(ctx)
		if err = a.learn(ctx, err, n); err == nil {
			return res, nil
		} else if !errors.Is(err, errAgain) {
			return Result{}, err
		}
	}
	return Result{}, fmt.Errorf("%w: the subject moved on %d times", ErrUnavailable, maxAttempts)
}

// errAgain says that the decision must be taken again.
var errAgain = errors.New("decide again")

// attempt is one response on its way into the stream.
type attempt struct {
	*Service
	id      response.Identity
	sub     response.Submission
	subject string // of the last try
	tried   uint32 // revision of the last try
	floor   uint32 // revisions up to here are taken, whatever the ledger says
}

// once decides on what the ledger knows and appends under the condition that
// nothing was stored on the subject since.
func (a *attempt) once(ctx context.Context) (Result, error) {
	entry, known := a.o.Ledger.Find(a.id)
	duplicate := Result{ID: a.sub.Response.GetId(), Revision: entry.Revision, Duplicate: true, Held: entry.Sequence}
	if known && entry.Digest == a.sub.Digest {
		return duplicate, nil
	}
	event, err := a.decide(ctx, entry, known)
	if err != nil || event == nil {
		return duplicate, err
	}
	a.tried = event.GetRevision()
	a.subject = subject.Response(event.GetResponse().GetSurvey(), event.GetBucket())
	unlock, err := a.subjects.lock(ctx, a.subject)
	if err != nil {
		return Result{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer unlock()
	// The head first: whatever the ledger hears after it makes the append fail.
	head := a.o.Ledger.Head(a.subject)
	if e, k := a.o.Ledger.Find(a.id); e != entry || k != known {
		return Result{}, errAgain
	}
	seq, err := a.o.Journal.Append(ctx, event, a.sub.Digest, head)
	if err != nil {
		return Result{}, err
	}
	a.o.Ledger.Note(a.subject, a.id, Entry{Sequence: seq, Revision: event.GetRevision(), Digest: a.sub.Digest})
	return Result{ID: event.GetResponse().GetId(), Revision: event.GetRevision()}, nil
}

// decide returns the event that the submission becomes; nil when it is a
// duplicate.
func (a *attempt) decide(ctx context.Context, entry Entry, known bool) (*eventsv1.ResponseReceived, error) {
	now := a.o.Clock.Now()
	next := max(entry.Revision, a.floor) + 1
	if known {
		r := a.sub.Response
		held, err := a.o.Journal.Read(ctx, entry.Sequence, r.GetSurvey(), r.GetId())
		switch {
		case errors.Is(err, ErrGone): // nothing is left to merge with
		case err != nil:
			return nil, err
		default:
			if found := scopeOf(ctx).corrects(held.GetResponse()); len(found) > 0 {
				return nil, &ForbiddenError{found}
			}
			return a.merged(held, next, now)
		}
	}
	r := a.sub.Response
	if r.GetSubmittedAt() == nil || r.GetWhole() {
		// The message stays as it was sent: it may have to be merged after all.
		r = shallow(r)
		r.Whole = false
	}
	if r.GetSubmittedAt() == nil {
		r.SubmittedAt = timestamppb.New(now)
	}
	key := a.o.Keyer.Key(r)
	return a.received(r, nil, next, key, subject.BucketOf(key), now), nil
}

func (a *attempt) merged(held *eventsv1.ResponseReceived, next uint32, now time.Time) (*eventsv1.ResponseReceived, error) {
	whole, changed := response.Merge(held.GetResponse(), a.sub.Response)
	if !changed {
		return nil, nil
	}
	if found := response.CheckWhole(whole); len(found) > 0 {
		return nil, &InvalidError{found}
	}
	return a.received(whole, held, next, held.GetCustomerKey(), held.GetBucket(), now), nil
}

// learn makes errAgain of an error that says that somebody else was first, once
// the ledger knows what they did.
func (a *attempt) learn(ctx context.Context, err error, n int) error {
	var taken *TakenError
	switch {
	case errors.As(err, &taken) && taken.Gone:
		a.floor = a.tried
		return errAgain
	case errors.As(err, &taken):
		return a.await(ctx, taken.Sequence)
	case !errors.Is(err, ErrMoved):
		return err
	}
	if n > 0 { // a replica's old news, or a crowd: let it pass
		select {
		case <-time.After(mathrand.N(min(firstBackoff<<min(n, 8), lastBackoff))):
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
		}
	}
	head, err := a.o.Journal.Head(ctx, a.subject)
	if err != nil {
		return err
	}
	if err := a.await(ctx, head); !errors.Is(err, errAgain) {
		return err
	}
	a.o.Ledger.Behold(a.subject, head)
	return errAgain
}

func (a *attempt) await(ctx context.Context, sequence uint64) error {
	ctx, cancel := context.WithTimeout(ctx, maxCatchUp)
	defer cancel()
	if err := a.o.Ledger.Await(ctx, sequence); err != nil {
		return fmt.Errorf("%w: the ledger lags behind: %w", ErrUnavailable, err)
	}
	return errAgain
}
