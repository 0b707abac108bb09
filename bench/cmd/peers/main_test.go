package main

import (
	"bytes"
	"io"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFlagsAreCheckedAllAtOnce(t *testing.T) {
	t.Parallel()
	_, err := parse([]string{"-n", "0", "-o", "xml", "-only", "asynq,kafka", "-appendfsync", "maybe"}, io.Discard)
	for _, flag := range []string{"-n ", "-o ", "-only ", "-appendfsync "} {
		require.ErrorContains(t, err, flag)
	}
}

func TestOnlyIsReadInAnyCase(t *testing.T) {
	t.Parallel()
	o, err := parse([]string{"-only", "River,ASYNQ"}, io.Discard)
	require.NoError(t, err)
	for _, e := range o.entries() {
		require.Equal(t, e.Name == rappel, e.Why != "", e.Name)
	}
}

func TestWithoutRappelThereIsNoComparison(t *testing.T) {
	t.Parallel()
	o, err := parse([]string{"-only", "rappel", "-rappel", filepath.Join(t.TempDir(), "rappel")}, io.Discard)
	require.NoError(t, err)
	var out bytes.Buffer
	require.ErrorIs(t, run(t.Context(), o, &out, io.Discard), errWhole)
	require.Contains(t, out.String(), "Rappel: NOT MEASURED WHOLE (-): not installed")
}
