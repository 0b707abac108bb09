package contender

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/rappel-loop/rappel/bench/internal/load"
	"github.com/rappel-loop/rappel/bench/internal/server"
)

// What River's own benchmark (cmd/river/riverbench) sets: by its author's trials
// much better for throughput than the defaults.
const (
	riverFetchCooldown = 2 * time.Millisecond
	riverFetchPoll     = 20 * time.Millisecond
	riverWorkers       = 2_000
)

// River is riverqueue/river on a real Postgres.
type River struct {
	server  *server.Postgres
	pool    *pgxpool.Pool
	driver  *riverpgxv5.Driver
	workers int
	say     *load.Progress
	stored  int
}

// NewRiver starts a Postgres and makes River's tables. connections is how many
// senders come at once: each has a connection, so that Postgres can commit them in
// groups.
func NewRiver(ctx context.Context, connections int, say *load.Progress) (*River, error) {
	s, err := server.StartPostgres(ctx, connections)
	if err != nil {
		return nil, err
	}
	r := &River{server: s, workers: connections, say: say}
	if err := r.open(ctx); err != nil {
		return nil, errors.Join(err, r.Stop())
	}
	return r, nil
}

func (r *River) open(ctx context.Context) error {
	c, err := pgxpool.ParseConfig(r.server.URL)
	if err != nil {
		return err
	}
	c.MaxConns = int32(r.workers)
	if r.pool, err = pgxpool.NewWithConfig(ctx, c); err != nil {
		return fmt.Errorf("river: connect: %w", err)
	}
	r.driver = riverpgxv5.New(r.pool)
	m, err := rivermigrate.New(r.driver, &rivermigrate.Config{Logger: quiet()})
	if err != nil {
		return fmt.Errorf("river: migrations: %w", err)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("river: migrate: %w", err)
	}
	return nil
}

// Version is the library's and the server's settings that matter.
func (r *River) Version() string {
	return fmt.Sprintf("%s, %s, %s with its defaults (fsync and synchronous_commit on)", module("github.com/riverqueue/river"), module("github.com/jackc/pgx/v5"), r.server.Version)
}

// client makes a River client. Without config.Queues it only inserts.
func (r *River) client(config river.Config, tell func(no int)) (*river.Client[pgx.Tx], error) {
	config.Logger = quiet()
	config.Workers = river.NewWorkers()
	river.AddWorker(config.Workers, river.WorkFunc(func(_ context.Context, j *river.Job[job]) error {
		tell(j.Args.No)
		return nil
	}))
	c, err := river.NewClient(r.driver, &config)
	if err != nil {
		return nil, fmt.Errorf("river: client: %w", err)
	}
	return c, nil
}

func queues(workers int) map[string]river.QueueConfig {
	return map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workers}}
}

// Deliver times from Insert to the worker, who is told by LISTEN/NOTIFY.
func (r *River) Deliver(ctx context.Context, o Offer, p Polling) (load.Times, error) {
	watch := load.NewStopwatch(o.Jobs)
	config := river.Config{Queues: queues(r.workers)}
	if p == Shortest {
		// What is notified is fetched after the cooldown, so this is what counts.
		config.FetchCooldown, config.FetchPollInterval = river.FetchCooldownMin, river.FetchPollIntervalMin
	}
	client, err := r.client(config, watch.Stop)
	if err != nil {
		return nil, err
	}
	if err := client.Start(ctx); err != nil {
		return nil, fmt.Errorf("river: start: %w", err)
	}
	times, err := offer(ctx, o, r.say, "River: delivered, "+p.String(), watch, func(ctx context.Context, i int) error {
		return insert(ctx, client, fmt.Sprintf("deliver%d", p), i)
	})
	return times, errors.Join(err, stop(ctx, client))
}

// Enqueue stores with Insert; a job can be taken once that has answered.
func (r *River) Enqueue(ctx context.Context, senders int, b load.Bound) (Enqueued, error) {
	client, err := r.client(river.Config{}, func(int) {})
	if err != nil {
		return Enqueued{}, err
	}
	sent := load.NewTally(b.Jobs)
	defer r.say.Watch("River: enqueued", b.Jobs, sent.Count)()
	done, err := load.Spread(ctx, senders, b, func(ctx context.Context, _, i int) error {
		defer sent.Add()
		return insert(ctx, client, "work", i)
	})
	r.stored = done.Jobs
	if err != nil {
		return Enqueued{}, err
	}
	// As autovacuum would within a minute: the planner knows the table.
	if _, err := r.pool.Exec(ctx, "VACUUM ANALYZE river_job"); err != nil {
		return Enqueued{}, fmt.Errorf("river: vacuum: %w", err)
	}
	return Enqueued{Answered: done, Ready: done}, nil
}

func insert(ctx context.Context, client *river.Client[pgx.Tx], series string, i int) error {
	if _, err := client.Insert(ctx, newJob(series, i), nil); err != nil {
		return fmt.Errorf("river: insert: %w", err)
	}
	return nil
}

// Work has a client work everything, with a worker that does nothing, at the
// settings of River's own benchmark: workers is not used, as its best number is
// far above. A job counts once its completion is stored.
func (r *River) Work(ctx context.Context, _ int, b load.Bound) (load.Done, error) {
	client, err := r.client(river.Config{
		Queues: queues(riverWorkers), FetchCooldown: riverFetchCooldown, FetchPollInterval: riverFetchPoll,
	}, func(int) {})
	if err != nil {
		return load.Done{}, err
	}
	// Room for all: what overflows is dropped, and the count would never be full.
	completed, unsubscribe := client.SubscribeConfig(&river.SubscribeConfig{ChanSize: r.stored + 1, Kinds: []river.EventKind{river.EventKindJobCompleted}})
	defer unsubscribe()
	worked := load.NewTally(r.stored)
	defer r.say.Watch("River: worked", r.stored, worked.Count)()
	if err := client.Start(ctx); err != nil {
		return load.Done{}, fmt.Errorf("river: start: %w", err)
	}
	go func() {
		for range completed {
			worked.Add()
		}
	}()
	done, err := worked.Wait(ctx, b.For)
	return done, errors.Join(err, stop(ctx, client))
}

func stop(ctx context.Context, client *river.Client[pgx.Tx]) error {
	// Also when the load was given up: a client that is left has the pool in use.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deliverWait)
	defer cancel()
	if err := client.Stop(ctx); err != nil {
		return fmt.Errorf("river: stop: %w", err)
	}
	return nil
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// CPU is the server's.
func (r *River) CPU() (time.Duration, bool) { return r.server.CPU() }

// Stop ends the server and removes what it stored.
func (r *River) Stop() error {
	if r.pool != nil {
		r.pool.Close()
	}
	return r.server.Stop()
}
