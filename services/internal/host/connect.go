package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"go.uber.org/zap"
)

// connect tries until it succeeds, ctx ends, or cfg.ConnectWait is over: a
// service may be started before its server.
func connect(ctx context.Context, cfg NATSConfig, p *Process) (*nats.Conn, error) {
	opts := ConnectionOptions(p)
	if cfg.CredentialsFile != "" {
		opts = append(opts, nats.UserCredentials(cfg.CredentialsFile))
	}
	ctx, cancel := context.WithTimeout(ctx, cfg.ConnectWait)
	defer cancel()
	for {
		nc, err := nats.Connect(cfg.URL, opts...)
		if err == nil {
			return nc, nil
		}
		p.Log.Info("waiting for nats", zap.Error(err))
		select {
		case <-time.After(250 * time.Millisecond):
		case <-ctx.Done():
			return nil, fmt.Errorf("no NATS server answered within %s; check nats.url: %w", cfg.ConnectWait, err)
		}
	}
}

func isPermission(err error) bool {
	return errors.Is(err, nats.ErrPermissionViolation) || errors.Is(err, nats.ErrAuthorization)
}
