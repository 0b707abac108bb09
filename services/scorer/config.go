package scorer

import (
	"errors"
	"fmt"

	"github.com/rappel-loop/rappel/services/internal/host"
	"github.com/rappel-loop/rappel/services/internal/topology"
	"github.com/rappel-loop/rappel/services/scorer/internal/score"
	"github.com/rappel-loop/rappel/services/scorer/internal/training"
)

// mostLanes bounds Config.Lanes: each lane is a goroutine with a few events.
const mostLanes = 4096

// leastCertain bounds Config.Certain: below, it would be the less probable of two.
const leastCertain = 0.5

// Config is what an operator may choose.
type Config struct {
	// Lanes is how many responses this process scores at once, 1 to 4096. Each
	// waits for the event store, so it is many more than there are cores. One
	// customer's responses stay in order whatever the number.
	Lanes int `koanf:"lanes"`
	// ScalesFile is the path of the scales that surveys declare; empty declares none.
	ScalesFile string `koanf:"scales_file"`
	// ThemesFile is the path of themes of the deployment's own; empty has those that are
	// shipped.
	ThemesFile string `koanf:"themes_file"`
	// Priority are the weights of a customer's priority; docs/scoring.md has the formula.
	Priority score.Priority `koanf:"priority"`
	// Certain is from which probability on words contradict a score, 0.5 to 1.
	Certain float64 `koanf:"certain"`
	// Training bounds what models are trained on.
	Training training.Options `koanf:"training"`
}

// DefaultConfig needs no change for most deployments.
func DefaultConfig() Config {
	return Config{
		Lanes: topology.Scorer.Lanes, Priority: score.DefaultPriority(), Certain: score.DefaultCertain,
		Training: training.DefaultOptions(),
	}
}

// Validate names every field that is wrong. The files are read by New.
func (c Config) Validate() error {
	var errs []error
	if c.Lanes < 1 || c.Lanes > mostLanes {
		errs = append(errs, fmt.Errorf("lanes: %d is not between 1 and %d", c.Lanes, mostLanes))
	}
	if !(c.Certain >= leastCertain && c.Certain <= 1) {
		errs = append(errs, fmt.Errorf("certain: %v is not between %v and 1", c.Certain, leastCertain))
	}
	errs = append(errs, host.Section("priority", c.Priority.Validate()), host.Section("training", c.Training.Validate()))
	return errors.Join(errs...)
}
