package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/config"
)

type nested struct {
	URL      string        `koanf:"url"`
	Wait     time.Duration `koanf:"wait"`
	Replicas int           `koanf:"replicas"`
	Addrs    []string      `koanf:"addrs"`
}

type inner struct {
	Level string `koanf:"level"`
}

type sample struct {
	inner `koanf:",squash"`
	Name  string            `koanf:"name"`
	On    bool              `koanf:"on"`
	Ratio float64           `koanf:"ratio"`
	NATS  nested            `koanf:"nats"`
	Map   map[string]string `koanf:"map"`
}

func (s *sample) Validate() []error {
	var errs []error
	if s.NATS.Replicas < 1 {
		errs = append(errs, errors.New("nats.replicas must be positive"))
	}
	if s.Name == "" {
		errs = append(errs, errors.New("name is required"))
	}
	return append(errs, nil)
}

func defaults() *sample {
	return &sample{inner: inner{"info"}, Name: "default", NATS: nested{
		URL: "nats://default", Wait: time.Second, Replicas: 1, Addrs: []string{"x", "y", "z"},
	}}
}

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.yaml")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func TestTheLaterSourceWins(t *testing.T) {
	t.Parallel()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	flags.String("url", "nats://flag-default", "")
	flags.String("name", "flag-default", "")
	flags.StringSlice("addrs", nil, "")
	keys := map[string]string{"url": "nats.url", "name": "name", "addrs": "nats.addrs"}
	src := config.Sources{EnvPrefix: "T_", Flags: flags, FlagKeys: keys}
	load := func() *sample {
		c := defaults()
		require.NoError(t, config.Load(c, src))
		return c
	}
	require.Equal(t, defaults(), load(), "a flag that was not given sets nothing")

	src.File = file(t, "name: file\nlevel: debug\non: true\nratio: 0.5\nnats:\n  url: nats://file\n  wait: 2m30s\n  replicas: 3\n  addrs: [a, b]\nmap: {k: v}\n")
	c := load()
	require.Equal(t, &sample{inner: inner{"debug"}, Name: "file", On: true, Ratio: 0.5, Map: map[string]string{"k": "v"}, NATS: nested{
		URL: "nats://file", Wait: 150 * time.Second, Replicas: 3, Addrs: []string{"a", "b"},
	}}, c)

	src.Environ = []string{"T_NATS__URL=nats://env", "T_NATS__WAIT=3s", "T_NATS__ADDRS=p,q", "T_ON=false", "T_NATS__REPLICAS=5", "OTHER=1"}
	c = load()
	require.Equal(t, nested{URL: "nats://env", Wait: 3 * time.Second, Replicas: 5, Addrs: []string{"p", "q"}}, c.NATS)
	require.False(t, c.On)
	require.Equal(t, "file", c.Name)

	require.NoError(t, flags.Parse([]string{"--url", "nats://flag", "--addrs", "one,two", "--addrs", "three"}))
	c = load()
	require.Equal(t, "nats://flag", c.NATS.URL)
	require.Equal(t, []string{"one", "two", "three"}, c.NATS.Addrs)
	require.Equal(t, "file", c.Name)
}

func TestEverythingWrongIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	err := config.Load(defaults(), config.Sources{
		File:      file(t, "name: ''\nnonsense: 1\nratio: much\nnats:\n  wait: soon\n  replicas: 0\n  addresses: [a]\n"),
		EnvPrefix: "T_", Environ: []string{"T_ON=perhaps", "T_NATS__UR=x"},
	})
	for _, want := range []string{
		"configuration: ", "name is required", "nats.replicas must be positive", "ratio", "nats.wait", "'on'",
		"unknown settings: nonsense\n", "'nats' has unknown settings: addresses, ur",
	} {
		require.ErrorContains(t, err, want)
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{
		"missing": filepath.Join(t.TempDir(), "none.yaml"), "no YAML": file(t, "a: [\n"), "a key twice": file(t, "name: a\nname: b\n"),
	} {
		err := config.Load(defaults(), config.Sources{File: path})
		require.ErrorContains(t, err, "configuration file "+path, name)
	}
	for _, content := range []string{"", "# nothing\n", "---\n"} {
		c := defaults()
		require.NoError(t, config.Load(c, config.Sources{File: file(t, content)}))
		require.Equal(t, defaults(), c)
	}
}

func TestVariablesThatOnlyStartAlike(t *testing.T) {
	t.Parallel()
	src := config.Sources{EnvPrefix: "T_", Environ: []string{"T_SERVER=x", "T_NAME=a"}}
	require.ErrorContains(t, config.Load(defaults(), src), "unknown settings: server")
	src.EnvIgnore = []string{"T_SERVER"}
	c := defaults()
	require.NoError(t, config.Load(c, src))
	require.Equal(t, "a", c.Name)
}

func TestAValueIsNotRepeated(t *testing.T) {
	t.Parallel()
	type secret struct {
		Password int `koanf:"password"`
	}
	err := config.Load(&secret{}, config.Sources{EnvPrefix: "T_", Environ: []string{"T_PASSWORD=hunter2"}})
	require.ErrorContains(t, err, "password")
	require.NotContains(t, err.Error(), "hunter2")
}
