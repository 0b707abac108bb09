package host

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/internal/clock"
)

// runError is a failure that was logged where it happened.
type runError struct{ err error }

func (e *runError) Error() string { return e.err.Error() }
func (e *runError) Unwrap() error { return e.err }

// Run runs modules until SIGINT or SIGTERM (nil after a clean stop), or until
// one fails (its error, logged). A second signal ends the process at once.
func Run(ctx context.Context, name string, log *zap.Logger, modules ...Module) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer func() { _ = log.Sync() }()
	p := NewProcess(name, log, clock.System{})
	if err := p.Start(ctx, modules...); err != nil {
		log.Error("could not start", zap.Error(err))
		return &runError{err}
	}
	log.Info("ready", zap.String("process", name), zap.String("version", Version()))
	failure := p.Wait(ctx)
	stop() // from here on a signal has its default effect
	if failure != nil {
		log.Error("stopping because a part failed", zap.Error(failure))
	} else {
		log.Info("stopping")
	}
	if err := errors.Join(failure, p.Stop()); err != nil {
		log.Error("stopped", zap.Error(err))
		return &runError{err}
	}
	log.Info("stopped")
	return nil
}
