package collector

import (
	"cmp"
	"errors"
	"fmt"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/collector/internal/access"
	"github.com/rappel-loop/rappel/services/collector/internal/access/redislimit"
	"github.com/rappel-loop/rappel/services/collector/internal/hook"
	"github.com/rappel-loop/rappel/services/internal/keyfile"
)

// LimitsConfig says how many answers are taken from whom, beside what the keys say.
type LimitsConfig struct {
	// PerAddress limits what comes from one IPv4 address, or from one /64 of IPv6 ones;
	// genuine calls of sources do not count. None by default.
	PerAddress access.Limit `koanf:"per_address"`
	// PerHook limits the genuine calls to each endpoint of a source that has no limit of its
	// own. None by default.
	PerHook access.Limit `koanf:"per_hook"`
	// TrustedProxies are the networks whose word on X-Forwarded-For is taken.
	TrustedProxies []string `koanf:"trusted_proxies"`
}

// keys reads the file of keys; without one there are none, and everybody may send.
func (c Config) keys() ([]keyfile.Entry, error) {
	if c.KeysFile == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.KeysFile)
	if err != nil {
		return nil, fmt.Errorf("keys_file: %w", err)
	}
	entries, err := keyfile.Load(c.KeysFile, text)
	if err != nil {
		return nil, fmt.Errorf("keys_file: %w", err)
	}
	return entries, nil
}

// checkAccess names what is wrong with the keys and the limits.
func (c Config) checkAccess() error {
	_, err := c.keys()
	errs := []error{err}
	if err := c.Limits.PerAddress.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("limits.per_address: %w", err))
	}
	if err := c.Limits.PerHook.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("limits.per_hook: %w", err))
	}
	if _, err := access.ParseAddresses(c.Limits.TrustedProxies); err != nil {
		errs = append(errs, fmt.Errorf("limits.trusted_proxies: %w", err))
	}
	return errors.Join(errs...)
}

// limits reports whether anybody is limited: else nobody needs to be asked for it.
func (c Config) limits() bool {
	limited := c.Limits.PerAddress.Rate > 0 || c.KeysFile != "" // it may get keys that have
	for _, l := range c.hookLimits() {
		limited = limited || l.Rate > 0
	}
	return limited
}

// hookLimits are the endpoints' own, or that of all.
func (c Config) hookLimits() map[string]access.Limit {
	limits := make(map[string]access.Limit, len(c.Hooks))
	for name, h := range c.Hooks {
		limits[name] = cmp.Or(h.Limit, c.Limits.PerHook)
	}
	return limits
}

// warnOfOpen says what anybody may fill without a bound.
func (c Config) warnOfOpen(log *zap.Logger, endpoints map[string]*hook.Endpoint) {
	if surveys, err := c.surveys(); err == nil && c.Limits.PerAddress.Rate == 0 {
		for _, s := range surveys {
			if s.Open != nil {
				log.Warn("a survey is open to anybody, and nothing bounds how much one address answers: set collector.limits.per_address", zap.String("survey", s.Name))
			}
		}
	}
	limits := c.hookLimits()
	for name, e := range endpoints {
		if e.Open() && limits[name].Rate == 0 {
			log.Warn("an endpoint takes unsigned calls, and nothing bounds how many: give it a limit, or set collector.limits.per_hook", zap.String("endpoint", name))
		}
	}
}

// newAccess reads who may send.
func newAccess(cfg Config, deps Deps) (*access.Guard, access.Addresses, error) {
	addresses, err := access.ParseAddresses(cfg.Limits.TrustedProxies)
	if err != nil {
		return nil, addresses, err
	}
	keys, err := cfg.keys()
	if err != nil {
		return nil, addresses, err
	}
	log := deps.Log.Named("access")
	if len(keys) > 0 {
		log.Info("who sends answers needs a key", zap.Int("keys", len(keys)))
	}
	var limiter access.Limiter = access.NewMemory(deps.Clock, access.MaxBuckets)
	if deps.Redis != nil {
		limiter = access.NewFallback(redislimit.New(deps.Redis, deps.RedisPrefix), limiter, cmp.Or(deps.RedisPatience, access.Patience), deps.Clock, log)
	}
	return access.New(access.Options{
		Keys: keys, PerAddress: cfg.Limits.PerAddress, Hooks: cfg.hookLimits(), Limiter: limiter, Clock: deps.Clock, Log: log,
		Count: countRefused(deps.Metrics),
	}), addresses, nil
}

// countRefused counts what was refused, by reasons that are fixed.
func countRefused(reg prometheus.Registerer) func(access.Reason) {
	refused := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "calls_refused_total", Help: "Calls refused at the door, and answers that a key may not send, by reason.",
	}, []string{"reason"})
	counters := make(map[access.Reason]prometheus.Counter, len(access.Reasons))
	for _, r := range access.Reasons {
		counters[r] = refused.WithLabelValues(string(r))
	}
	if reg != nil {
		reg.MustRegister(refused)
	}
	return func(r access.Reason) { counters[r].Inc() }
}
