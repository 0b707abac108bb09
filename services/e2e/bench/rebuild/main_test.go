package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTableHasTheShapesBesideEachOther(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, printTable(&out, []figure{
		{"memory", "ready", 9.876, "s"},
		{"memory", "ratio", 1, ""},
		{"redis", "ready", 120.4, "s"},
		{"redis", "used_memory", 7, "MB"},
		{"redis", "ratio", 0.5, ""},
	}))
	lines := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
	require.Len(t, lines, 4)
	require.Regexp(t, `^ +memory +redis$`, lines[0])
	require.Regexp(t, `ready +9\.88 s +120 s$`, lines[1])
	require.Regexp(t, `used_memory +7 MB$`, lines[2])
	require.Regexp(t, `ratio +1 +0\.50$`, lines[3])
}
