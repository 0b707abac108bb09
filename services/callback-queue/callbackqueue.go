// Package callbackqueue owns callbacks: it opens them from alerts, gives them to
// agents one at a time, and keeps what came of them. It is the only writer of
// CALLBACKS. docs/callback.md explains it; docs/state-machine.md draws it.
package callbackqueue

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/memory"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/redisindex"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/store"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/transport"
	"github.com/rappel-loop/rappel/services/internal/bus"
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
	// FirstAttemptWithin is how soon the first attempt should start where the
	// rule does not say.
	FirstAttemptWithin time.Duration `koanf:"first_attempt_within"`
	// AssignedLease, AttemptLease and WrapLease are how long an agent may prepare,
	// call, and write the wrap-up.
	AssignedLease time.Duration `koanf:"assigned_lease"`
	AttemptLease  time.Duration `koanf:"attempt_lease"`
	WrapLease     time.Duration `koanf:"wrap_lease"`
	// AgeingPerPoint is how much waiting weighs as much as a point of priority.
	AgeingPerPoint time.Duration `koanf:"ageing_per_point"`
}

// DefaultConfig is what holds without any configuration.
func DefaultConfig() Config {
	p := callback.DefaultPolicy()
	return Config{
		MaxAttempts: p.MaxAttempts, RetryGaps: p.RetryGaps, FirstAttemptWithin: p.FirstAttemptWithin,
		AssignedLease: p.AssignedLease, AttemptLease: p.AttemptLease, WrapLease: p.WrapLease, AgeingPerPoint: p.AgeingPerPoint,
	}
}

// Validate names every field that is wrong.
func (c Config) Validate() error { return c.policy().Validate() }

func (c Config) policy() callback.Policy {
	p := callback.DefaultPolicy()
	p.MaxAttempts, p.RetryGaps, p.FirstAttemptWithin = c.MaxAttempts, c.RetryGaps, c.FirstAttemptWithin
	p.AssignedLease, p.AttemptLease, p.WrapLease, p.AgeingPerPoint = c.AssignedLease, c.AttemptLease, c.WrapLease, c.AgeingPerPoint
	return p
}

// Deps is what the service works with; all but Redis are required.
type Deps struct {
	Bus     *bus.Bus
	RPC     *rpc.Server
	Log     *zap.Logger
	Metrics prometheus.Registerer
	Clock   clock.Clock
	// Redis shares the index between replicas; nil keeps it in memory, for a
	// single process.
	Redis redis.UniversalClient
	// RedisPrefix starts every key.
	RedisPrefix string
}

// Service is the callback queue.
type Service struct {
	deps  Deps
	queue *queue.Queue
	index queue.Index

	tasks    *host.Tasks
	consumer *bus.Consumption
}

// New returns a service that is registered and not started.
func New(cfg Config, d Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Service{deps: d, index: newIndex(d), tasks: host.NewTasks()}
	s.queue = queue.New(queue.Deps{
		Store: store.New(d.Bus, d.Log), Index: s.index, Policy: cfg.policy(),
		Clock: d.Clock, Log: d.Log, Metrics: queue.NewMetrics(d.Metrics),
	})
	callbackv1.RegisterCallbackServiceServer(d.RPC.GRPC(), transport.New(s.queue))
	if err := d.RPC.Gateway(callbackv1.RegisterCallbackServiceHandler); err != nil {
		return nil, err
	}
	return s, nil
}

func newIndex(d Deps) queue.Index {
	if d.Redis != nil {
		return redisindex.New(d.Redis, d.RedisPrefix)
	}
	return memory.New()
}

// Start begins to follow the stream, to watch deadlines and to take alerts. The
// service is ready once the index is complete; until then claims are answered
// from what is known.
func (s *Service) Start(ctx context.Context) error {
	s.deps.RPC.Health().AddReadiness("callback index", s.ready)
	s.tasks.Go("projector", s.queue.Project)
	s.tasks.Go("deadlines", s.queue.Watch)
	var err error
	s.consumer, err = s.deps.Bus.Consume(ctx, topology.CallbackQueue, s.handle)
	return err
}

func (s *Service) ready() error {
	ctx, cancel := context.WithTimeout(s.tasks.Context(), time.Second)
	defer cancel()
	_, err := s.index.Checkpoint(ctx)
	return err
}

// Failed yields the error of a part that cannot go on.
func (s *Service) Failed() <-chan error { return s.tasks.Failed(s.consumer.Failed()) }

// Stop ends taking alerts, lets what is in hand end, and ends the rest.
func (s *Service) Stop(ctx context.Context) error {
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
