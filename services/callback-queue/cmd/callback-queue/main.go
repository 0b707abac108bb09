// Command callback-queue runs the callback queue as a process of its own.
package main

import (
	"context"
	"os"

	callbackqueue "github.com/rappel-loop/rappel/services/callback-queue"
	"github.com/rappel-loop/rappel/services/internal/host"
)

type settings struct {
	host.Settings `koanf:",squash"`
	NATS          host.NATSConfig      `koanf:"nats"`
	Redis         host.RedisConfig     `koanf:"redis"`
	Callback      callbackqueue.Config `koanf:"callback"`
}

func (s *settings) Validate() []error {
	return append(s.Settings.Validate(), host.Section("callback", s.Callback.Validate()), s.NATS.Validate(), s.Redis.Validate())
}

func main() {
	s := &settings{
		Settings: host.DefaultSettings(), NATS: host.DefaultNATSConfig(),
		Redis: host.DefaultRedisConfig(), Callback: callbackqueue.DefaultConfig(),
	}
	os.Exit(host.Execute(context.Background(), host.Command(host.Program{
		Use: "callback-queue", Short: "Give customers to call back to agents, one at a time", Config: s,
		Modules: func() ([]host.Module, error) {
			return []host.Module{host.NATS(s.NATS), callbackqueue.Module(s.Callback, s.Redis), host.Listen(s.ListenConfig)}, nil
		},
	}), os.Stderr))
}
