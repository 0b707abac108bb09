// Package push is the collector's second use case: what sources tell by webhooks is
// stored as it was told, and becomes responses afterwards (package hook says why).
//
// Safety. A call is answered once all it told is durable. What was told twice is stored
// once while the stream remembers its id, and becomes the same responses ever after: a
// response without an id of its own gets one made of its push's. One whose mapping does
// not say when it was given was given when its source says so, or else when it was told.
//
// Failure. A push that cannot become responses is given up with a reason (unmappable,
// refused, not_at_source, no_push) that names fields and paths, and nothing of what
// stands there; the other responses of the same push are stored. `rappel dead-letters`
// lists it and has it tried again.
package push

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector/internal/access"
	"github.com/rappel-loop/rappel/services/collector/internal/hook"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/collector/internal/journal"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// ErrUnknown says that no endpoint of that source and name is configured.
var ErrUnknown = errors.New("no such endpoint is configured")

// Ingest stores responses: ingest.Service.
type Ingest interface {
	SubmitBatch(ctx context.Context, rows []ingest.Row) ([]ingest.Outcome, error)
}

// Outcome is what came of a call, of a push or of what it told, for counting.
type Outcome string

// The outcomes: of calls the first four, of pushes the others.
const (
	Taken       Outcome = "taken"
	Refused     Outcome = "refused"
	Limited     Outcome = "limited"
	Unavailable Outcome = "unavailable"
	Answered    Outcome = "answered"
	Skipped     Outcome = "skipped"
	Retried     Outcome = "retried"
	GivenUp     Outcome = "given_up"
)

// Outcomes are all of them.
var Outcomes = [...]Outcome{Taken, Refused, Limited, Unavailable, Answered, Skipped, Retried, GivenUp}

// Options are what a Service works with; all are required but for Admit and FirstDelay.
type Options struct {
	// Endpoints by name.
	Endpoints map[string]*hook.Endpoint
	Bus       *bus.Bus
	Ingest    Ingest
	Log       *zap.Logger
	// Count is told what came of what an endpoint was told.
	Count func(endpoint string, o Outcome)
	// Admit lets a genuine call to an endpoint in, or returns an *access.RefusedError; nil
	// lets all in.
	Admit func(ctx context.Context, endpoint string) error
	// FirstDelay is how long after a failure of a source's API it is asked again; 0 is 5 s.
	FirstDelay time.Duration
}

// Service takes calls from New on, and makes responses of them from Start to Stop.
type Service struct {
	o      Options
	failed chan error

	mu        sync.Mutex
	consumers []*bus.Consumption
	watching  sync.WaitGroup
	stopping  chan struct{}
}

// New returns a service that stores and does not handle yet.
func New(o Options) *Service {
	if o.FirstDelay == 0 {
		o.FirstDelay = firstDelay
	}
	return &Service{o: o, failed: make(chan error, 1), stopping: make(chan struct{})}
}

// Start makes the endpoints' consumers and begins to handle what waits.
func (s *Service) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.warnOfOrphans(ctx); err != nil {
		return err
	}
	for _, e := range s.o.Endpoints {
		if e.Undated() {
			s.o.Log.Warn("nothing says when this endpoint's answers were given: who plays an old call again, hours later, takes back what was corrected since; give its mapping a submittedAt, or sign with the time",
				zap.String("endpoint", e.Name))
		}
		spec := topology.PushesOf(e.Source, e.Name, e.Asks())
		if err := s.o.Bus.Ensure(ctx, spec); err != nil {
			return err
		}
		c, err := s.o.Bus.Consume(ctx, spec, func(ctx context.Context, d bus.Delivery) error { return s.handle(ctx, e, d) })
		if err != nil {
			return err
		}
		s.consumers = append(s.consumers, c)
		s.watching.Go(func() { s.watch(c) })
	}
	return nil
}

// warnOfOrphans says which endpoints were told something and are no longer configured:
// nobody handles that.
func (s *Service) warnOfOrphans(ctx context.Context) error {
	stream, err := s.o.Bus.JetStream().Stream(ctx, subject.Pushes)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("the stream of pushes: %w", err)
	}
	consumers := stream.ListConsumers(ctx)
	for c := range consumers.Info() {
		name, ours := strings.CutPrefix(c.Name, topology.PushPrefix)
		if waiting := c.NumPending + uint64(max(c.NumAckPending, 0)); ours && s.o.Endpoints[name] == nil && waiting > 0 {
			s.o.Log.Warn("an endpoint that is no longer configured was told something that nobody handles; configure it again, or let it expire",
				zap.String("endpoint", name), zap.Uint64("pushes", waiting))
		}
	}
	return consumers.Err()
}

func (s *Service) watch(c *bus.Consumption) {
	select {
	case err := <-c.Failed():
		select {
		case s.failed <- err:
		default: // the first is enough
		}
	case <-s.stopping:
	}
}

// Failed yields an error when an endpoint's pushes can never be handled again.
func (s *Service) Failed() <-chan error { return s.failed }

// Stop ends handling; what is in hand may end until ctx does. It is called once.
func (s *Service) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.stopping)
	errs := make([]error, len(s.consumers))
	var all sync.WaitGroup
	for i, c := range s.consumers {
		all.Go(func() { errs[i] = c.Stop(ctx) })
	}
	all.Wait()
	s.watching.Wait()
	for _, e := range s.o.Endpoints {
		e.Close()
	}
	return errors.Join(errs...)
}

// Endpoint returns ErrUnknown unless there is one of this source and name.
func (s *Service) Endpoint(source, name string) (*hook.Endpoint, error) {
	e, known := s.o.Endpoints[name]
	if !known || e.Source != source {
		return nil, ErrUnknown
	}
	return e, nil
}

// Take verifies a call to an endpoint and stores what it tells, durably. It returns how
// many pushes that is. Errors are package hook's, ingest's ErrFull and ErrUnavailable, and
// those of Options.Admit: whether the source may call more often is asked once it is the
// source, so that nobody else can use up what it may.
func (s *Service) Take(ctx context.Context, e *hook.Endpoint, c hook.Call) (int, error) {
	pushes, err := e.Accept(ctx, c)
	if err == nil && s.o.Admit != nil {
		err = s.o.Admit(ctx, e.Name)
	}
	if err == nil {
		err = s.store(ctx, e, c.At, pushes)
	}
	var limited *access.RefusedError
	switch {
	case err == nil:
		s.o.Count(e.Name, Taken)
	case errors.As(err, &limited):
		s.o.Count(e.Name, Limited)
	case errors.Is(err, ingest.ErrFull), errors.Is(err, ingest.ErrUnavailable), errors.Is(err, hook.ErrKeys):
		s.o.Count(e.Name, Unavailable)
	default:
		s.o.Count(e.Name, Refused)
	}
	return len(pushes), err
}

func (s *Service) store(whole context.Context, e *hook.Endpoint, at time.Time, pushes []hook.Push) error {
	if len(pushes) == 0 {
		return nil
	}
	appending, ctx := errgroup.WithContext(whole)
	appending.SetLimit(maxAppends)
	for _, lane := range byLane(pushes) {
		appending.Go(func() error {
			for _, p := range lane {
				if err := s.append(ctx, e, at, p); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := appending.Wait(); err != nil {
		return journal.Translate(err)
	}
	return journal.Translate(s.o.Bus.Durable(whole))
}

func (s *Service) append(ctx context.Context, e *hook.Endpoint, at time.Time, p hook.Push) error {
	event := &eventsv1.PushReceived{
		EventId: p.EventID(e.Name), ReceivedAt: timestamppb.New(at), Source: e.Source, Endpoint: e.Name, PushId: p.ID, Body: p.Body,
	}
	_, err := s.o.Bus.Append(ctx, bus.Event{Subject: subject.Push(e.Source, e.Name, p.Lane()), ID: event.GetEventId(), Body: event})
	return err
}

// maxAppends bounds how much of one call is on its way to the store at once.
const maxAppends = 64

// byLane parts pushes, so that those about one response stay in order.
func byLane(pushes []hook.Push) map[string][]hook.Push {
	lanes := make(map[string][]hook.Push, len(pushes))
	for _, p := range pushes {
		lanes[p.Lane()] = append(lanes[p.Lane()], p)
	}
	return lanes
}
