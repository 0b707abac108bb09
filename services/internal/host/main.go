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

// Main runs modules until SIGINT or SIGTERM, or until one fails, and returns
// the process's exit code: 0 after a clean stop, 1 otherwise. A second signal
// ends the process at once.
func Main(ctx context.Context, name string, log *zap.Logger, modules ...Module) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer func() { _ = log.Sync() }()
	p := NewProcess(name, log, clock.System{})
	if err := p.Start(ctx, modules...); err != nil {
		log.Error("could not start", zap.Error(err))
		return 1
	}
	log.Info("ready", zap.String("process", name))
	failure := p.Wait(ctx)
	stop() // from here on a signal has its default effect
	if failure != nil {
		log.Error("stopping because a part failed", zap.Error(failure))
	} else {
		log.Info("stopping")
	}
	if err := errors.Join(failure, p.Stop()); err != nil {
		log.Error("stopped", zap.Error(err))
		return 1
	}
	log.Info("stopped")
	return 0
}
