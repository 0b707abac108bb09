package host

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"
)

// RedisConfig says how the shared index is reached.
type RedisConfig struct {
	// Addrs of one server, of a cluster's nodes, or of sentinels; empty means no Redis.
	Addrs []string `koanf:"addrs"`
	// Cluster says that Addrs are nodes of a Redis Cluster, or its one configuration
	// endpoint. Several addresses without a master's name are, whatever it says.
	Cluster bool `koanf:"cluster"`
	// Sentinel finds the server by the sentinels at Addrs.
	Sentinel RedisSentinel `koanf:"sentinel"`
	// Username and Password, when the server asks.
	Username string `koanf:"username"`
	Password string `koanf:"password"`
	// TLS guards the connections, to sentinels as well.
	TLS RedisTLS `koanf:"tls"`
	// Prefix starts every key.
	Prefix string `koanf:"prefix"`
}

// RedisSentinel is how a master is found.
type RedisSentinel struct {
	// Master is the name that the sentinels know the master by; empty asks none.
	Master string `koanf:"master"`
	// Username and Password, when the sentinels ask.
	Username string `koanf:"username"`
	Password string `koanf:"password"`
}

// DefaultRedisConfig reaches no Redis.
func DefaultRedisConfig() RedisConfig { return RedisConfig{Prefix: "rappel"} }

// Validate names every field that is wrong.
func (c RedisConfig) Validate() error {
	var errs []error
	if c.Cluster && c.Sentinel.Master != "" {
		errs = append(errs, errors.New("redis.cluster and redis.sentinel.master exclude each other: a cluster has no sentinels"))
	}
	if len(c.Addrs) == 0 && (c.Cluster || c.Sentinel.Master != "" || c.TLS.Enabled) {
		errs = append(errs, errors.New("redis.addrs is required where redis.cluster, redis.sentinel or redis.tls is set"))
	}
	if strings.ContainsAny(c.Prefix, "{}") {
		errs = append(errs, errors.New("redis.prefix must have no braces: they decide where a cluster keeps a key"))
	}
	_, err := c.TLS.config()
	return errors.Join(append(errs, err)...)
}

// OpenRedis opens a client for the life of the process, for what works without the
// server as well: it need not answer now, or ever. An error is the configuration's.
func OpenRedis(p *Process, cfg RedisConfig) (redis.UniversalClient, error) {
	secure, err := cfg.TLS.config()
	if err != nil {
		return nil, err
	}
	c := redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs: cfg.Addrs, IsClusterMode: cfg.Cluster, Username: cfg.Username, Password: cfg.Password,
		MasterName: cfg.Sentinel.Master, SentinelUsername: cfg.Sentinel.Username, SentinelPassword: cfg.Sentinel.Password,
		TLSConfig:   secure,
		DialTimeout: 2 * time.Second, DialerRetries: 1, ReadTimeout: 3 * time.Second,
		ContextTimeoutEnabled: true, ClientName: p.Name,
	})
	p.OnStop("redis connection", func(context.Context) error { return c.Close() })
	return c, nil
}

// ConnectRedis opens a client for the life of the process. The server may come
// later: what needs it says so when asked. An error is the configuration's.
func ConnectRedis(ctx context.Context, p *Process, cfg RedisConfig) (redis.UniversalClient, error) {
	c, err := OpenRedis(p, cfg)
	if err != nil {
		return nil, err
	}
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
