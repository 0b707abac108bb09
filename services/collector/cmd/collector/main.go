// Command collector runs the collector as a process of its own.
package main

import (
	"context"
	"os"

	"github.com/rappel-loop/rappel/services/collector"
	"github.com/rappel-loop/rappel/services/internal/host"
)

type settings struct {
	host.Settings `koanf:",squash"`
	NATS          host.NATSConfig  `koanf:"nats"`
	Redis         host.RedisConfig `koanf:"redis"`
	Collector     collector.Config `koanf:"collector"`
}

func (s *settings) Validate() []error {
	return append(s.Settings.Validate(), host.Section("collector", s.Collector.Validate()), s.NATS.Validate(), s.Redis.Validate())
}

func main() {
	s := &settings{Settings: host.DefaultSettings(), NATS: host.DefaultNATSConfig(), Redis: host.DefaultRedisConfig(), Collector: collector.DefaultConfig()}
	os.Exit(host.Execute(context.Background(), host.Command(host.Program{
		Use: "collector", Short: "Accept customers' answers from every source", Config: s,
		Modules: func() ([]host.Module, error) {
			return []host.Module{host.NATS(s.NATS), collector.Module(s.Collector, s.Redis), host.Listen(s.ListenConfig)}, nil
		},
	}), os.Stderr))
}
