package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/host"
)

func TestAProgramSaysItsVersion(t *testing.T) {
	t.Parallel()
	require.NotEmpty(t, host.Version())
	code, printed := execute(t.Context(), newSettings(), []string{"--version"})
	require.Zero(t, code)
	require.Equal(t, "test version "+host.Version()+"\n", printed)
}
