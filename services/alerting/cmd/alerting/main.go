// Command alerting runs the alerting as a process of its own.
package main

import (
	"context"
	"os"

	"github.com/rappel-loop/rappel/services/alerting"
	"github.com/rappel-loop/rappel/services/internal/host"
)

type settings struct {
	host.Settings `koanf:",squash"`
	NATS          host.NATSConfig `koanf:"nats"`
	Alerting      alerting.Config `koanf:"alerting"`
}

func (s *settings) Validate() []error {
	return append(s.Settings.Validate(), host.Section("alerting", s.Alerting.Validate()), s.NATS.Validate())
}

func main() {
	s := &settings{Settings: host.DefaultSettings(), NATS: host.DefaultNATSConfig(), Alerting: alerting.DefaultConfig()}
	os.Exit(host.Execute(context.Background(), host.Command(host.Program{
		Use: "alerting", Short: "Run the rules over every scored response", Config: s,
		Modules: func() ([]host.Module, error) {
			return []host.Module{host.NATS(s.NATS), alerting.Module(s.Alerting), host.Listen(s.ListenConfig)}, nil
		},
	}), os.Stderr))
}
