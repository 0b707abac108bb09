// Package scorer is the service that scores every accepted response: RESPONSES
// in, SCORES out. It owns the meaning of a value (internal/score) and the SCORES
// stream, and holds no state.
//
// Delivery. A response is acknowledged once its score is stored as durably as
// the deployment promises. A response delivered again gets the same event id, so
// SCORES holds it once within the stream's duplicate window, and whoever reads
// SCORES must not mind a repeat after it. The responses of one customer are
// scored in order.
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

	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// Deps are what the service works with.
type Deps struct {
	// Bus reaches JetStream, with the streams and consumers in place; required.
	Bus *bus.Bus
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
	log     *zap.Logger
	clock   clock.Clock
	metrics *metrics

	mu       sync.Mutex
	consumer *bus.Consumption
	stopped  bool
}

// New returns a service that does nothing yet, or says what is wrong.
func New(cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("scorer: %w", err)
	}
	if deps.Bus == nil {
		return nil, errors.New("scorer: a bus is required")
	}
	if deps.Log == nil {
		deps.Log = zap.NewNop()
	}
	if deps.Clock == nil {
		deps.Clock = clock.System{}
	}
	return &Service{
		cfg: cfg, bus: deps.Bus, log: deps.Log, clock: deps.Clock, metrics: newMetrics(deps.Metrics),
	}, nil
}

// Start begins to score what waits in RESPONSES and whatever comes after.
func (s *Service) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.consumer != nil || s.stopped {
		return errors.New("scorer: started twice")
	}
	spec := topology.Scorer
	spec.Lanes = s.cfg.Lanes
	consumer, err := s.bus.Consume(ctx, spec, s.handle)
	if err != nil {
		return fmt.Errorf("scorer: %w", err)
	}
	s.consumer = consumer
	s.log.Info("scoring", zap.Int("lanes", spec.Lanes))
	return nil
}

// Stop ends fetching at once and lets the responses in hand be scored until ctx
// ends; what is left is delivered again. Stopping again does nothing.
func (s *Service) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	if s.consumer == nil {
		return nil
	}
	return s.consumer.Stop(ctx)
}

// Failed yields an error when the service can never go on. Call it after Start;
// before, it never yields.
func (s *Service) Failed() <-chan error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.consumer == nil {
		return nil
	}
	return s.consumer.Failed()
}
