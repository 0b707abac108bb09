package alerting

import (
	"fmt"
	"os"

	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

// load reads and compiles the rules that cfg names. What is wrong with them
// comes back with file and line.
func load(cfg Config) (*rule.Set, error) {
	file, text := rule.DefaultFile, rule.DefaultText
	if cfg.RulesFile != "" {
		var err error
		if text, err = os.ReadFile(cfg.RulesFile); err != nil {
			return nil, fmt.Errorf("alerting: rules_file: %w", err)
		}
		file = cfg.RulesFile
	}
	set, err := rule.Load(file, text, rule.Options{MaxCost: cfg.MaxRuleCost})
	if err != nil {
		return nil, fmt.Errorf("alerting: the rules are refused:\n%w", err)
	}
	return set, nil
}
