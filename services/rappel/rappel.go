// Package rappel is the all-in-one: every service of the loop in one process, on
// an event store of its own and an index in memory. The services do not know:
// they meet over the same streams as when each runs alone.
package rappel

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rappel-loop/rappel/services/alerting"
	callbackqueue "github.com/rappel-loop/rappel/services/callback-queue"
	"github.com/rappel-loop/rappel/services/collector"
	"github.com/rappel-loop/rappel/services/feed"
	"github.com/rappel-loop/rappel/services/internal/embednats"
	"github.com/rappel-loop/rappel/services/internal/host"
	"github.com/rappel-loop/rappel/services/internal/topology"
	"github.com/rappel-loop/rappel/services/rappel/internal/deadletter"
	"github.com/rappel-loop/rappel/services/rappel/internal/tail"
	"github.com/rappel-loop/rappel/services/scorer"
)

// Config is the all-in-one's configuration.
type Config struct {
	host.Settings `koanf:",squash"`
	// DataDir holds everything that must survive: the event store, its mark, and
	// the secret that customers' keys are made with.
	DataDir string `koanf:"data_dir"`
	// NATS says whether other NATS clients may reach the event store.
	NATS NATSConfig `koanf:"nats"`
	// Redis, when it has addresses, holds the index, and the collector's limits, instead
	// of memory.
	Redis     host.RedisConfig     `koanf:"redis"`
	Collector collector.Config     `koanf:"collector"`
	Scorer    scorer.Config        `koanf:"scorer"`
	Alerting  alerting.Config      `koanf:"alerting"`
	Callback  callbackqueue.Config `koanf:"callback"`
	Feed      feed.Config          `koanf:"feed"`
	// Sample is a folder of sample answers to play once the loop is ready.
	Sample string `koanf:"sample"`
}

// NATSConfig is the part of the embedded server that is the operator's choice.
type NATSConfig struct {
	// Listen is a HOST:PORT for other NATS clients; empty opens no port.
	Listen string `koanf:"listen"`
	// SyncAlways syncs each message instead of in groups.
	SyncAlways bool `koanf:"sync_always"`
	// MaxStreamBytes bounds each stream of answers, scores and alerts; 0 is
	// unbounded.
	MaxStreamBytes int64 `koanf:"max_stream_bytes"`
}

// DefaultConfig keeps its data in ./data and is reached from this machine only.
func DefaultConfig() Config {
	return Config{
		Settings: host.DefaultSettings(), DataDir: "./data", Redis: host.DefaultRedisConfig(),
		Collector: collector.DefaultConfig(), Scorer: scorer.DefaultConfig(),
		Alerting: alerting.DefaultConfig(), Callback: callbackqueue.DefaultConfig(), Feed: feed.DefaultConfig(),
	}
}

// Validate names every field that is wrong.
func (c *Config) Validate() []error {
	errs := append(c.Settings.Validate(),
		host.Section("scorer", c.Scorer.Validate()),
		host.Section("alerting", c.Alerting.Validate()),
		host.Section("callback", c.Callback.Validate()),
		host.Section("feed", c.Feed.Validate()), c.Redis.Validate())
	if c.DataDir == "" {
		errs = append(errs, errors.New("data_dir is required: it keeps every accepted answer"))
	}
	if c.NATS.Listen != "" {
		errs = append(errs, host.Section("nats.listen", host.CheckBind(c.NATS.Listen, c.InsecureBind)))
	}
	if c.Sample != "" {
		if _, err := os.Stat(c.Sample); err != nil {
			errs = append(errs, host.Section("sample", err))
		}
	}
	return append(errs, host.Section("collector", c.collector().Validate()))
}

// collector is the collector's section. Its secret is kept with the data, unless
// one is given, and its scales are the scorer's.
func (c *Config) collector() collector.Config {
	section := c.Collector
	if section.Secret == "" && section.SecretFile == "" {
		section.SecretFile = filepath.Join(c.DataDir, "secret")
	}
	section.ScalesFile = cmp.Or(section.ScalesFile, c.Scorer.ScalesFile)
	return section
}

// callback is the callback queue's section. A snapshot of its index is kept with the
// data, unless another place is given.
func (c *Config) callback() callbackqueue.Config {
	section := c.Callback
	if section.IndexFile == "" {
		section.IndexFile = filepath.Join(c.DataDir, "callback-index")
	}
	return section
}

// Modules lists the process's parts: the store first, the services from the end
// of the loop to its beginning, so that whatever comes in finds the rest ready,
// and the listeners last.
func (c *Config) Modules() ([]host.Module, error) {
	if err := os.MkdirAll(c.DataDir, 0o750); err != nil {
		return nil, host.Section("data directory", err)
	}
	store := embednats.Config{Dir: c.DataDir, Listen: c.NATS.Listen, SyncAlways: c.NATS.SyncAlways}
	modules := []host.Module{
		embednats.Module(store, topology.Options{Replicas: 1, MaxBytes: c.NATS.MaxStreamBytes}),
		feed.Module(c.Feed),
		callbackqueue.Module(c.callback(), c.Redis),
		alerting.Module(c.Alerting),
		scorer.Module(c.Scorer),
		collector.Module(c.collector(), c.Redis),
		operatorModule(),
		host.Listen(c.ListenConfig),
	}
	if c.Sample != "" {
		modules = append(modules, playModule(c.Sample, os.Stdout))
	}
	return modules, nil
}

// operatorModule offers the loop's events, without personal data, to `rappel
// tail`, and what was given up to `rappel dead-letters`.
func operatorModule() host.Module {
	return host.Module{Name: "operator", Start: func(_ context.Context, p *host.Process) error {
		p.RPC.HTTP().Handle("GET /v1/tail", tail.Handler(p.Bus))
		deadletter.Register(p.RPC.HTTP(), p.Bus)
		return nil
	}}
}

// RunCommand is `rappel run`.
func RunCommand() *cobra.Command {
	c := DefaultConfig()
	return host.Command(host.Program{
		Use: "run", Short: "Run the whole loop in one process",
		Long: "Run the whole loop in one process: collector, scorer, alerting, callback queue and feed\n" +
			"on an event store in --data-dir. Every setting can also come from --config FILE or from the\n" +
			"environment: RAPPEL_DATA_DIR, RAPPEL_HTTP_ADDR, RAPPEL_CALLBACK__MAX_ATTEMPTS and so on.",
		Config: &c, Modules: c.Modules,
		Flags: func(f *pflag.FlagSet) map[string]string {
			f.String("data-dir", c.DataDir, "where everything that must survive is kept")
			f.String("nats-listen", "", "let other NATS clients reach the event store at this HOST:PORT")
			f.String("sample", "", "play this folder of sample answers, show what came of it, and go on serving")
			return map[string]string{"data-dir": "data_dir", "nats-listen": "nats.listen", "sample": "sample"}
		},
	})
}
