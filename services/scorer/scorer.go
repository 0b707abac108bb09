// Package scorer is the service that says what every accepted response means: RESPONSES in,
// SCORES out. It owns the meaning of a value and of a verbatim (internal/score,
// internal/reading), the corrections that people make (CORRECTIONS, internal/correction),
// and the models that are trained of both (MODELS, internal/training and internal/registry).
//
// Delivery. A response is acknowledged once its score is stored as durably as
// the deployment promises. A response delivered again gets the same event id, so
// SCORES holds it once within the stream's duplicate window, and whoever reads
// SCORES must not mind a repeat after it. The responses of one customer are
// scored in order.
//
// Corrections. One is stored before it is answered, and the response scored again with it by
// a consumer of its own, at its latest revision; a later revision is scored with the
// corrections there are by then. Neither order loses one (see package correction), and every
// step may be repeated.
//
// Failure. While the event store is away or full, responses wait. One that
// cannot be scored becomes a dead letter with the reason "unscorable".
package scorer

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	scorerv1 "github.com/rappel-loop/rappel/proto/gen/go/api/scorer/v1"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/host"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/scalefile"
	"github.com/rappel-loop/rappel/services/internal/topology"
	"github.com/rappel-loop/rappel/services/scorer/internal/correction"
	"github.com/rappel-loop/rappel/services/scorer/internal/reading"
	"github.com/rappel-loop/rappel/services/scorer/internal/registry"
	"github.com/rappel-loop/rappel/services/scorer/internal/score"
	"github.com/rappel-loop/rappel/services/scorer/internal/training"
	"github.com/rappel-loop/rappel/services/scorer/internal/transport"
)

// Deps are what the service works with.
type Deps struct {
	// Bus reaches JetStream, with the streams and consumers in place; required.
	Bus *bus.Bus
	// RPC is where callers reach the service; required.
	RPC *rpc.Server
	// Log is the service's own logger; nil logs nothing.
	Log *zap.Logger
	// Metrics gets the service's metrics, already prefixed; nil gets none.
	Metrics prometheus.Registerer
	// Clock says when a response was scored; nil is the machine's.
	Clock clock.Clock
}

// Service scores responses from Start to Stop. It is started once.
type Service struct {
	cfg     Config
	bus     *bus.Bus
	rpc     *rpc.Server
	log     *zap.Logger
	clock   clock.Clock
	metrics *metrics
	scorer  *score.Scorer
	book    *correction.Book
	models  *registry.Registry
	tasks   *host.Tasks

	mu        sync.Mutex
	consumers []*bus.Consumption
	failed    <-chan error
	stopped   bool
}

// New returns a service that is registered with its callers and not started, or says what is
// wrong.
func New(cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("scorer: %w", err)
	}
	if deps.Bus == nil || deps.RPC == nil {
		return nil, errors.New("scorer: a bus and an RPC server are required")
	}
	if deps.Log == nil {
		deps.Log = zap.NewNop()
	}
	if deps.Clock == nil {
		deps.Clock = clock.System{}
	}
	s := &Service{
		cfg: cfg, bus: deps.Bus, rpc: deps.RPC, log: deps.Log, clock: deps.Clock, metrics: newMetrics(deps.Metrics),
		book: correction.New(deps.Bus, deps.Log, deps.Clock), tasks: host.NewTasks(),
	}
	if err := s.build(); err != nil {
		return nil, fmt.Errorf("scorer: %w", err)
	}
	return s, nil
}

func (s *Service) build() error {
	scales, err := scalefile.Open(s.cfg.ScalesFile)
	if err != nil {
		return err
	}
	reader, base, err := newReader(s.cfg.ThemesFile)
	if err != nil {
		return err
	}
	s.metrics.uses(base.Version())
	s.scorer = score.New(score.Options{Scales: scales, Reader: reader, Priority: s.cfg.Priority, Certain: s.cfg.Certain})
	s.models = registry.New(registry.Deps{
		Bus: s.bus, Log: s.log, Clock: s.clock, Base: base, Decode: decode, Unreadable: s.metrics.unreadable.Inc,
		Use: func(m reading.Model) {
			reader.Use(m)
			s.metrics.uses(m.Version())
		},
	})
	trainer := training.New(training.Deps{
		Bus: s.bus, Log: s.log, Clock: s.clock, Analyser: reader.Analyser(), Scales: scales, Registry: s.models,
		Learner: learner{reader.Analyser(), base}, Options: s.cfg.Training,
		Ended: func(result string) { s.metrics.trainings.WithLabelValues(result).Inc() },
	})
	scorerv1.RegisterScorerServiceServer(s.rpc.GRPC(), transport.New(transport.Deps{
		Reader: reader, Book: s.book, Models: s.models, Trainer: trainer, Stopping: s.rpc.Stopping(),
	}))
	return s.rpc.Gateway(scorerv1.RegisterScorerServiceHandler)
}

// Start begins to score what waits in RESPONSES and whatever comes after, and to follow the
// corrections and the models.
func (s *Service) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.consumers != nil || s.stopped {
		return errors.New("scorer: started twice")
	}
	s.rpc.Health().AddReadiness("models", s.models.Ready)
	s.tasks.Go("models", s.models.Follow)
	spec := topology.Scorer
	spec.Lanes = s.cfg.Lanes
	var failures []<-chan error
	for _, c := range []struct {
		spec   topology.Consumer
		handle bus.Handler
	}{{topology.Corrections, s.corrected}, {spec, s.handle}} {
		consumer, err := s.bus.Consume(ctx, c.spec, c.handle)
		if err != nil {
			return fmt.Errorf("scorer: %w", err)
		}
		s.consumers = append(s.consumers, consumer)
		failures = append(failures, consumer.Failed())
	}
	s.failed = s.tasks.Failed(failures...)
	s.log.Info("scoring", zap.Int("lanes", spec.Lanes))
	return nil
}

// Stop ends fetching at once and lets the responses in hand be scored until ctx
// ends; what is left is delivered again. Stopping again does nothing.
func (s *Service) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	errs := make([]error, len(s.consumers)+1)
	var stopping sync.WaitGroup
	for i, c := range s.consumers {
		stopping.Go(func() { errs[i] = c.Stop(ctx) })
	}
	stopping.Wait()
	errs[len(s.consumers)] = s.tasks.Stop(ctx)
	return errors.Join(errs...)
}

// Failed yields an error when the service can never go on. Call it after Start;
// before, it never yields.
func (s *Service) Failed() <-chan error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}
