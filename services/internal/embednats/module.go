package embednats

import (
	"context"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/internal/host"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// Module runs the server for a process and makes it the process's bus. A store
// behind its mark is refused before anything is read from it.
func Module(cfg Config, o topology.Options) host.Module {
	return host.Module{Name: "event store", Start: func(ctx context.Context, p *host.Process) error {
		s, err := Start(cfg, p.Log)
		if err != nil {
			return err
		}
		p.OnStop("event store", s.Shutdown)
		nc, err := s.Connect(host.ConnectionOptions(p)...)
		if err != nil {
			return err
		}
		p.OnStop("nats connection", func(context.Context) error { nc.Close(); return nil })
		if err := host.UseConnection(ctx, p, nc, s.Barrier(), o, s.CheckMark); err != nil {
			return err
		}
		p.RPC.Health().AddReadiness("event store", s.Ready)
		p.Watch("disk", s.Failed())
		p.Go("high-water mark", func(ctx context.Context) error { return s.KeepMark(ctx, p.Bus.JetStream()) })
		p.Log.Info("event store open", zap.String("dir", cfg.Dir), zap.String("nats", s.URL()))
		return nil
	}}
}
