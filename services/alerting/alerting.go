// Package alerting is the service that runs the rules over every scored response, keeps what
// becomes of each alert, and tells people. It owns:
//
//   - rules: the language (internal/rule), which are in force (internal/rulebook), what raises
//     and resolves an alert (internal/alert), customers' history (internal/history), fallbacks
//     (internal/fallback), the figures of metric rules (internal/movement, internal/lookout), and
//     rehearsals (internal/rehearsal);
//   - alerts: whether each stands and who looks after it (internal/alertstate);
//   - people: silences (internal/silence), who is told of what and when (internal/notifyfile,
//     internal/plan, internal/planner), and how it reaches them (internal/delivery,
//     internal/message, internal/sender);
//
// and the streams ALERTS, RULES, ALERT_STATES, SILENCES, NOTIFICATIONS, DELIVERIES, RECEIVERS
// and FALLBACKS.
//
// State. To run the rules it needs none. Whether a rule matched the revision before is worked
// out from the event, which carries it; ids are derived from what they name. So any number of
// replicas may run, and a response delivered again decides the same events with the same ids,
// which ALERTS holds once within the stream's duplicate window. Whoever reads ALERTS must not
// mind a repeat after it. All else are documents, changed under a compare-and-set and followed
// by every replica (docs/adr/0014-alerts-are-documents.md).
//
// Rules. Each response is decided by the rules that are in force when it comes in hand, one
// version from beginning to end, which its alerts name. Other rules are in force within
// seconds, without a restart, and wrong ones never are (package rulebook).
//
// History. Rules may ask about the customer's callbacks and answers as they were when the
// response was first received (package history), so that every revision of it, on whatever
// replica, is decided on the same. Nothing is read unless a rule asks. Where one asks for
// earlier answers, each process keeps them in memory, a projection of SCORES.
//
// Fallbacks. While a queue has too much to do, what a rule asks of it is changed by the
// fallback that the rule declares; the alert is raised all the same and names it. Whether one
// applies is decided once, whatever the number of replicas, and known to each within moments; a
// response is decided by what its replica knows.
//
// Delivery. A response is acknowledged once every alert about it is stored as durably as the
// deployment promises. One process handles a customer's responses in order; two may store what
// two revisions make in either order, so that whoever reads ALERTS compares revisions.
//
// Failure. While the event store is away or full, responses wait; and so they do while a
// history that rules ask for cannot be read. When a rule fails on a response, the other rules'
// alerts are stored first; then the response becomes a dead letter with the reason
// "rule_failed" and the rule's name and line, because treating it as "did not match" might
// leave a customer uncalled without a word. Mending the rule and redriving the dead letter
// decides it; what was stored already is not stored again. Nothing that has to do with telling
// people holds up the rules.
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
	"github.com/rappel-loop/rappel/services/alerting/internal/alertstate"
	"github.com/rappel-loop/rappel/services/alerting/internal/fallback"
	"github.com/rappel-loop/rappel/services/alerting/internal/history"
	"github.com/rappel-loop/rappel/services/alerting/internal/lookout"
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
	alerts  *alertstate.Book
	telling *telling
	lookout *lookout.Lookout
	history *history.Reader
	sending *sending
	api     *transport.Server
	tasks   *host.Tasks

	fallbacks *fallback.Watcher
	inHand    time.Duration // how long a response may be in hand

	mu        sync.Mutex
	consumers []*bus.Consumption
	failed    <-chan error
	stopped   bool
}

// lookAround is how often is looked whether the time of an alert is over.
const lookAround = time.Second

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
	past := history.New(history.Deps{Bus: deps.Bus, Log: deps.Log, Clock: deps.Clock})
	s := &Service{cfg: cfg, deps: deps, metrics: newMetrics(deps.Metrics, past.Counts), history: past, tasks: host.NewTasks(), inHand: topology.Alerting.AckWait}
	var err error
	s.book, err = rulebook.New(rulebook.Deps{
		Bus: deps.Bus, Log: deps.Log, Clock: deps.Clock, File: cfg.RulesFile, Every: cfg.RulesCheck,
		Rules: rule.Options{MaxCost: cfg.MaxRuleCost}, Changed: s.uses, Refused: s.metrics.refused.Inc,
	})
	if err != nil {
		return nil, fmt.Errorf("alerting: %w", err)
	}
	s.alerts = alertstate.New(alertstate.Options{Bus: deps.Bus, Log: deps.Log.Named("alerts"), Clock: deps.Clock})
	s.metrics.stand(deps.Metrics, s.alerts)
	s.sending = newSending(cfg, deps, s.tasks)
	if s.telling, err = newTelling(cfg, deps, s.alerts, s.sending); err != nil {
		return nil, fmt.Errorf("alerting: %w", err)
	}
	s.lookout = lookout.New(lookout.Deps{
		Bus: deps.Bus, Log: deps.Log, Clock: deps.Clock, Alerts: metricAlerts{s.alerts},
		Rules: func() *rule.Set { return s.book.Current().Set }, Told: s.metrics.looked,
	})
	s.fallbacks = fallback.New(fallback.Deps{
		Bus: deps.Bus, Log: deps.Log, Clock: deps.Clock, Every: cfg.FallbacksCheck, Changed: s.metrics.fallbacks, Outbox: s.sending.deliveries,
		Rules: func() *rule.Set { return s.book.Current().Set },
	})
	s.api = transport.New(transport.Deps{
		Book: s.book, Alerts: s.alerts, Told: s.telling.planner, Groups: s.telling.planner, Silences: s.telling.silences, Figures: s.lookout, Deliveries: s.sending.deliveries, Fallbacks: s.fallbacks,
		Now: deps.Clock.Now, Counts: s.metrics, Rehearser: s, Stopping: deps.RPC.Stopping(), Since: deps.Clock.Now(),
	})
	alertingv1.RegisterAlertingServiceServer(deps.RPC.GRPC(), s.api)
	if err := deps.RPC.Gateway(alertingv1.RegisterAlertingServiceHandler); err != nil {
		return nil, fmt.Errorf("alerting: %w", err)
	}
	return s, nil
}

// uses is told which rules are in force.
func (s *Service) uses(f rulebook.InForce) {
	s.metrics.uses(f)
	s.history.Need(f.Set.Days())
}

// Start begins to run the rules over what waits in SCORES and whatever comes
// after. The rules that ought to be in force are, before the first is decided.
func (s *Service) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.consumers != nil || s.stopped {
		return errors.New("alerting: started twice")
	}
	if err := s.book.Open(ctx); err != nil {
		return fmt.Errorf("alerting: %w", err)
	}
	failing, err := s.consume(ctx)
	if err != nil {
		return fmt.Errorf("alerting: %w", err)
	}
	s.tasks.Go("rules", s.book.Follow)
	s.tasks.Go("alerts", s.alerts.Follow)
	s.tasks.Go("alerts' time", s.watchTime)
	s.telling.start(s.tasks)
	s.tasks.Go("figures", s.lookout.Run)
	s.tasks.Go("history", s.history.Follow)
	s.sending.start(s.tasks)
	s.tasks.Go("fallbacks", s.fallbacks.Follow)
	s.tasks.Go("queues", s.fallbacks.Run)
	s.failed = s.tasks.Failed(failing...)
	now := s.book.Current()
	s.deps.Log.Info("running the rules", zap.String("rules_version", now.Version.Name),
		zap.Int("rules", len(now.Set.Rules)), zap.Int("metrics", len(now.Set.Metrics)), zap.Int("lanes", s.cfg.Lanes))
	return nil
}

// consume begins to handle events. Where one consumer cannot begin, those that have are
// Stop's to end.
func (s *Service) consume(ctx context.Context) ([]<-chan error, error) {
	scores := topology.Alerting
	scores.Lanes = s.cfg.Lanes
	var failing []<-chan error
	for _, c := range []struct {
		spec   topology.Consumer
		handle bus.Handler
	}{
		{scores, s.handle},
		{topology.AlertStates, s.alerts.TakeAlert},
		{topology.AlertCallbacks, s.alerts.TakeCallback},
		{topology.Notifications, s.sending.deliveries.TakeNotification},
		{topology.Afterwards, s.afterwards},
	} {
		consumer, err := s.deps.Bus.Consume(ctx, c.spec, c.handle)
		if err != nil {
			return nil, err
		}
		s.consumers = append(s.consumers, consumer)
		failing = append(failing, consumer.Failed())
	}
	return failing, nil
}

// watchTime does to alerts what time brings, until ctx ends.
func (s *Service) watchTime(ctx context.Context) error {
	clock.Every(ctx, lookAround, func() {
		if err := s.alerts.Step(ctx); err != nil && ctx.Err() == nil {
			s.deps.Log.Warn("alerts whose time is over wait", zap.Error(err))
		}
	})
	return nil
}

// Stop ends fetching at once and lets the events in hand be finished until
// ctx ends; what is left is delivered again. Stopping again does nothing.
func (s *Service) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	errs := make([]error, len(s.consumers)+2)
	var ending sync.WaitGroup
	ending.Go(func() { errs[len(s.consumers)+1] = s.sending.deliveries.Stop(ctx) })
	for i, c := range s.consumers {
		ending.Go(func() { errs[i] = c.Stop(ctx) })
	}
	ending.Wait()
	errs[len(s.consumers)] = s.tasks.Stop(ctx)
	s.sending.sender.Close()
	return errors.Join(errs...)
}

// Failed yields an error when the service can never go on. Call it after Start;
// before, it never yields.
func (s *Service) Failed() <-chan error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}
