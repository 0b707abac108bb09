// Package alerting is the service that runs the rules over every scored
// response: SCORES in, ALERTS out. It owns the rule language (internal/rule),
// which rules are in force (internal/rulebook), the decision what raises and
// resolves an alert (internal/alert), rehearsals (internal/rehearsal), and the
// streams ALERTS and RULES.
//
// Fallbacks. While a queue has too much to do, what a rule asks of it is changed by the
// fallback that the rule declares (package fallback); the alert is raised all the same and
// names it. Whether one applies is decided once, whatever the number of replicas, and known
// to each within moments; a response is decided by what its replica knows.
//
// State. Of alerts it holds none. Whether a rule matched the revision before is worked out
// from the event, which carries it; ids are derived from what they name. So any
// number of replicas may run, and a response delivered again decides the same
// events with the same ids, which ALERTS holds once within the stream's
// duplicate window. Whoever reads ALERTS must not mind a repeat after it.
//
// Rules. Each response is decided by the rules that are in force when it comes in hand,
// one version from beginning to end, which its alerts name. Other rules are in force within
// seconds, without a restart, and wrong ones never are (package rulebook).
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
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/fallback"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
	"github.com/rappel-loop/rappel/services/alerting/internal/rulebook"
	"github.com/rappel-loop/rappel/services/alerting/internal/transport"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/host"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/topology"
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
	// Clock says when rules were stored; nil is the machine's. Alerts carry the time
	// their response was received.
	Clock clock.Clock
}

// Service runs the rules from Start to Stop. It is started once.
type Service struct {
	cfg     Config
	deps    Deps
	metrics *metrics
	book    *rulebook.Book
	tasks   *host.Tasks

	fallbacks *fallback.Watcher
	inHand    time.Duration // how long a response may be in hand

	mu       sync.Mutex
	consumer *bus.Consumption
	after    *bus.Consumption // of fallbacks that end
	failed   <-chan error
	stopped  bool
}

// New reads and compiles the rules and returns a service that is registered with its
// callers and not started. The error names everything wrong with the configuration, or with
// the rules, each with file, line and reason.
func New(cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("alerting: %w", err)
	}
	if deps.Bus == nil || deps.RPC == nil {
		return nil, errors.New("alerting: a bus and an RPC server are required")
	}
	if deps.Log == nil {
		deps.Log = zap.NewNop()
	}
	if deps.Clock == nil {
		deps.Clock = clock.System{}
	}
	s := &Service{cfg: cfg, deps: deps, metrics: newMetrics(deps.Metrics), tasks: host.NewTasks(), inHand: topology.Alerting.AckWait}
	var err error
	s.book, err = rulebook.New(rulebook.Deps{
		Bus: deps.Bus, Log: deps.Log, Clock: deps.Clock, File: cfg.RulesFile, Every: cfg.RulesCheck,
		Rules: rule.Options{MaxCost: cfg.MaxRuleCost}, Changed: s.metrics.uses, Refused: s.metrics.refused.Inc,
	})
	if err != nil {
		return nil, fmt.Errorf("alerting: %w", err)
	}
	s.fallbacks = fallback.New(fallback.Deps{
		Bus: deps.Bus, Log: deps.Log, Clock: deps.Clock, Every: cfg.FallbacksCheck, Changed: s.metrics.fallbacks,
		Rules: func() *rule.Set { return s.book.Current().Set },
	})
	alertingv1.RegisterAlertingServiceServer(deps.RPC.GRPC(), transport.New(transport.Deps{
		Book: s.book, Counts: s.metrics, Rehearser: s, Fallbacks: s.fallbacks, Stopping: deps.RPC.Stopping(), Since: deps.Clock.Now(),
	}))
	if err := deps.RPC.Gateway(alertingv1.RegisterAlertingServiceHandler); err != nil {
		return nil, fmt.Errorf("alerting: %w", err)
	}
	return s, nil
}

// Start begins to run the rules over what waits in SCORES and whatever comes
// after. The rules that ought to be in force are, before the first is decided.
func (s *Service) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.consumer != nil || s.stopped {
		return errors.New("alerting: started twice")
	}
	if err := s.book.Open(ctx); err != nil {
		return fmt.Errorf("alerting: %w", err)
	}
	spec := topology.Alerting
	spec.Lanes = s.cfg.Lanes
	consumer, err := s.deps.Bus.Consume(ctx, spec, s.handle)
	if err != nil {
		return fmt.Errorf("alerting: %w", err)
	}
	s.consumer = consumer
	if s.after, err = s.deps.Bus.Consume(ctx, topology.Afterwards, s.afterwards); err != nil {
		return fmt.Errorf("alerting: %w", errors.Join(err, consumer.Stop(ctx)))
	}
	s.tasks.Go("rules", s.book.Follow)
	s.tasks.Go("fallbacks", s.fallbacks.Follow)
	s.tasks.Go("queues", s.fallbacks.Run)
	s.failed = s.tasks.Failed(consumer.Failed(), s.after.Failed())
	now := s.book.Current()
	s.deps.Log.Info("running the rules", zap.String("rules_version", now.Version.Name),
		zap.Int("rules", len(now.Set.Rules)), zap.Int("lanes", spec.Lanes))
	return nil
}

// Stop ends fetching at once and lets the responses in hand be finished until
// ctx ends; what is left is delivered again. Stopping again does nothing.
func (s *Service) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	var err error
	if s.consumer != nil {
		err = s.consumer.Stop(ctx)
	}
	if s.after != nil {
		err = errors.Join(err, s.after.Stop(ctx))
	}
	return errors.Join(err, s.tasks.Stop(ctx))
}

// Failed yields an error when the service can never go on. Call it after Start;
// before, it never yields.
func (s *Service) Failed() <-chan error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}
