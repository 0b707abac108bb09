// Package feed is the service that tells product teams of every step of the loop: it reads
// RESPONSES, SCORES, ALERTS, ALERT_STATES, FALLBACKS and CALLBACKS, makes of each event that others do not tell of already one without personal data
// (internal/projection), stores it in FEED, and hands FEED to subscribers
// (internal/subscription, internal/transport). It owns FEED, and the secret in FEED_KEYS that
// pseudonyms are made with. docs/feed.md is for those who read it.
//
// Delivery. An event of the loop is acknowledged once its event of the feed is stored as
// durably as the deployment promises. One that is delivered again gets the same id, so FEED
// holds it once within the stream's duplicate window; after that a reader sees it twice, with
// the same id.
//
// Order. The events of one customer stand in FEED in the order in which the stream they come
// from holds them: a consumer is one process's at a time, and who takes over gets first what
// the one before had in hand. Between streams there is no promise: their times tell.
//
// Failure. While the event store is away events wait, in order. One that cannot be told of
// becomes a dead letter ("unprojectable", "unknown_type") and stops nobody; redriven, it comes
// late. The loop does not need this service: nothing waits for it.
package feed

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	feedv1 "github.com/rappel-loop/rappel/proto/gen/go/api/feed/v1"
	"github.com/rappel-loop/rappel/services/feed/internal/projection"
	"github.com/rappel-loop/rappel/services/feed/internal/subscription"
	"github.com/rappel-loop/rappel/services/feed/internal/transport"
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
	// RPC is where subscribers come; required.
	RPC *rpc.Server
	// Log is the service's own logger; nil logs nothing.
	Log *zap.Logger
	// Metrics gets the service's metrics, already prefixed; nil gets none.
	Metrics prometheus.Registerer
	// Clock says when now is; nil is the machine's.
	Clock clock.Clock
}

// Service tells of the loop from Start to Stop. It is started once.
type Service struct {
	cfg     Config
	deps    Deps
	metrics *metrics
	project *projection.Projector
	tasks   *host.Tasks

	mu        sync.Mutex
	started   bool
	stopped   bool
	consumers []*bus.Consumption
}

// New returns a service that does nothing yet, or says what is wrong.
func New(cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("feed: %w", err)
	}
	if deps.Bus == nil || deps.RPC == nil {
		return nil, errors.New("feed: a bus and an RPC server are required")
	}
	if deps.Log == nil {
		deps.Log = zap.NewNop()
	}
	if deps.Clock == nil {
		deps.Clock = clock.System{}
	}
	return &Service{cfg: cfg, deps: deps, metrics: newMetrics(deps.Metrics), tasks: host.NewTasks()}, nil
}

// Start lets subscribers in and begins to tell of what waits in the streams and whatever
// comes after; it does not wait for it.
func (s *Service) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.started || s.stopped {
		return errors.New("feed: started twice")
	}
	secret, err := secret(ctx, s.deps.Bus)
	if err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	s.project = &projection.Projector{
		Source: s.cfg.Source, Attributes: s.cfg.Attributes, Pseudonyms: projection.NewPseudonyms(secret),
	}
	s.serve()
	for _, spec := range []topology.Consumer{topology.FeedResponses, topology.FeedScores, topology.FeedAlerts, topology.FeedAlertStates, topology.FeedFallbacks, topology.FeedCallbacks} {
		spec.Lanes = s.cfg.Lanes
		s.tasks.Go(spec.Durable, func(ctx context.Context) error { return s.consume(ctx, spec) })
	}
	s.started = true
	s.deps.Log.Info("telling the feed", zap.Int("lanes", s.cfg.Lanes))
	return nil
}

// serve registers the ways in.
func (s *Service) serve() {
	followed := subscription.New(subscription.Options{
		JetStream: s.deps.Bus.JetStream(), MaxSubscribers: s.cfg.MaxSubscribers, Heartbeat: s.cfg.Heartbeat, Ending: s.deps.RPC.Stopping(),
	})
	s.metrics.subscribers(s.deps.Metrics, followed.Subscribers)
	o := transport.Options{Feed: followed, Clock: s.deps.Clock, Log: s.deps.Log, Delivered: s.metrics.sent}
	feedv1.RegisterFeedServiceServer(s.deps.RPC.GRPC(), transport.NewGRPC(o))
	s.deps.RPC.HTTP().Handle("GET "+transport.EventsPath, transport.Events(o))
}

// consume begins to handle a stream's events, once those that another process had in hand
// come first.
func (s *Service) consume(ctx context.Context, spec topology.Consumer) error {
	if err := s.deps.Bus.Settled(ctx, spec); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil
	}
	consumer, err := s.deps.Bus.Consume(ctx, spec, s.handle)
	if err != nil {
		return err
	}
	s.consumers = append(s.consumers, consumer)
	s.tasks.Go("watch "+spec.Durable, func(ctx context.Context) error {
		select {
		case err := <-consumer.Failed():
			return err
		case <-ctx.Done():
			return nil
		}
	})
	return nil
}

// Failed yields an error when the service can never go on.
func (s *Service) Failed() <-chan error { return s.tasks.Failed() }

// Stop ends fetching at once and lets the events in hand be told until ctx ends; what is left
// is delivered again. Stopping again does nothing. Subscribers end with the RPC server.
func (s *Service) Stop(ctx context.Context) error {
	s.mu.Lock()
	again := s.stopped
	s.stopped = true
	consumers := s.consumers
	s.mu.Unlock()
	if again {
		return nil
	}
	errs := make([]error, len(consumers)+1)
	var ending sync.WaitGroup
	for i, c := range consumers {
		ending.Go(func() { errs[i] = c.Stop(ctx) })
	}
	ending.Go(func() { errs[len(consumers)] = s.tasks.Stop(ctx) })
	ending.Wait()
	return errors.Join(errs...)
}
