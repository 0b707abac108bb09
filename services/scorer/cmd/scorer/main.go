// Command scorer runs the scorer as a process of its own.
package main

import (
	"context"
	"os"

	"github.com/rappel-loop/rappel/services/internal/host"
	"github.com/rappel-loop/rappel/services/scorer"
)

type settings struct {
	host.Settings `koanf:",squash"`
	NATS          host.NATSConfig `koanf:"nats"`
	Scorer        scorer.Config   `koanf:"scorer"`
}

func (s *settings) Validate() []error {
	return append(s.Settings.Validate(), host.Section("scorer", s.Scorer.Validate()), s.NATS.Validate())
}

func main() {
	s := &settings{Settings: host.DefaultSettings(), NATS: host.DefaultNATSConfig(), Scorer: scorer.DefaultConfig()}
	os.Exit(host.Execute(context.Background(), host.Command(host.Program{
		Use: "scorer", Short: "Score every response as it is received", Config: s,
		Modules: func() ([]host.Module, error) {
			return []host.Module{host.NATS(s.NATS), scorer.Module(s.Scorer), host.Listen(s.ListenConfig)}, nil
		},
	}), os.Stderr))
}
