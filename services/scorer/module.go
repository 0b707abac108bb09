package scorer

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rappel-loop/rappel/services/internal/host"
)

// name is what the service is called in logs, metrics and the order of stopping.
const name = "scorer"

// Module runs the service in a process that has its bus.
func Module(cfg Config) host.Module {
	return host.Module{Name: name, Start: func(ctx context.Context, p *host.Process) error {
		s, err := New(cfg, Deps{
			Bus: p.Bus, RPC: p.RPC, Log: p.Log.Named(name), Clock: p.Clock,
			Metrics: prometheus.WrapRegistererWithPrefix(name+"_", p.Metrics),
		})
		if err != nil {
			return err
		}
		p.OnStop(name, s.Stop) // what was started before one thing failed is stopped, too
		if err := s.Start(ctx); err != nil {
			return err
		}
		p.Watch(name, s.Failed())
		return nil
	}}
}
