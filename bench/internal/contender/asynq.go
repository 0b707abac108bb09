package contender

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hibiken/asynq"

	"github.com/rappel-loop/rappel/bench/internal/load"
	"github.com/rappel-loop/rappel/bench/internal/server"
)

const (
	asynqQueue = "default"
	// asynqShortest is how often an idle server asks Redis, at its shortest here.
	asynqShortest = time.Millisecond
)

// Asynq is hibiken/asynq on a real redis-server.
type Asynq struct {
	server  *server.Redis
	sync    string
	options asynq.RedisClientOpt
	client  *asynq.Client
	looks   *asynq.Inspector
	workers int
	say     *load.Progress
	stored  int
}

// NewAsynq starts a redis-server. connections is how many senders or workers come
// at once: each finds a connection free. appendfsync is Redis' setting.
func NewAsynq(ctx context.Context, connections int, appendfsync string, say *load.Progress) (*Asynq, error) {
	s, err := server.StartRedis(ctx, appendfsync)
	if err != nil {
		return nil, err
	}
	o := asynq.RedisClientOpt{Addr: s.Addr, PoolSize: connections}
	return &Asynq{server: s, sync: appendfsync, options: o, client: asynq.NewClient(o), looks: asynq.NewInspector(o), workers: connections, say: say}, nil
}

// Version is the library's, the server's, and the setting that matters.
func (a *Asynq) Version() string {
	return fmt.Sprintf("%s, %s, appendonly yes, appendfsync %s", module("github.com/hibiken/asynq"), a.server.Version, a.sync)
}

func (a *Asynq) send(ctx context.Context, series string, i int) error {
	body, err := json.Marshal(newJob(series, i))
	if err != nil {
		return err
	}
	if _, err = a.client.EnqueueContext(ctx, asynq.NewTask(kind, body)); err != nil {
		return fmt.Errorf("asynq enqueue: %w", err)
	}
	return nil
}

// Deliver times from Enqueue to the handler.
func (a *Asynq) Deliver(ctx context.Context, o Offer, p Polling) (load.Times, error) {
	watch := load.NewStopwatch(o.Jobs)
	c := a.config(a.workers)
	if p == Shortest {
		c.TaskCheckInterval = asynqShortest
	}
	srv := asynq.NewServer(a.options, c)
	if err := srv.Start(handler(func(no int) { watch.Stop(no) })); err != nil {
		return nil, fmt.Errorf("asynq start: %w", err)
	}
	defer srv.Shutdown()
	return offer(ctx, o, a.say, "asynq: delivered, "+p.String(), watch, func(ctx context.Context, i int) error {
		return a.send(ctx, fmt.Sprintf("deliver%d", p), i)
	})
}

// Enqueue stores with Enqueue; a task can be taken once that has answered.
func (a *Asynq) Enqueue(ctx context.Context, senders int, b load.Bound) (Enqueued, error) {
	sent := load.NewTally(b.Jobs)
	defer a.say.Watch("asynq: enqueued", b.Jobs, sent.Count)()
	done, err := load.Spread(ctx, senders, b, func(ctx context.Context, _, i int) error {
		defer sent.Add()
		return a.send(ctx, "work", i)
	})
	a.stored = done.Jobs
	return Enqueued{Answered: done, Ready: done}, err
}

// Work has a server handle everything, with a handler that does nothing. It is
// done when Redis has nothing left in hand: the last acknowledgements count.
func (a *Asynq) Work(ctx context.Context, workers int, b load.Bound) (load.Done, error) {
	srv := asynq.NewServer(a.options, a.config(workers))
	worked := load.NewTally(a.stored)
	defer a.say.Watch("asynq: worked", a.stored, worked.Count)()
	if err := srv.Start(handler(func(int) { worked.Add() })); err != nil {
		return load.Done{}, fmt.Errorf("asynq start: %w", err)
	}
	defer srv.Shutdown()
	start := time.Now()
	done, err := worked.Wait(ctx, b.For)
	if err != nil || done.Jobs < a.stored {
		return done, err
	}
	err = load.Until(ctx, time.Millisecond, deliverWait, func(context.Context) (bool, error) {
		q, err := a.looks.GetQueueInfo(asynqQueue)
		return err == nil && q.Size == 0, err
	})
	done.Took = time.Since(start)
	return done, err
}

func (a *Asynq) config(workers int) asynq.Config {
	return asynq.Config{Concurrency: workers, LogLevel: asynq.ErrorLevel, ShutdownTimeout: deliverWait}
}

// handler tells the number of each job.
func handler(tell func(no int)) asynq.Handler {
	return asynq.HandlerFunc(func(_ context.Context, t *asynq.Task) error {
		var j job
		if err := json.Unmarshal(t.Payload(), &j); err != nil {
			return err
		}
		tell(j.No)
		return nil
	})
}

// CPU is the server's.
func (a *Asynq) CPU() (time.Duration, bool) { return a.server.CPU() }

// Stop ends the server and removes what it stored.
func (a *Asynq) Stop() error {
	return errors.Join(a.client.Close(), a.looks.Close(), a.server.Stop())
}
