package ingest

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/semaphore"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
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
	if found := scopeOf(ctx).sends(sub.Response); len(found) > 0 {
		return Result{}, &ForbiddenError{found}
	}
	if err := s.o.Ledger.Ready(); err != nil {
		return Result{}, fmt.Errorf("%w: %w", ErrStarting, err)
	}
	return s.store(ctx, sub)
}

// Held returns a response as it is stored last, nil when there is none. Another
// collector's revision is known some milliseconds later.
func (s *Service) Held(ctx context.Context, survey, id string) (*eventsv1.Response, error) {
	if err := s.o.Ledger.Ready(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStarting, err)
	}
	entry, known := s.o.Ledger.Find(response.IdentityOf(survey, id))
	if !known {
		return nil, nil
	}
	held, err := s.o.Journal.Read(ctx, entry.Sequence, survey, id)
	if errors.Is(err, ErrGone) {
		return nil, nil
	}
	return held.GetResponse(), err
}
