package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rappel-loop/rappel/services/internal/config"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

// EnvPrefix starts every variable that configures a process: RAPPEL_HTTP_ADDR
// sets http_addr, RAPPEL_NATS__URL sets nats.url.
const EnvPrefix = "RAPPEL_"

// notSettings start alike, and are read by others.
var notSettings = []string{"RAPPEL_SERVER", "RAPPEL_GRPC", "RAPPEL_AGENT", "RAPPEL_KEY", "RAPPEL_LANG"}

// Settings is what every process can be told.
type Settings struct {
	Log          obs.LogConfig `koanf:"log"`
	ListenConfig `koanf:",squash"`
}

// DefaultSettings log from info on and are reached from this machine only.
func DefaultSettings() Settings {
	return Settings{Log: obs.DefaultLogConfig(), ListenConfig: DefaultListenConfig()}
}

// Validate names every field that is wrong.
func (s *Settings) Validate() []error { return append(s.Log.Validate(), s.ListenConfig.Validate()...) }

// Base gives the settings themselves, to whoever embeds them.
func (s *Settings) Base() *Settings { return s }

// Configured is a process's configuration: Settings, embedded, and more. It
// holds its defaults when it is given to Command.
type Configured interface {
	config.Validator
	Base() *Settings
}

// Program is one way to run a process.
type Program struct {
	// Use and Short are the command's, as in cobra.
	Use, Short, Long string
	// Config is filled from file, environment and flags before Modules is asked.
	Config Configured
	// Modules lists what runs, in order.
	Modules func() ([]Module, error)
	// Flags adds flags beside --http-addr and the like, and says which key each
	// sets; nil adds none.
	Flags func(*pflag.FlagSet) map[string]string
}

// Command makes the program a command that runs until it is told to stop.
func Command(p Program) *cobra.Command {
	cmd := &cobra.Command{Use: p.Use, Short: p.Short, Long: p.Long, Args: cobra.NoArgs, Version: Version(), SilenceUsage: true, SilenceErrors: true}
	keys := map[string]string{"http-addr": "http_addr", "grpc-addr": "grpc_addr", "log-level": "log.level", "insecure-bind": "insecure_bind"}
	base := p.Config.Base()
	file := cmd.Flags().String("config", "", "YAML configuration file")
	cmd.Flags().String("http-addr", base.HTTPAddr, "HTTP address, HOST:PORT; port 0 picks one and logs it")
	cmd.Flags().String("grpc-addr", base.GRPCAddr, "gRPC address, HOST:PORT; port 0 picks one and logs it")
	cmd.Flags().String("log-level", base.Log.Level, "debug, info, warn or error")
	cmd.Flags().Bool("insecure-bind", false, "allow an address that other machines reach, without authentication")
	if p.Flags != nil {
		for flag, key := range p.Flags(cmd.Flags()) {
			keys[flag] = key
		}
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := config.Load(p.Config, config.Sources{
			File: *file, EnvPrefix: EnvPrefix, Environ: os.Environ(), EnvIgnore: notSettings, Flags: cmd.Flags(), FlagKeys: keys,
		}); err != nil {
			return err
		}
		log, err := obs.NewLogger(p.Config.Base().Log)
		if err != nil {
			return err
		}
		modules, err := p.Modules()
		if err != nil {
			return err
		}
		return Run(cmd.Context(), cmd.Root().Name(), log, modules...)
	}
	cmd.AddCommand(healthCommand(p))
	return cmd
}

// Execute runs a command and returns the process's exit code. Errors that were
// not logged already are printed, one a line.
func Execute(ctx context.Context, cmd *cobra.Command, stderr io.Writer) int {
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	var failed *runError
	if !errors.As(err, &failed) {
		_, _ = fmt.Fprintf(stderr, "%s: %v\n", cmd.Name(), err)
	}
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	return 1
}

// Section puts a part's name before what is wrong in it; nil stays nil.
func Section(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}
