package collector_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/collector"
	settings "github.com/rappel-loop/rappel/services/internal/config"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func TestTheDefaultsLackOnlyTheSecret(t *testing.T) {
	t.Parallel()
	c := collector.DefaultConfig()
	require.ErrorContains(t, c.Validate(), "secret: has 0 bytes")
	c.Secret = "0123456789abcdef"
	require.NoError(t, c.Validate())
}

func TestEveryWrongSettingIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	err := collector.Config{DefaultRegion: "fr", Secret: "short"}.Validate()
	for _, field := range []string{"secret: ", "default_region: ", "max_in_flight: ", "max_body_bytes: ", "retry_after: "} {
		require.ErrorContains(t, err, field)
	}
	require.NotContains(t, err.Error(), "short")
}

func TestAServiceNeedsABusAndAServer(t *testing.T) {
	t.Parallel()
	_, err := collector.New(config(), collector.Deps{})
	require.Error(t, err)
	_, err = collector.New(collector.Config{}, collector.Deps{Bus: testkit.Bus(t)})
	require.ErrorContains(t, err, "secret")
}

// The examples of the documentation are the ones people copy: nothing in them is unknown.
func TestTheExamplesOfTheDocumentationAreRead(t *testing.T) {
	t.Parallel()
	var doc []byte
	for _, page := range []string{"connectors", "surveys"} {
		text, err := os.ReadFile("../../docs/" + page + ".md")
		require.NoError(t, err)
		doc = append(doc, text...)
	}
	blocks := strings.Split(string(doc), "```yaml\n")[1:]
	require.GreaterOrEqual(t, len(blocks), 4)
	for _, b := range blocks {
		text, _, _ := strings.Cut(b, "```")
		file := filepath.Join(t.TempDir(), "rappel.yaml")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		var cfg struct {
			Collector collector.Config `koanf:"collector"`
		}
		require.NoError(t, settings.Load(&cfg, settings.Sources{File: file}), text)
		for name, h := range cfg.Collector.Hooks {
			require.NotEmpty(t, h.Source, name)
			_, err := os.Stat("../../" + h.Mapping)
			require.NoError(t, err)
		}
	}
}
