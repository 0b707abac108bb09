// Package collector is the service that takes customers' answers in: RESPONSES
// is its stream, and an answer is accepted once it is on disk there. It owns what
// a right response is (internal/response), that each is stored once at the
// revision it deserves (internal/ingest), and the customer's pseudonym; and what
// survey products tell by webhooks (internal/hook), which is stored in PUSHES first
// and becomes responses then (internal/push), and files of responses, which wait in
// IMPORT_FILES likewise (internal/imports).
//
// Authority. The stream is the truth about what was received. The ledger
// (internal/ledger) is what this process knows of it: a map from survey and
// response id to the last revision, some 80 bytes a response, read from the
// stream's headers at start and followed since. docs/adr/0001-response-ledger.md
// says why.
//
// Safety. A response (survey, id) is stored once at each revision, and its
// revisions are 1, 2, 3… without a gap or a twin, however many collectors there
// are: every event is stored under a compare-and-set on its subject, and under an
// id that only one event of a survey, response and revision can have. The first
// revision decides the customer's key for ever. A submission that changes nothing
// is a duplicate: it is answered like the first time and nothing is stored.
//
// Liveness. Until the ledger has caught up the service is not ready and answers
// UNAVAILABLE. When the store is slow, full or away, or too much is under way,
// the source is told at once to come back: nothing waits in a buffer here.
//
// Failure. An answer that was stored but never confirmed, because the process or
// the connection died, is known again when the source repeats it. Without an id
// it is not: who needs that gives each response an id.
package collector

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/callkey"
	"github.com/rappel-loop/rappel/services/collector/internal/imports"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/collector/internal/invite"
	"github.com/rappel-loop/rappel/services/collector/internal/journal"
	"github.com/rappel-loop/rappel/services/collector/internal/ledger"
	"github.com/rappel-loop/rappel/services/collector/internal/page"
	"github.com/rappel-loop/rappel/services/collector/internal/push"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
	"github.com/rappel-loop/rappel/services/collector/internal/transport"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/donotcall"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/scalefile"
)

// Deps are what the service works with.
type Deps struct {
	// Bus reaches JetStream, with the streams in place; required.
	Bus *bus.Bus
	// RPC is where the service is called; required.
	RPC *rpc.Server
	// Log is the service's own logger; nil logs nothing.
	Log *zap.Logger
	// Metrics gets the service's metrics, already prefixed; nil gets none.
	Metrics prometheus.Registerer
	// Clock says when a response was received; nil is the machine's.
	Clock clock.Clock
	// Redis holds the limits that collectors share, under keys that begin with
	// RedisPrefix; nil keeps them in memory.
	Redis       redis.UniversalClient
	RedisPrefix string
	// ReloadEvery is how often files of keys, secrets and mappings are looked at; 0 is
	// filewatch.Every.
	ReloadEvery time.Duration
	// RedisPatience is how long a caller waits for Redis; 0 is access.Patience.
	RedisPatience time.Duration
}

// Service takes responses in from Start to Stop. It is started once.
type Service struct {
	deps     Deps
	keyer    *response.Keyer
	ingest   *ingest.Service
	pushes   *push.Service
	imports  *imports.Service
	pages    *page.Pages
	links    *transport.Surveys
	uploads  *transport.Imports
	barred   *transport.DoNotCall
	follower *ledger.Follower
	files    *files
	ways     transport.Options

	failed chan error

	mu      sync.Mutex
	cancel  context.CancelFunc
	stopped bool
	running sync.WaitGroup
}

// New returns a service that does nothing yet, or says what is wrong.
func New(cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("collector: %w", err)
	}
	if deps.Bus == nil || deps.RPC == nil {
		return nil, errors.New("collector: a bus and an RPC server are required")
	}
	if deps.Log == nil {
		deps.Log = zap.NewNop()
	}
	if deps.Clock == nil {
		deps.Clock = clock.System{}
	}
	normaliser, err := response.NewNormaliser(cfg.DefaultRegion)
	if err != nil {
		return nil, fmt.Errorf("collector: %w", err)
	}
	scales, err := scalefile.Open(cfg.ScalesFile)
	if err != nil {
		return nil, fmt.Errorf("collector: %w", err)
	}
	normaliser = normaliser.WithScales(scales)
	secret, err := cfg.secret()
	if err != nil {
		return nil, fmt.Errorf("collector: %w", err)
	}
	keyer, err := response.NewKeyer([]byte(secret))
	if err != nil {
		return nil, fmt.Errorf("collector: %w", err)
	}
	watched := watchFiles(cfg, deps)
	endpoints, err := cfg.endpoints()
	if err != nil {
		return nil, fmt.Errorf("collector: %w", err)
	}
	guard, addresses, err := newAccess(cfg, deps)
	if err != nil {
		closeAll(endpoints)
		return nil, fmt.Errorf("collector: %w", err)
	}
	watched.guard, watched.endpoints = guard, endpoints
	book, counts := ledger.New(), newMetrics(deps.Metrics, slices.Sorted(maps.Keys(endpoints)))
	counts.ledger(deps.Metrics, book.Len)
	s := &Service{deps: deps, keyer: keyer, files: watched, failed: make(chan error, 1), follower: &ledger.Follower{Ledger: book, Bus: deps.Bus, Log: deps.Log}}
	s.ingest = ingest.New(ingest.Options{
		Normaliser: normaliser, Keyer: keyer, Ledger: book, Journal: journal.New(deps.Bus), Clock: deps.Clock,
		MaxInFlight: cfg.MaxInFlight, Count: counts.count,
	})
	s.pushes = push.New(push.Options{
		Endpoints: endpoints, Bus: deps.Bus, Ingest: s.ingest, Log: deps.Log, Count: counts.pushed, Admit: guard.AdmitHook,
	})
	s.imports = imports.New(imports.Options{
		Bus: deps.Bus, Ingest: s.ingest, Access: guard, Clock: deps.Clock, Log: deps.Log, Count: counts.imported,
		MaxBytes: cfg.Imports.MaxBytes, RowsPerSecond: cfg.Imports.RowsPerSecond,
	})
	s.ways = transport.Options{
		Access: guard, Addresses: addresses, CallKeys: callkey.NewBook(deps.Bus),
		Ingest: s.ingest, Pushes: s.pushes, Clock: deps.Clock, Log: deps.Log, RetryAfter: cfg.RetryAfter, MaxBodyBytes: cfg.MaxBodyBytes,
		CountUnknown: unknownHooks(deps.Metrics),
	}
	s.uploads = transport.NewImports(s.ways, s.imports, cfg.Imports.MaxBytes)
	s.barred = transport.NewDoNotCall(transport.DoNotCallOptions{
		Ways: s.ways, List: donotcall.New(deps.Bus, deps.Log), Keyer: keyer, Normaliser: normaliser,
	})
	if err := s.ask(cfg, secret); err != nil {
		closeAll(endpoints)
		return nil, fmt.Errorf("collector: %w", err)
	}
	cfg.warnOfOpen(deps.Log, endpoints)
	return s, nil
}

// ask makes the surveys of one's own.
func (s *Service) ask(cfg Config, secret string) error {
	surveys, err := cfg.surveys()
	if err != nil {
		return err
	}
	sealer, err := invite.NewSealer([]byte(secret))
	if err != nil {
		return err
	}
	s.pages = page.New(page.Options{
		Surveys: surveys, Sealer: sealer, Ingest: s.ingest, Admit: s.ways.AdmitVisitor, Clock: s.deps.Clock, Log: s.deps.Log,
	})
	s.links = transport.NewSurveys(transport.SurveyOptions{
		Ways: s.ways, Surveys: surveys, Sealer: sealer, Check: s.ingest.Check, PublicURL: cfg.PublicURL,
	})
	return nil
}

// Start registers the ways in and begins to read the ledger; it does not wait
// for it. Until it is read the process is not ready. It refuses to start under
// another secret than the stored responses were keyed under: ErrOtherSecret.
func (s *Service) Start(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil || s.stopped {
		return errors.New("collector: started twice")
	}
	if err := checkSecret(ctx, s.deps.Bus, s.keyer); err != nil {
		return fmt.Errorf("collector: %w", err)
	}
	if err := s.pushes.Start(ctx); err != nil {
		return fmt.Errorf("collector: %w", errors.Join(err, s.pushes.Stop(ctx)))
	}
	if err := s.imports.Start(ctx); err != nil {
		return fmt.Errorf("collector: %w", errors.Join(err, s.pushes.Stop(ctx), s.imports.Stop(ctx)))
	}
	ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.running.Go(func() { s.follower.Run(ctx) })
	s.running.Go(func() { s.watch(ctx) })
	s.running.Go(func() { s.files.Run(ctx) })
	collectorv1.RegisterCollectorServiceServer(s.deps.RPC.GRPC(), transport.NewGRPC(s.ways))
	transport.NewHTTP(s.ways).Register(s.deps.RPC.HTTP())
	s.pages.Register(s.deps.RPC.HTTP())
	collectorv1.RegisterSurveyServiceServer(s.deps.RPC.GRPC(), s.links)
	collectorv1.RegisterImportServiceServer(s.deps.RPC.GRPC(), s.uploads)
	collectorv1.RegisterDoNotCallServiceServer(s.deps.RPC.GRPC(), s.barred)
	s.uploads.Register(s.deps.RPC.HTTP())
	s.deps.RPC.Uploads(transport.ImportsPath)
	err := errors.Join(s.deps.RPC.Gateway(collectorv1.RegisterSurveyServiceHandler), s.deps.RPC.Gateway(collectorv1.RegisterImportServiceHandler),
		s.deps.RPC.Gateway(collectorv1.RegisterDoNotCallServiceHandler))
	if err != nil {
		return fmt.Errorf("collector: %w", err)
	}
	s.deps.RPC.Health().AddReadiness("collector ledger", s.follower.Ledger.Ready)
	return nil
}

// Failed yields an error when the service can never go on.
func (s *Service) Failed() <-chan error { return s.failed }

func (s *Service) watch(ctx context.Context) {
	select {
	case err := <-s.pushes.Failed():
		s.failed <- err
	case err := <-s.imports.Failed():
		s.failed <- err
	case <-ctx.Done():
	}
}

// Stop lets what is under way end until ctx does and takes nothing more: who
// comes is told to come back. Stopping again does nothing.
func (s *Service) Stop(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil
	}
	s.stopped = true
	var err error
	if s.cancel != nil {
		err = errors.Join(s.pushes.Stop(ctx), s.imports.Stop(ctx)) // they store responses
	}
	err = errors.Join(err, s.ingest.Close(ctx))
	if s.cancel != nil {
		s.cancel()
		s.running.Wait()
	}
	return err
}
