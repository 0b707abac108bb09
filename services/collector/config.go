package collector

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/rappel-loop/rappel/services/collector/internal/hook"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
)

// Config of the collector.
type Config struct {
	// Secret, of at least 16 bytes, is what customers' pseudonyms are made under.
	// All collectors of a deployment share it. It must not change as long as the
	// streams live: another one makes every customer a stranger, so a collector
	// that has another than the stored responses were keyed under does not start.
	Secret string `koanf:"secret"`
	// SecretFile holds the secret instead, and is made, with a secret of its own,
	// where there is none: at the first start. Keep it with the data.
	SecretFile string `koanf:"secret_file"`
	// DefaultRegion is where a phone number in national form is dialled when the
	// customer's language and time zone say nothing better: an ISO 3166 code.
	DefaultRegion string `koanf:"default_region"`
	// ScalesFile declares on which scales surveys ask, where a source does not say it with
	// each answer; the scorer's own file has the thresholds. docs/scoring.md.
	ScalesFile string `koanf:"scales_file"`
	// MaxInFlight bounds the responses being stored at once, at least 64. Beyond
	// it a source is told to come back.
	MaxInFlight int `koanf:"max_in_flight"`
	// MaxBodyBytes bounds the HTTP bodies held in memory at once, in bytes, at
	// least 8 MiB (one body).
	MaxBodyBytes int64 `koanf:"max_body_bytes"`
	// RetryAfter is when a source that is turned away is told to come back,
	// 1 second to 5 minutes.
	RetryAfter time.Duration `koanf:"retry_after"`
	// Hooks are the endpoints that sources call, by name; docs/connectors.md.
	Hooks map[string]hook.Config `koanf:"hooks"`
	// SurveysDir holds the surveys of one's own, a YAML file each; docs/surveys.md.
	SurveysDir string `koanf:"surveys_dir"`
	// PublicURL is the address that customers reach the surveys' pages at.
	PublicURL string `koanf:"public_url"`
	// KeysFile holds the keys of those who may send answers; empty lets everybody.
	// It is read at the start.
	KeysFile string `koanf:"keys_file"`
	// Limits say how many answers are taken from whom.
	Limits LimitsConfig `koanf:"limits"`
	// Imports bound the files that are sent whole.
	Imports ImportsConfig `koanf:"imports"`
}

// ImportsConfig bounds imports.
type ImportsConfig struct {
	// MaxBytes is the largest file that is taken, in bytes, at least 1 MiB.
	MaxBytes int64 `koanf:"max_bytes"`
	// RowsPerSecond bounds how fast a collector reads all imports together: what they fill
	// the loop with, live answers wait behind. 0 is without a bound.
	RowsPerSecond float64 `koanf:"rows_per_second"`
}

// DefaultConfig is right but for the secret, which has no default.
func DefaultConfig() Config {
	return Config{
		DefaultRegion: "FR", MaxInFlight: 8192, MaxBodyBytes: 256 << 20, RetryAfter: time.Second, PublicURL: "http://127.0.0.1:8080",
		Imports: ImportsConfig{MaxBytes: 2 << 30, RowsPerSecond: 2000},
	}
}

const (
	minInFlight   = 64
	minBodyBytes  = 8 << 20
	minRetryAfter = time.Second
	maxRetryAfter = 5 * time.Minute
	minImport     = 1 << 20
)

// Validate names every wrong field at once.
func (c Config) Validate() error {
	var errs []error
	switch n := len(c.Secret); {
	case c.SecretFile != "" && n > 0:
		errs = append(errs, errors.New("secret_file: a secret is given as well; keep the one that the data was made with"))
	case c.SecretFile == "" && n < response.MinSecret:
		errs = append(errs, fmt.Errorf("secret: has %d bytes, at least %d are needed; make one with: openssl rand -hex 32; or name a secret_file", n, response.MinSecret))
	}
	if _, err := response.NewNormaliser(c.DefaultRegion); err != nil {
		errs = append(errs, fmt.Errorf("default_region: %w", err))
	}
	if c.MaxInFlight < minInFlight {
		errs = append(errs, fmt.Errorf("max_in_flight: is %d, must be at least %d", c.MaxInFlight, minInFlight))
	}
	if c.MaxBodyBytes < minBodyBytes {
		errs = append(errs, fmt.Errorf("max_body_bytes: is %d, must be at least %d", c.MaxBodyBytes, minBodyBytes))
	}
	if c.RetryAfter < minRetryAfter || c.RetryAfter > maxRetryAfter {
		errs = append(errs, fmt.Errorf("retry_after: is %s, must be %s to %s", c.RetryAfter, minRetryAfter, maxRetryAfter))
	}
	if c.Imports.MaxBytes < minImport {
		errs = append(errs, fmt.Errorf("imports.max_bytes: is %d, must be at least %d", c.Imports.MaxBytes, minImport))
	}
	if c.Imports.RowsPerSecond < 0 {
		errs = append(errs, errors.New("imports.rows_per_second: must not be negative; 0 is without a bound"))
	}
	endpoints, err := c.endpoints()
	closeAll(endpoints)
	_, serr := c.surveys()
	return errors.Join(append(errs, err, serr, c.checkAccess())...)
}

// endpoints reads what the hooks' configuration names; the error names every wrong
// field of all of them.
func (c Config) endpoints() (map[string]*hook.Endpoint, error) {
	var errs []error
	all := make(map[string]*hook.Endpoint, len(c.Hooks))
	for _, name := range slices.Sorted(maps.Keys(c.Hooks)) {
		e, err := hook.NewEndpoint(name, c.Hooks[name])
		var problems hook.Problems
		if errors.As(err, &problems) {
			for _, p := range problems {
				errs = append(errs, fmt.Errorf("hooks.%s: %s", p.Field, p.Problem))
			}
			continue
		}
		all[name] = e
	}
	return all, errors.Join(errs...)
}

func closeAll(endpoints map[string]*hook.Endpoint) {
	for _, e := range endpoints {
		e.Close()
	}
}
