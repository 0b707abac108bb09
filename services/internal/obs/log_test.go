package obs_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/internal/obs"
)

// logged is what a logger of this configuration writes to standard error. It
// swaps a global: its tests are not parallel.
func logged(t *testing.T, c obs.LogConfig, write func(*zap.Logger)) string {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	stderr := os.Stderr
	os.Stderr = w
	log, err := obs.NewLogger(c)
	os.Stderr = stderr
	require.NoError(t, err)
	write(log)
	require.NoError(t, w.Close())
	out, err := io.ReadAll(r)
	require.NoError(t, err)
	return string(out)
}

func TestALineIsJSONUnlessATerminalReadsIt(t *testing.T) { //nolint:paralleltest // swaps os.Stderr
	for _, format := range []string{"auto", "json"} {
		out := logged(t, obs.LogConfig{Level: "info", Format: format}, func(l *zap.Logger) {
			l.Debug("hidden")
			l.Named("bus").Info("shown", zap.String(obs.CustomerKey, "k"), zap.Error(errors.New("e")))
		})
		var line map[string]any
		require.NoError(t, json.Unmarshal([]byte(out), &line), out)
		require.Equal(t, "shown", line["msg"])
		require.Equal(t, "bus", line["logger"])
		require.Equal(t, "k", line["customer_key"])
		require.Equal(t, "e", line["error"])
		require.Contains(t, line, "time")
	}
	out := logged(t, obs.LogConfig{Level: "debug", Format: "text"}, func(l *zap.Logger) { l.Debug("shown") })
	require.Contains(t, out, "shown")
	require.NotContains(t, out, "{")
}

func TestLogConfigNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	require.Empty(t, obs.DefaultLogConfig().Validate())
	errs := obs.LogConfig{Level: "loud", Format: "odd"}.Validate()
	require.Len(t, errs, 2)
	require.ErrorContains(t, errs[0], `log.level: "loud"`)
	require.ErrorContains(t, errs[1], `log.format: "odd"`)
	_, err := obs.NewLogger(obs.LogConfig{Level: "loud"})
	require.ErrorContains(t, err, "log.level")
}
