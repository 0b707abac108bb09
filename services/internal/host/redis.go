package host

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"
)

// RedisConfig says how the shared index is reached.
type RedisConfig struct {
	// Addrs of one server, or of a cluster's nodes; empty means no Redis.
	Addrs []string `koanf:"addrs"`
	// Username and Password, when the server asks.
	Username string `koanf:"username"`
	Password string `koanf:"password"`
	// Prefix starts every key.
	Prefix string `koanf:"prefix"`
}

// DefaultRedisConfig reaches no Redis.
func DefaultRedisConfig() RedisConfig { return RedisConfig{Prefix: "rappel"} }

// OpenRedis opens a client for the life of the process, for what works without the
// server as well: it need not answer now, or ever.
func OpenRedis(p *Process, cfg RedisConfig) redis.UniversalClient {
	c := redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs: cfg.Addrs, Username: cfg.Username, Password: cfg.Password,
		DialTimeout: 2 * time.Second, DialerRetries: 1, ReadTimeout: 3 * time.Second,
		ContextTimeoutEnabled: true, ClientName: p.Name,
	})
	p.OnStop("redis connection", func(context.Context) error { return c.Close() })
	return c
}

// ConnectRedis opens a client for the life of the process. The server may come
// later: what needs it says so when asked.
func ConnectRedis(ctx context.Context, p *Process, cfg RedisConfig) (redis.UniversalClient, error) {
	c := OpenRedis(p, cfg)
	ping := func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if err := c.Ping(ctx).Err(); err != nil {
			return fmt.Errorf("redis does not answer: %w", err)
		}
		return nil
	}
	if err := ping(); err != nil {
		p.Log.Warn("redis is away; claims wait for it", zap.Error(err))
	}
	p.RPC.Health().AddReadiness("redis", ping)
	return c, nil
}
