package server

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseStat(t *testing.T) {
	t.Parallel()
	st, err := parseStat("4711 (postgres: (a) b) S 42 4711 4711 0 -1 4194560 1 2 3 4 100 20 3 1 20 0 1 0 9 9 9\n")
	require.NoError(t, err)
	require.Equal(t, stat{pid: 4711, parent: 42, used: 1240 * time.Millisecond}, st)
	for _, wrong := range []string{"", "1 (x) S 1", "x (y) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"} {
		_, err := parseStat(wrong)
		require.Error(t, err, "%q", wrong)
	}
}
