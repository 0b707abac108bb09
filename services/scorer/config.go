package scorer

import (
	"errors"
	"fmt"

	"github.com/rappel-loop/rappel/services/internal/topology"
)

// mostLanes bounds Config.Lanes: each lane is a goroutine with a few events.
const mostLanes = 4096

// Config is what an operator may choose.
type Config struct {
	// Lanes is how many responses this process scores at once, 1 to 4096. Each
	// waits for the event store, so it is many more than there are cores. One
	// customer's responses stay in order whatever the number.
	Lanes int `koanf:"lanes"`
}

// DefaultConfig needs no change for most deployments.
func DefaultConfig() Config { return Config{Lanes: topology.Scorer.Lanes} }

// Validate names every field that is wrong.
func (c Config) Validate() error {
	var errs []error
	if c.Lanes < 1 || c.Lanes > mostLanes {
		errs = append(errs, fmt.Errorf("lanes: %d is not between 1 and %d", c.Lanes, mostLanes))
	}
	return errors.Join(errs...)
}
