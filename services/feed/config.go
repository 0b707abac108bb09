package feed

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/rappel-loop/rappel/services/internal/topology"
)

// Bounds of the configuration.
const (
	// mostLanes bounds Config.Lanes, mostSubscribers Config.MaxSubscribers: each has a
	// consumer on the server.
	mostLanes, mostSubscribers = 4096, 10_000
	// mostAttributes bounds Config.Attributes, as many as a response has.
	mostAttributes = 50
	// A heartbeat is at least so often heard, and so seldom.
	leastHeartbeat, mostHeartbeat = 100 * time.Millisecond, 5 * time.Minute
)

// Config is what an operator may choose.
type Config struct {
	// Attributes are the names of responses' attributes that the feed tells of, up to 50;
	// none by default, since they may be personal data.
	Attributes []string `koanf:"attributes"`
	// Source begins the source of every event, a URI reference; /rappel by default.
	Source string `koanf:"source"`
	// MaxSubscribers is how many may follow this process at once, 1 to 10,000; 256 by default.
	MaxSubscribers int `koanf:"max_subscribers"`
	// Heartbeat is how long a subscriber hears nothing, 100ms to 5m; 15s by default.
	Heartbeat time.Duration `koanf:"heartbeat"`
	// Lanes is how many events of each stream are told of at once, 1 to 4096; 64 by default.
	// One customer's stay in order whatever the number.
	Lanes int `koanf:"lanes"`
}

// DefaultConfig needs no change for most deployments.
func DefaultConfig() Config {
	return Config{Source: "/rappel", MaxSubscribers: 256, Heartbeat: 15 * time.Second, Lanes: topology.FeedCallbacks.Lanes}
}

// Validate names every field that is wrong.
func (c Config) Validate() error {
	var errs []error
	add := func(wrong bool, format string, a ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, a...))
		}
	}
	add(len(c.Attributes) > mostAttributes, "attributes: %d are more than %d", len(c.Attributes), mostAttributes)
	for _, name := range c.Attributes {
		add(name == "", "attributes: a name is empty")
	}
	_, err := url.Parse(c.Source)
	add(err != nil || c.Source == "", "source: %q is no URI reference, as /rappel or https://rappel.example.com", c.Source)
	add(c.MaxSubscribers < 1 || c.MaxSubscribers > mostSubscribers, "max_subscribers: %d is not between 1 and %d", c.MaxSubscribers, mostSubscribers)
	add(c.Heartbeat < leastHeartbeat || c.Heartbeat > mostHeartbeat, "heartbeat: %s is not between %s and %s", c.Heartbeat, leastHeartbeat, mostHeartbeat)
	add(c.Lanes < 1 || c.Lanes > mostLanes, "lanes: %d is not between 1 and %d", c.Lanes, mostLanes)
	return errors.Join(errs...)
}
