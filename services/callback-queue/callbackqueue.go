// Package callbackqueue owns callbacks: it opens them from alerts, gives them to
// agents one at a time, and keeps what came of them. It is the only writer of
// CALLBACKS. docs/callback.md explains it; docs/state-machine.md draws it.
package callbackqueue

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
	_ "time/tzdata" // customers' zones are the same on every machine

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/memory"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/redisindex"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/rootcause"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/store"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/transport"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/calendar"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/host"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// Config is what a deployment decides about callbacks.
type Config struct {
	// MaxAttempts is how many real tries are made before a callback is closed as
	// unreachable.
	MaxAttempts int `koanf:"max_attempts"`
	// RetryGaps are the waits after the first, second, … try that found nobody.
	RetryGaps []time.Duration `koanf:"retry_gaps"`
	// TimesOfDay are parts of the day on the customer's clock, as 09:00-12:00, at
	// which tries are made in turn; without any the gaps alone decide.
	TimesOfDay []string `koanf:"times_of_day"`
	// TimeZone is the clock of customers whose own is not known, as Europe/Paris.
	TimeZone string `koanf:"time_zone"`
	// FirstAttemptWithin is how soon the first attempt should start where the
	// rule does not say.
	FirstAttemptWithin time.Duration `koanf:"first_attempt_within"`
	// AssignedLease, AttemptLease and WrapLease are how long an agent may prepare,
	// call, and write the wrap-up.
	AssignedLease time.Duration `koanf:"assigned_lease"`
	AttemptLease  time.Duration `koanf:"attempt_lease"`
	WrapLease     time.Duration `koanf:"wrap_lease"`
	// ReopenWithin is how long after its close a callback can be reopened.
	ReopenWithin time.Duration `koanf:"reopen_within"`
	// AgeingPerPoint is how much waiting weighs as much as a point of priority.
	AgeingPerPoint time.Duration `koanf:"ageing_per_point"`
	// RootCausesFile holds the tree that a wrap-up chooses its root cause from;
	// empty allows any words.
	RootCausesFile string `koanf:"root_causes_file"`
}

// DefaultConfig is what holds without any configuration.
func DefaultConfig() Config {
	p := callback.DefaultPolicy()
	return Config{
		MaxAttempts: p.MaxAttempts, RetryGaps: p.RetryGaps, TimeZone: "Europe/Paris", FirstAttemptWithin: p.FirstAttemptWithin,
		AssignedLease: p.AssignedLease, AttemptLease: p.AttemptLease, WrapLease: p.WrapLease, ReopenWithin: p.ReopenWithin, AgeingPerPoint: p.AgeingPerPoint,
	}
}

// Validate names every field that is wrong.
func (c Config) Validate() error {
	p, err := c.policy()
	return errors.Join(err, p.Validate())
}

func (c Config) policy() (callback.Policy, error) {
	p := callback.DefaultPolicy()
	p.MaxAttempts, p.RetryGaps, p.FirstAttemptWithin = c.MaxAttempts, c.RetryGaps, c.FirstAttemptWithin
	p.AssignedLease, p.AttemptLease, p.WrapLease, p.AgeingPerPoint = c.AssignedLease, c.AttemptLease, c.WrapLease, c.AgeingPerPoint
	p.ReopenWithin = c.ReopenWithin
	var wrong []error
	everyDay := func(periods ...string) (calendar.Week, error) {
		return calendar.ParseWeek(map[string][]string{"mon-sun": periods})
	}
	if _, err := everyDay(c.TimesOfDay...); err != nil { // what overlaps, too
		wrong = append(wrong, fmt.Errorf("times_of_day: %w", err))
	}
	for _, period := range c.TimesOfDay {
		week, _ := everyDay(period) // refused above
		p.TimesOfDay = append(p.TimesOfDay, week)
	}
	var err error
	if p.Zone, err = time.LoadLocation(c.TimeZone); err != nil {
		wrong = append(wrong, fmt.Errorf("time_zone: %q is no time zone, as Europe/Paris", c.TimeZone))
	}
	return p, errors.Join(wrong...)
}

// Deps is what the service works with.
type Deps struct {
	// Bus reaches JetStream, with the streams and consumers in place; required.
	Bus *bus.Bus
	// RPC is where callers reach the service; required.
	RPC *rpc.Server
	// Log is the service's own logger; nil logs nothing.
	Log *zap.Logger
	// Metrics gets the service's metrics; nil gets none.
	Metrics prometheus.Registerer
	// Clock tells the time; nil is the machine's.
	Clock clock.Clock
	// Redis shares the index between replicas; nil keeps it in memory, for a
	// single process.
	Redis redis.UniversalClient
	// RedisPrefix starts every key.
	RedisPrefix string
}

// Service is the callback queue. It is started once.
type Service struct {
	deps   Deps
	queue  *queue.Queue
	index  queue.Index
	causes callback.RootCauses
	tasks  *host.Tasks

	mu       sync.Mutex
	consumer *bus.Consumption
	failed   <-chan error
	stopped  bool
}

// New returns a service that is registered with its callers and not started, or
// says what is wrong.
func New(cfg Config, d Deps) (*Service, error) {
	s, err := build(cfg, &d)
	if err != nil {
		return nil, fmt.Errorf("callback queue: %w", err)
	}
	callbackv1.RegisterCallbackServiceServer(d.RPC.GRPC(), transport.New(s.queue, s.causes))
	if err := d.RPC.Gateway(callbackv1.RegisterCallbackServiceHandler); err != nil {
		return nil, fmt.Errorf("callback queue: %w", err)
	}
	return s, nil
}

func build(cfg Config, d *Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if err := d.complete(); err != nil {
		return nil, err
	}
	metrics, err := queue.NewMetrics(d.Metrics)
	if err != nil {
		return nil, err
	}
	found, err := store.NewMetrics(d.Metrics)
	if err != nil {
		return nil, err
	}
	policy, err := cfg.policy()
	if err != nil {
		return nil, err
	}
	if policy.RootCauses, err = loadCauses(cfg.RootCausesFile); err != nil {
		return nil, err
	}
	s := &Service{deps: *d, index: newIndex(*d), tasks: host.NewTasks(), causes: policy.RootCauses}
	s.queue = queue.New(queue.Deps{
		Store: store.New(d.Bus, d.Log, found), Index: s.index, Policy: policy,
		Clock: d.Clock, Log: d.Log, Metrics: metrics,
	})
	return s, nil
}

// loadCauses reads the tree of root causes; without a file there is none.
func loadCauses(file string) (callback.RootCauses, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("root_causes_file: %w", err)
	}
	tree, err := rootcause.Load(file, text)
	if err != nil {
		return nil, fmt.Errorf("the root causes are refused:\n%w", err)
	}
	return tree, nil
}

// complete fills what may be left out and says what is missing.
func (d *Deps) complete() error {
	if d.Bus == nil || d.RPC == nil {
		return errors.New("a bus and an RPC server are required")
	}
	if d.Log == nil {
		d.Log = zap.NewNop()
	}
	if d.Clock == nil {
		d.Clock = clock.System{}
	}
	return nil
}

func newIndex(d Deps) queue.Index {
	if d.Redis != nil {
		return redisindex.New(d.Redis, d.RedisPrefix)
	}
	return memory.New()
}

// Start begins to follow the stream, to watch deadlines and to take alerts. The
// service is ready once the index is complete; until then claims are answered
// from what is known, or asked to come back.
func (s *Service) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.consumer != nil || s.stopped {
		return errors.New("callback queue: started twice")
	}
	consumer, err := s.deps.Bus.Consume(ctx, topology.CallbackQueue, s.handle)
	if err != nil {
		return fmt.Errorf("callback queue: %w", err)
	}
	s.consumer = consumer
	s.deps.RPC.Health().AddReadiness("callback index", s.ready)
	s.tasks.Go("projector", s.queue.Project)
	s.tasks.Go("deadlines", s.queue.Watch)
	s.failed = s.tasks.Failed(consumer.Failed())
	return nil
}

func (s *Service) ready() error {
	ctx, cancel := context.WithTimeout(s.tasks.Context(), time.Second)
	defer cancel()
	_, err := s.index.Checkpoint(ctx)
	return err
}

// Failed yields an error when the service can never go on. Call it after Start;
// before, it never yields.
func (s *Service) Failed() <-chan error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// Stop ends taking alerts, lets those in hand end until ctx does, and ends the
// rest. Stopping again does nothing.
func (s *Service) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	var err error
	if s.consumer != nil {
		err = s.consumer.Stop(ctx)
	}
	return errors.Join(err, s.tasks.Stop(ctx))
}

// Module is the service as a part of a process. redisConfig without addresses
// keeps the index in memory.
func Module(cfg Config, redisConfig host.RedisConfig) host.Module {
	return host.Module{Name: "callback-queue", Start: func(ctx context.Context, p *host.Process) error {
		d := Deps{
			Bus: p.Bus, RPC: p.RPC, Log: p.Log.Named("callback-queue"), Metrics: p.Metrics, Clock: p.Clock,
			RedisPrefix: redisConfig.Prefix,
		}
		if len(redisConfig.Addrs) > 0 {
			client, err := host.ConnectRedis(ctx, p, redisConfig)
			if err != nil {
				return err
			}
			d.Redis = client
		}
		s, err := New(cfg, d)
		if err != nil {
			return err
		}
		p.OnStop("callback-queue", s.Stop)
		if err := s.Start(ctx); err != nil {
			return err
		}
		p.Watch("callback-queue failures", s.Failed())
		return nil
	}}
}
