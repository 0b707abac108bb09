// Command feed runs the feed as a process of its own.
package main

import (
	"context"
	"os"

	"github.com/rappel-loop/rappel/services/feed"
	"github.com/rappel-loop/rappel/services/internal/host"
)

type settings struct {
	host.Settings `koanf:",squash"`
	NATS          host.NATSConfig `koanf:"nats"`
	Feed          feed.Config     `koanf:"feed"`
}

func (s *settings) Validate() []error {
	return append(s.Settings.Validate(), host.Section("feed", s.Feed.Validate()), s.NATS.Validate())
}

func main() {
	s := &settings{Settings: host.DefaultSettings(), NATS: host.DefaultNATSConfig(), Feed: feed.DefaultConfig()}
	os.Exit(host.Execute(context.Background(), host.Command(host.Program{
		Use: "feed", Short: "Tell product teams of every step, without personal data", Config: s,
		Modules: func() ([]host.Module, error) {
			return []host.Module{host.NATS(s.NATS), feed.Module(s.Feed), host.Listen(s.ListenConfig)}, nil
		},
	}), os.Stderr))
}
