package host_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/host"
)

// settings are a process's configuration for tests.
type settings struct {
	host.Settings `koanf:",squash"`
	Extra         string `koanf:"extra"`
}

func newSettings() *settings {
	s := &settings{Settings: host.DefaultSettings()}
	s.HTTPAddr, s.GRPCAddr, s.Log.Level = "127.0.0.1:0", "127.0.0.1:0", "error"
	return s
}

// execute runs a process of the modules with the arguments; it returns the exit
// code and what was printed.
func execute(ctx context.Context, s *settings, args []string, modules ...host.Module) (int, string) {
	cmd := host.Command(host.Program{Use: "test", Config: s, Modules: func() ([]host.Module, error) { return modules, nil }})
	cmd.SetArgs(args)
	var out, errs bytes.Buffer
	cmd.SetOut(&out)
	code := host.Execute(ctx, cmd, &errs)
	return code, out.String() + errs.String()
}

// ending is a module that ends the process, cleanly, once it has started.
func ending(cancel context.CancelFunc) host.Module {
	return host.Module{Name: "ending", Start: func(_ context.Context, p *host.Process) error {
		p.Go("end", func(context.Context) error { cancel(); return nil })
		return nil
	}}
}

func TestACleanStopExitsWithZero(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := newSettings()
	code, printed := execute(ctx, s, []string{"--log-level", "error"}, host.Listen(s.ListenConfig), ending(cancel))
	require.Zero(t, code, printed)
	require.Empty(t, printed)
}

func TestAFailureExitsWithOne(t *testing.T) {
	t.Parallel()
	broken := host.Module{Name: "broken", Start: func(context.Context, *host.Process) error { return errBroken }}
	code, printed := execute(t.Context(), newSettings(), nil, broken)
	require.Equal(t, 1, code)
	require.Empty(t, printed, "it was logged")

	failing := host.Module{Name: "failing", Start: func(_ context.Context, p *host.Process) error {
		p.Go("task", func(context.Context) error { return errBroken })
		return nil
	}}
	code, _ = execute(t.Context(), newSettings(), nil, failing)
	require.Equal(t, 1, code)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stuck := host.Module{Name: "stuck", Start: func(_ context.Context, p *host.Process) error {
		p.OnStop("stuck", func(context.Context) error { return errBroken })
		return nil
	}}
	code, _ = execute(ctx, newSettings(), nil, stuck, ending(cancel))
	require.Equal(t, 1, code, "a stop that fails is a failure")
}

func TestAWrongConfigurationIsPrintedAndNothingStarts(t *testing.T) {
	t.Parallel()
	never := host.Module{Name: "never", Start: func(context.Context, *host.Process) error {
		t.Error("started")
		return errBroken
	}}
	file := filepath.Join(t.TempDir(), "c.yaml")
	require.NoError(t, os.WriteFile(file, []byte("http_addr: 0.0.0.0:80\nlog: {level: loud, format: odd}\n"), 0o600))
	code, printed := execute(t.Context(), newSettings(), []string{"--config", file}, never)
	require.Equal(t, 1, code)
	for _, want := range []string{"http_addr", "--insecure-bind", `"loud"`, `"odd"`} {
		require.Contains(t, printed, want)
	}
	code, printed = execute(t.Context(), newSettings(), []string{"--nonsense"}, never)
	require.Equal(t, 1, code)
	require.Contains(t, printed, "--nonsense")
}

type coded struct{ error }

func (coded) ExitCode() int { return 7 }

func TestAnErrorMayNameTheExitCode(t *testing.T) {
	t.Parallel()
	code, _ := execute(t.Context(), newSettings(), nil, host.Module{Name: "m", Start: func(context.Context, *host.Process) error {
		return coded{errors.New("x")}
	}})
	require.Equal(t, 7, code)
}

func TestHealthAsksTheRunningProcess(t *testing.T) {
	t.Parallel()
	p := newProcess()
	require.NoError(t, p.Start(t.Context(), host.Listen(host.ListenConfig{HTTPAddr: "127.0.0.1:0", GRPCAddr: "127.0.0.1:0"})))
	code, printed := execute(t.Context(), newSettings(), []string{"health", "--http-addr", p.HTTPAddr})
	require.Zero(t, code, printed)
	require.Contains(t, printed, "ready")
	p.RPC.Health().AddReadiness("nats", func() error { return errBroken })
	code, printed = execute(t.Context(), newSettings(), []string{"health", "--http-addr", p.HTTPAddr})
	require.Equal(t, 1, code)
	require.Contains(t, printed, "broken")
	require.NoError(t, p.Stop())
	code, printed = execute(t.Context(), newSettings(), []string{"health", "--http-addr", p.HTTPAddr})
	require.Equal(t, 1, code)
	require.Contains(t, printed, "not reachable")
}
