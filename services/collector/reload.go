package collector

import (
	"cmp"
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/collector/internal/access"
	"github.com/rappel-loop/rappel/services/collector/internal/hook"
	"github.com/rappel-loop/rappel/services/internal/filewatch"
)

// keysFile is what the file of keys is called in logs and metrics; the files of an endpoint
// are called hooks.<name>.
const keysFile = "keys_file"

// files are those that are read again when they change, and who has what they hold.
type files struct {
	*filewatch.Watcher
	guard     *access.Guard
	endpoints map[string]*hook.Endpoint
}

// watchFiles notes how the files are before they are read for the first time; who has what
// they hold is told before Run.
func watchFiles(cfg Config, deps Deps) *files {
	f := &files{}
	log, count := deps.Log.Named("files"), countReloads(deps.Metrics)
	f.Watcher = filewatch.New(cmp.Or(deps.ReloadEvery, filewatch.Every), func(what string, err error) {
		count(what, err)
		if err != nil {
			log.Error("a file that changed is wrong and was not taken; what it held before stays", zap.String("what", what), zap.Error(err))
			return
		}
		log.Info("a file that changed was read again", zap.String("what", what))
	})
	if cfg.KeysFile != "" {
		f.Add(filewatch.Set{Name: keysFile, Files: []string{cfg.KeysFile}, Take: func() error {
			keys, err := cfg.keys()
			if err == nil {
				f.guard.SetKeys(keys)
			}
			return err
		}})
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.Hooks)) {
		f.Add(filewatch.Set{Name: "hooks." + name, Files: cfg.Hooks[name].Files(), Take: func() error { return f.endpoints[name].Reload() }})
	}
	return f
}

// countReloads counts what came of files that changed, and shows which were refused.
func countReloads(reg prometheus.Registerer) func(what string, err error) {
	reloads := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "reloads_total", Help: "Files that changed and were taken or refused, by what they hold.",
	}, []string{"what", "result"})
	refused := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "files_refused", Help: "1 while a file that changed is wrong, and what it held before stays, by what it holds.",
	}, []string{"what"})
	if reg != nil {
		reg.MustRegister(reloads, refused)
	}
	return func(what string, err error) {
		if err != nil {
			reloads.WithLabelValues(what, "refused").Inc()
			refused.WithLabelValues(what).Set(1)
			return
		}
		reloads.WithLabelValues(what, "taken").Inc()
		refused.WithLabelValues(what).Set(0)
	}
}
