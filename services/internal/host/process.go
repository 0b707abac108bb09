// Package host runs a process: an ordered list of modules, started one after
// the other and stopped in reverse. It knows no service; a service's main and
// the all-in-one call the same Main with different lists.
//
// Lifetimes. On a signal, readiness turns false and the modules stop in reverse
// order, so listeners end first and the connection to NATS last. Every step is
// named, bounded, and runs even if another failed. A background task that fails
// stops the whole process with its error: never half-alive.
package host

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// Module is one thing a process runs. Start does what it takes to work and
// registers, with OnStop, how to undo it the moment there is something to undo.
type Module struct {
	Name  string
	Start func(ctx context.Context, p *Process) error
}

// Process is what modules share. The edges (Bus, RPC) are set by the modules
// that own them, before the services that use them.
type Process struct {
	// Name of the process, as collector or rappel.
	Name string
	// Log is the root logger; a module names its own.
	Log *zap.Logger
	// Metrics is the one registry of the process.
	Metrics *prometheus.Registry
	// Clock tells the time.
	Clock clock.Clock
	// Bus reaches JetStream.
	Bus *bus.Bus
	// RPC is where services register; it listens last and stops first.
	RPC *rpc.Server
	// HTTPAddr and GRPCAddr are where the process listens; empty until it does.
	HTTPAddr, GRPCAddr string

	mu     sync.Mutex
	steps  []step
	failed chan error
}

type step struct {
	name    string
	timeout time.Duration
	stop    func(context.Context) error
}

// StepTimeout is how long one step of stopping may take. A step that does not
// heed the end of its context is left behind after stepGrace.
const (
	StepTimeout = 10 * time.Second
	stepGrace   = 2 * time.Second
)

// NewProcess returns a process that has started nothing yet.
func NewProcess(name string, log *zap.Logger, clk clock.Clock) *Process {
	p := &Process{
		Name: name, Log: log, Clock: clk, Metrics: prometheus.NewRegistry(),
		failed: make(chan error, 1),
	}
	p.Metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	p.RPC = rpc.New(rpc.Options{Log: log, Metrics: p.Metrics})
	return p
}

// OnStop registers a step of stopping; the last registered runs first.
func (p *Process) OnStop(name string, stop func(context.Context) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.steps = append(p.steps, step{name: name, timeout: StepTimeout, stop: stop})
}

// Go runs a background task until the process stops. A task that returns an
// error before that stops the process with it; one that returns an error when
// told to end, other than that it was, fails the stop.
func (p *Process) Go(name string, task func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		err := task(ctx)
		switch {
		case err == nil, ctx.Err() != nil && errors.Is(err, context.Canceled):
			done <- nil
		case ctx.Err() == nil:
			p.Fail(fmt.Errorf("%s: %w", name, err))
			done <- nil // told once
		default:
			done <- err
		}
	}()
	p.OnStop(name, func(stop context.Context) error {
		cancel()
		select {
		case err := <-done:
			return err
		case <-stop.Done():
			return stop.Err()
		}
	})
}

// Watch stops the process with the first error that failures yields.
func (p *Process) Watch(name string, failures <-chan error) {
	p.Go(name, func(ctx context.Context) error {
		select {
		case err := <-failures:
			return err
		case <-ctx.Done():
			return nil
		}
	})
}

// Fail stops the process with an error; only the first is kept.
func (p *Process) Fail(err error) {
	select {
	case p.failed <- err:
	default:
	}
}

// Start starts the modules in order. When one fails, those before it are
// stopped again.
func (p *Process) Start(ctx context.Context, modules ...Module) error {
	for _, m := range modules {
		p.Log.Debug("starting", zap.String("module", m.Name))
		if err := m.Start(ctx, p); err != nil {
			err = fmt.Errorf("start %s: %w", m.Name, err)
			return errors.Join(err, p.Stop())
		}
	}
	p.RPC.Health().SetStarted()
	return nil
}

// Wait returns when ctx ends (nil) or a background task failed (its error).
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-p.failed:
		return err
	}
}

// Stop runs every step, last registered first, each within its bound, and joins
// their errors. Readiness is false from the beginning of it. The process cannot
// be started again.
func (p *Process) Stop() error {
	p.RPC.Health().SetStopping()
	p.mu.Lock()
	steps := p.steps
	p.steps = nil
	p.mu.Unlock()
	var errs []error
	for i := len(steps) - 1; i >= 0; i-- {
		if err := steps[i].run(); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", steps[i].name, err))
		}
	}
	if err := p.RPC.Close(); err != nil { // it holds connections even if it never listened
		errs = append(errs, fmt.Errorf("stop rpc: %w", err))
	}
	return errors.Join(errs...)
}

func (s step) run() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	done := make(chan error, 2)
	go func() { done <- s.stop(ctx) }()
	abandon := time.AfterFunc(s.timeout+stepGrace, func() { done <- errAbandoned })
	defer abandon.Stop()
	return <-done
}

var errAbandoned = errors.New("it does not end, and was left behind")
