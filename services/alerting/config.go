package alerting

import (
	"errors"
	"fmt"
	"time"

	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
	"github.com/rappel-loop/rappel/services/alerting/internal/sender"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// Bounds of Config.
const (
	mostLanes = 4096
	leastCost = 1_000
	mostCost  = 1_000_000_000
	leastLook = 100 * time.Millisecond
	mostLook  = time.Hour
)

// Config is what an operator may choose.
type Config struct {
	// RulesFile is the path of the rules. Empty means the last that were put by the API,
	// and those that are shipped until there are any.
	RulesFile string `koanf:"rules_file"`
	// RulesCheck is how often the file is looked at, 100 ms to 1 h. A file that has changed
	// is taken when it looks the same twice.
	RulesCheck time.Duration `koanf:"rules_check"`
	// NotifyFile is the path of the file that says who is told of alerts. Empty tells nobody.
	NotifyFile string `koanf:"notify_file"`
	// NotifyCheck is how often that file is looked at, 100 ms to 1 h.
	NotifyCheck time.Duration `koanf:"notify_check"`
	// NotifyAllowPrivate lets receivers be in a private network, on any port and without TLS:
	// their addresses stand in the notify file, which more people may write than this one.
	NotifyAllowPrivate bool `koanf:"notify_allow_private"`
	// PublicURL is where people are told to look at alerts, as https://rappel.example.org; {group}
	// in it stands for the group's key. Empty tells them nowhere.
	PublicURL string `koanf:"public_url"`
	// SMTP is the server that e-mail is sent by.
	SMTP sender.SMTP `koanf:"smtp"`
	// FallbacksCheck is how often it is looked whether fallbacks begin or end, 100 ms to 1
	// min.
	FallbacksCheck time.Duration `koanf:"fallbacks_check"`
	// MaxRuleCost is the most that one evaluation of one rule may cost, in CEL's
	// units, 1,000 to 1,000,000,000. docs/rules.md says what things cost.
	MaxRuleCost uint64 `koanf:"max_rule_cost"`
	// Lanes is how many responses this process handles at once, 1 to 4096. Each
	// waits for the event store, so it is many more than there are cores. One
	// customer's responses stay in order whatever the number.
	Lanes int `koanf:"lanes"`
}

// DefaultConfig names no file.
func DefaultConfig() Config {
	return Config{RulesCheck: 2 * time.Second, FallbacksCheck: 5 * time.Second, NotifyCheck: 2 * time.Second, MaxRuleCost: rule.DefaultMaxCost, Lanes: topology.Alerting.Lanes}
}

// Validate names every field that is wrong. The rules themselves are read by
// New.
func (c Config) Validate() error {
	var errs []error
	if c.MaxRuleCost < leastCost || c.MaxRuleCost > mostCost {
		errs = append(errs, fmt.Errorf("max_rule_cost: %d is not between %d and %d", c.MaxRuleCost, leastCost, mostCost))
	}
	if c.RulesCheck < leastLook || c.RulesCheck > mostLook {
		errs = append(errs, fmt.Errorf("rules_check: %s is not between %s and %s", c.RulesCheck, leastLook, mostLook))
	}
	if c.NotifyCheck < leastLook || c.NotifyCheck > mostLook {
		errs = append(errs, fmt.Errorf("notify_check: %s is not between %s and %s", c.NotifyCheck, leastLook, mostLook))
	}
	if err := checkPublicURL(c.PublicURL); err != nil {
		errs = append(errs, err)
	}
	if err := c.SMTP.Validate(); err != nil {
		errs = append(errs, err)
	}
	if c.FallbacksCheck < leastLook || c.FallbacksCheck > time.Minute {
		errs = append(errs, fmt.Errorf("fallbacks_check: %s is not between %s and 1m0s", c.FallbacksCheck, leastLook))
	}
	if c.Lanes < 1 || c.Lanes > mostLanes {
		errs = append(errs, fmt.Errorf("lanes: %d is not between 1 and %d", c.Lanes, mostLanes))
	}
	return errors.Join(errs...)
}
