// Package alerting is the service that runs the rules over every scored
// response: SCORES in, ALERTS out. It owns the rule language (internal/rule),
// the decision what raises and resolves an alert (internal/alert), and the
// ALERTS stream.
//
// State. It holds none. Whether a rule matched the revision before is worked out
// from the event, which carries it; ids are derived from what they name. So any
// number of replicas may run, and a response delivered again decides the same
// events with the same ids, which ALERTS holds once within the stream's
// duplicate window. Whoever reads ALERTS must not mind a repeat after it.
//
// Delivery. A response is acknowledged once every alert about it is stored as
// durably as the deployment promises. The responses of one customer are handled
// in order.
//
// Failure. While the event store is away or full, responses wait. When a rule
// fails on a response, the other rules' alerts are stored first; then the
// response becomes a dead letter with the reason "rule_failed" and the rule's
// name and line, because treating it as "did not match" might leave a customer
// uncalled without a word. Mending the rule and redriving the dead letter
// decides it; what was stored already is not stored again.
package alerting

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
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
	// Clock is not read: alerts carry the time their response was received. It is
	// here for rules over windows of time.
	Clock clock.Clock
}

// Service runs the rules from Start to Stop. It is started once.
type Service struct {
	cfg     Config
	bus     *bus.Bus
	log     *zap.Logger
	metrics *metrics
	rules   *rule.Set

	mu       sync.Mutex
	consumer *bus.Consumption
	stopped  bool
}

// New reads and compiles the rules and returns a service that does nothing yet.
// The error names everything wrong with the configuration, or with the rules,
// each with file, line and reason.
func New(cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("alerting: %w", err)
	}
	if deps.Bus == nil {
		return nil, errors.New("alerting: a bus is required")
	}
	rules, err := load(cfg)
	if err != nil {
		return nil, err
	}
	if deps.Log == nil {
		deps.Log = zap.NewNop()
	}
	return &Service{
		cfg: cfg, bus: deps.Bus, log: deps.Log, rules: rules, metrics: newMetrics(deps.Metrics, rules),
	}, nil
}

// Start begins to run the rules over what waits in SCORES and whatever comes
// after.
func (s *Service) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.consumer != nil || s.stopped {
		return errors.New("alerting: started twice")
	}
	spec := topology.Alerting
	spec.Lanes = s.cfg.Lanes
	consumer, err := s.bus.Consume(ctx, spec, s.handle)
	if err != nil {
		return fmt.Errorf("alerting: %w", err)
	}
	s.consumer = consumer
	s.log.Info("running the rules", zap.String("rules_version", s.rules.Version),
		zap.Int("rules", len(s.rules.Rules)), zap.Int("lanes", spec.Lanes))
	return nil
}

// Stop ends fetching at once and lets the responses in hand be finished until
// ctx ends; what is left is delivered again. Stopping again does nothing.
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
