package ingest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/oklog/ulid/v2"
	"golang.org/x/sync/semaphore"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
)

// Options are what a Service works with; all are required.
type Options struct {
	Normaliser *response.Normaliser
	Keyer      *response.Keyer
	Ledger     Ledger
	Journal    Journal
	Clock      Clock
	// MaxInFlight bounds the responses being stored at once.
	MaxInFlight int
	// Count is told what came of each response.
	Count func(Verdict)
}

// Service takes responses in. Safe for concurrent use.
type Service struct {
	o          Options
	slots      *semaphore.Weighted
	identities *locks[response.Identity]
	subjects   *locks[string]
}

// New returns a service.
func New(o Options) *Service {
	return &Service{
		o: o, slots: semaphore.NewWeighted(int64(o.MaxInFlight)),
		identities: newLocks[response.Identity](), subjects: newLocks[string](),
	}
}

// Close waits until nothing is being stored, or until ctx ends; whoever comes
// after is told that the service is busy.
func (s *Service) Close(ctx context.Context) error {
	if err := s.slots.Acquire(ctx, int64(s.o.MaxInFlight)); err != nil {
		return fmt.Errorf("responses are still being stored: %w", err)
	}
	return nil
}

// Submit stores one response durably.
func (s *Service) Submit(ctx context.Context, r *eventsv1.Response) (Result, error) {
	res, err := s.submit(ctx, r)
	s.o.Count(VerdictOf(res, err))
	return res, err
}

func (s *Service) submit(ctx context.Context, r *eventsv1.Response) (Result, error) {
	if !s.slots.TryAcquire(1) {
		return Result{}, ErrBusy
	}
	defer s.slots.Release(1)
	res, err := s.take(ctx, r)
	if err != nil {
		return Result{}, err
	}
	if err := s.o.Journal.Durable(ctx); err != nil {
		return Result{}, err
	}
	return res, nil
}

// Check returns everything that is wrong with a response, and takes it over.
func (s *Service) Check(r *eventsv1.Response) []response.Violation {
	_, found := s.o.Normaliser.Normalise(r, s.o.Clock.Now())
	return found
}

// Count counts a response that was refused before it got here.
func (s *Service) Count(v Verdict) { s.o.Count(v) }

// take checks a response and stores it; it is not durable yet.
func (s *Service) take(ctx context.Context, r *eventsv1.Response) (Result, error) {
	sub, found := s.o.Normaliser.Normalise(r, s.o.Clock.Now())
	if len(found) > 0 {
		return Result{}, &InvalidError{found}
	}
	if err := s.o.Ledger.Ready(); err != nil {
		return Result{}, fmt.Errorf("%w: %w", ErrStarting, err)
	}
	return s.store(ctx, sub)
}

// Bounds of deciding again after somebody else was first. Another collector that
// writes the same subject all the time is unlikely beyond belief; a replica that
// answers with old news is not.
const (
	maxAttempts  = 8
	firstBackoff = 2 * time.Millisecond
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
	duplicate := Result{ID: a.sub.Response.GetId(), Revision: entry.Revision, Duplicate: true}
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
			return a.merged(held, next, now)
		}
	}
	r := a.sub.Response
	if r.GetSubmittedAt() == nil {
		// The message stays as it was sent: it may have to be merged after all.
		r = shallow(r)
		r.SubmittedAt = timestamppb.New(now)
	}
	key := a.o.Keyer.Key(r)
	return received(r, nil, next, key, subject.BucketOf(key), now), nil
}

func (a *attempt) merged(held *eventsv1.ResponseReceived, next uint32, now time.Time) (*eventsv1.ResponseReceived, error) {
	whole, changed := response.Merge(held.GetResponse(), a.sub.Response)
	if !changed {
		return nil, nil
	}
	if found := response.CheckWhole(whole); len(found) > 0 {
		return nil, &InvalidError{found}
	}
	return received(whole, held.GetResponse(), next, held.GetCustomerKey(), held.GetBucket(), now), nil
}

func received(r, previous *eventsv1.Response, revision uint32, key, bucket string, now time.Time) *eventsv1.ResponseReceived {
	return &eventsv1.ResponseReceived{
		EventId: eventID(r.GetSurvey(), r.GetId(), revision), ReceivedAt: timestamppb.New(now), Revision: revision,
		CustomerKey: key, Bucket: bucket, Response: r, Previous: previous,
	}
}

// eventID is the same for the same revision of the same response, whoever makes
// it and whatever is in it.
func eventID(survey, id string, revision uint32) string {
	b := append(append(append(make([]byte, 0, 256), survey...), '/'), id...)
	b = strconv.AppendUint(append(b, '/'), uint64(revision), 10)
	sum := sha256.Sum256(b)
	return "resp-" + hex.EncodeToString(sum[:16])
}

// shallow copies the fields of a response, not what they hold.
func shallow(r *eventsv1.Response) *eventsv1.Response {
	return &eventsv1.Response{
		Id: r.GetId(), Survey: r.GetSurvey(), Channel: r.GetChannel(), Touchpoint: r.GetTouchpoint(), Customer: r.GetCustomer(),
		Answers: r.GetAnswers(), CallbackRequested: r.GetCallbackRequested(), Attributes: r.GetAttributes(), Consent: r.GetConsent(),
		SubmittedAt: r.GetSubmittedAt(),
	}
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
		case <-time.After(firstBackoff << n):
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
