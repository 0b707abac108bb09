package filewatch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func write(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

func TestAChangeIsTakenOnceItHasSettled(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	write(t, path, "one")
	taken := 0
	var fail error
	var told []error
	w := New(Every, func(set string, err error) {
		require.Equal(t, "s", set)
		told = append(told, err)
	}, Set{Name: "s", Files: []string{path}, Take: func() error { taken++; return fail }})
	w.Look()
	w.Look()
	require.Zero(t, taken, "it is as it was")

	write(t, path, "two, half")
	w.Look()
	write(t, path, "two, whole")
	w.Look()
	require.Zero(t, taken, "it is being written")
	w.Look()
	w.Look()
	require.Equal(t, 1, taken, "once")

	fail = errors.New("wrong")
	write(t, path, "three")
	for range 5 {
		w.Look()
	}
	require.Equal(t, 2, taken, "what was refused is not tried again")
	require.Equal(t, []error{nil, fail}, told)

	require.NoError(t, os.Remove(path))
	w.Look()
	w.Look()
	require.Equal(t, 3, taken, "that it is gone is a change")
}

// A mounted secret is a link to a link: the files stay, and what they lead to is replaced.
func TestALinkThatMovesIsAChange(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, v := range []string{"v1", "v2"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, v), 0o700))
		write(t, filepath.Join(dir, v, "key"), v)
	}
	data := filepath.Join(dir, "data")
	require.NoError(t, os.Symlink("v1", data))
	require.NoError(t, os.Symlink(filepath.Join("data", "key"), filepath.Join(dir, "key")))
	taken := 0
	w := New(Every, func(string, error) {}, Set{Files: []string{filepath.Join(dir, "key")}, Take: func() error { taken++; return nil }})
	require.NoError(t, os.Symlink("v2", data+".new"))
	require.NoError(t, os.Rename(data+".new", data))
	w.Look()
	w.Look()
	require.Equal(t, 1, taken)
}

func TestItLooksUntilItIsTold(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	taken := make(chan struct{}, 1)
	w := New(time.Millisecond, func(string, error) {}, Set{Files: []string{path}, Take: func() error { taken <- struct{}{}; return nil }})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { w.Run(ctx); close(ended) }()
	write(t, path, "x")
	select {
	case <-taken:
	case <-time.After(20 * time.Second):
		require.Fail(t, "not noticed")
	}
	cancel()
	<-ended
	New(time.Millisecond, nil).Run(t.Context()) // nothing to look at: it returns
}
