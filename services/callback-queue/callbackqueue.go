// Package callbackqueue owns callbacks: it opens them from alerts, gives them to
// agents one at a time, and keeps what came of them. It also keeps the roster of
// those agents. It is the only writer of CALLBACKS and AGENTS. docs/callback.md explains it; docs/state-machine.md draws it.
package callbackqueue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	agentv1 "github.com/rappel-loop/rappel/proto/gen/go/api/agent/v1"
	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/directory"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/dispatch"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
	floormemory "github.com/rappel-loop/rappel/services/callback-queue/internal/floor/memory"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor/redisfloor"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/memory"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/redisindex"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/measuring"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/store"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/transport"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/donotcall"
	"github.com/rappel-loop/rappel/services/internal/host"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

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
	agents *directory.Directory
	index  queue.Index
	floor  floor.Floor
	causes callback.RootCauses
	tasks  *host.Tasks
	barred *donotcall.List
	trims  bool
	saved  *snapshots          // nil where the index is not saved
	stats  *measuring.Measurer // nil where nothing is told

	dispatcher *dispatch.Dispatcher

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
	callbackv1.RegisterCallbackServiceServer(d.RPC.GRPC(), transport.New(transport.Deps{
		Queue: s.queue, Desks: s.dispatcher, Stopping: d.RPC.Stopping(), Causes: s.causes,
	}))
	agentv1.RegisterAgentServiceServer(d.RPC.GRPC(), transport.NewAgents(s.agents, s.floor, s.dispatcher, d.Clock))
	err = errors.Join(d.RPC.Gateway(callbackv1.RegisterCallbackServiceHandler), d.RPC.Gateway(agentv1.RegisterAgentServiceHandler))
	if err != nil {
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
	offers, err := dispatch.NewMetrics(d.Metrics)
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
	s := &Service{deps: *d, index: newIndex(*d, policy), floor: newFloor(*d), tasks: host.NewTasks(), causes: policy.RootCauses, barred: donotcall.New(d.Bus, d.Log), trims: cfg.HistoryKept > 0}
	if s.agents, err = newDirectory(cfg, d); err != nil {
		return nil, err
	}
	s.queue = queue.New(queue.Deps{
		Store: store.New(d.Bus, d.Log, found, cfg.HistoryKept), Index: s.index, Roster: s.agents, Floor: s.floor, Policy: policy,
		Clock: d.Clock, Log: d.Log, Metrics: metrics,
		KnownOnly: cfg.KnownAgentsOnly, UnattendedAfter: cfg.UnattendedAfter, ListClosedFor: cfg.listClosedFor(), DoNotCall: s.barred,
		Stored:    func(e callback.Event, a callback.Aggregate) { s.dispatcher.Stored(e, a) },
		Committed: func(e callback.Event, a callback.Aggregate) { s.dispatcher.Committed(e, a) },
	})
	if x, inMemory := s.index.(*memory.Index); inMemory && cfg.IndexFile != "" {
		s.saved = &snapshots{index: x, path: cfg.IndexFile, ranking: queue.Ranking(policy), durable: d.Bus.Durable, log: d.Log}
	}
	if cfg.StatsEvery > 0 {
		s.stats = measuring.New(measuring.Deps{Bus: d.Bus, Log: d.Log, Clock: d.Clock, Queues: s.queue, Every: cfg.StatsEvery})
	}
	s.dispatcher = dispatch.New(dispatch.Deps{
		Queue: s.queue, Floor: s.floor, Roster: s.agents, Signals: d.Bus, Clock: d.Clock, Log: d.Log, Metrics: offers,
		LostAfter: cfg.AgentLostAfter, MaxMissed: cfg.MaxMissedOffers,
	})
	return s, nil
}

func newDirectory(cfg Config, d *Deps) (*directory.Directory, error) {
	declared, err := loadAgents(cfg.AgentsFile)
	if err != nil {
		return nil, err
	}
	metrics, err := directory.NewMetrics(d.Metrics)
	if err != nil {
		return nil, err
	}
	return directory.New(directory.Deps{Bus: d.Bus, Log: d.Log, Metrics: metrics, Clock: d.Clock, Declared: declared}), nil
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

func newIndex(d Deps, p callback.Policy) queue.Index {
	if d.Redis != nil {
		return redisindex.Under(d.Redis, d.RedisPrefix, queue.Ranking(p))
	}
	return memory.New()
}

func newFloor(d Deps) floor.Floor {
	if d.Redis != nil {
		return redisfloor.New(d.Redis, d.RedisPrefix)
	}
	return floormemory.New()
}

// Start begins to follow the streams, to watch deadlines and to take alerts. The
// service is ready once the index is complete and the roster read; until then
// claims are answered from what is known, or asked to come back.
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
	s.deps.RPC.Health().AddReadiness("agents", s.agents.Ready)
	s.deps.RPC.Health().AddReadiness("do-not-call list", s.barred.Ready)
	s.tasks.Go("agents", s.agents.Follow)
	s.tasks.Go("do-not-call list", s.barred.Follow)
	s.tasks.Go("what is not to be called", s.queue.Heed)
	s.tasks.Go("projector", s.project)
	s.tasks.Go("deadlines", s.queue.Watch)
	s.tasks.Go("tidying", s.queue.Tidy)
	if s.trims {
		s.tasks.Go("trimming", s.queue.Trim)
	}
	if s.stats != nil {
		s.tasks.Go("queue stats", s.stats.Follow)
		s.tasks.Go("measuring", s.stats.Run)
	}
	s.tasks.Go("attendance", s.queue.Attend)
	s.tasks.Go("offers", s.dispatcher.Offer)
	s.tasks.Go("desks", s.dispatcher.Watch)
	s.failed = s.tasks.Failed(consumer.Failed())
	return nil
}

// project keeps the index in line with the stream, from the last snapshot on.
func (s *Service) project(ctx context.Context) error {
	if s.saved != nil {
		s.saved.load()
		s.tasks.Go("snapshots", s.saved.keep)
	}
	return s.queue.Project(ctx)
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
