package collector

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rappel-loop/rappel/services/internal/host"
)

// name is what the service is called in logs, metrics and the order of stopping.
const name = "collector"

// Module runs the service in a process that has its bus. Where there are limits, and a
// Redis, they are kept there; the service works without it, too, so it is no condition
// of the process's readiness.
func Module(cfg Config, redisConfig host.RedisConfig) host.Module {
	return host.Module{Name: name, Start: func(ctx context.Context, p *host.Process) error {
		d := Deps{
			Bus: p.Bus, RPC: p.RPC, Log: p.Log.Named(name), Clock: p.Clock,
			Metrics: prometheus.WrapRegistererWithPrefix(name+"_", p.Metrics), RedisPrefix: redisConfig.Prefix,
		}
		if len(redisConfig.Addrs) > 0 && cfg.limits() {
			client, err := host.OpenRedis(p, redisConfig)
			if err != nil {
				return err
			}
			d.Redis = client
		}
		s, err := New(cfg, d)
		if err != nil {
			return err
		}
		if err := s.Start(ctx); err != nil {
			return err
		}
		p.OnStop(name, s.Stop)
		p.Watch(name, s.Failed())
		return nil
	}}
}
