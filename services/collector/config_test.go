package collector_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/collector"
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
