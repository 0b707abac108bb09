package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// NATSConfig says how a service reaches NATS.
type NATSConfig struct {
	// URL of the servers, comma separated.
	URL string `koanf:"url"`
	// CredentialsFile is a NATS credentials file; empty means none.
	CredentialsFile string `koanf:"credentials_file"`
	// Replicas of each stream: 1 (one server) or 3 (a cluster that syncs always).
	Replicas int `koanf:"replicas"`
	// MaxStreamBytes bounds each stream of answers, scores and alerts; 0 is unbounded.
	MaxStreamBytes int64 `koanf:"max_stream_bytes"`
	// ConnectWait is how long to wait for the first connection.
	ConnectWait time.Duration `koanf:"connect_wait"`
}

// DefaultNATSConfig reaches a server on this machine.
func DefaultNATSConfig() NATSConfig {
	return NATSConfig{URL: nats.DefaultURL, Replicas: 1, ConnectWait: 30 * time.Second}
}

// Validate names every field that is wrong.
func (c NATSConfig) Validate() error {
	var errs []error
	if c.URL == "" {
		errs = append(errs, errors.New("nats.url is required, as nats://127.0.0.1:4222"))
	}
	if c.Replicas != 1 && c.Replicas != 3 && c.Replicas != 5 {
		errs = append(errs, fmt.Errorf("nats.replicas: %d is none of 1, 3, 5", c.Replicas))
	}
	if c.MaxStreamBytes < 0 {
		errs = append(errs, errors.New("nats.max_stream_bytes must not be negative"))
	}
	return errors.Join(errs...)
}

// NATS connects the process to a NATS server that syncs always, brings the
// topology in line, and sets p.Bus. An acknowledgement of such a server is
// durable, so no barrier is needed.
func NATS(cfg NATSConfig) Module {
	return Module{Name: "nats", Start: func(ctx context.Context, p *Process) error {
		nc, err := connect(ctx, cfg, p)
		if err != nil {
			return err
		}
		p.OnStop("nats connection", func(context.Context) error {
			err := nc.FlushTimeout(2 * time.Second)
			nc.Close()
			return err
		})
		return UseConnection(ctx, p, nc, bus.Replicated{}, topology.Options{Replicas: cfg.Replicas, MaxBytes: cfg.MaxStreamBytes})
	}}
}

// Check looks at a store before anything else does.
type Check func(context.Context, jetstream.JetStream) error

// UseConnection makes a connection the process's bus: the checks first, then the
// streams ensured.
func UseConnection(ctx context.Context, p *Process, nc *nats.Conn, barrier bus.Barrier, o topology.Options, checks ...Check) error {
	b, err := bus.New(nc, bus.Options{Log: p.Log, Barrier: barrier, Metrics: bus.NewMetrics(p.Metrics), Topology: o})
	if err != nil {
		return err
	}
	for _, check := range checks {
		if err := check(ctx, b.JetStream()); err != nil {
			return err
		}
	}
	if err := topology.Ensure(ctx, b.JetStream(), o); err != nil {
		return err
	}
	if err := b.Durable(ctx); err != nil {
		return fmt.Errorf("make the streams durable: %w", err)
	}
	p.Bus = b
	p.RPC.Health().AddReadiness("nats", b.Connected)
	return nil
}

// ConnectionOptions are the options of every connection of a process: it
// reconnects for ever, and a permission denied is a failure of the process,
// because it would look like a timeout for ever.
func ConnectionOptions(p *Process) []nats.Option {
	return []nats.Option{
		nats.Name(p.Name),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250 * time.Millisecond),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				p.Log.Warn("nats connection lost", zap.Error(err))
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { p.Log.Info("nats connection is back") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			p.Log.Error("nats error", zap.Error(err))
			if isPermission(err) {
				p.Fail(fmt.Errorf("nats: this user lacks a permission: %w", err))
			}
		}),
	}
}
