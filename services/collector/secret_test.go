package collector_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/collector"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// fromFile is a configuration whose secret is in a file.
func fromFile(path string) collector.Config {
	c := collector.DefaultConfig()
	c.SecretFile = path
	return c
}

func TestASecretIsMadeOnceAndKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	b := testkit.Bus(t)
	const collectors = 8
	errs := make(chan error, collectors)
	for range collectors { // they start at once, on one file
		go func() {
			_, err := collector.New(fromFile(path), collector.Deps{Bus: b, RPC: rpc.New(rpc.Options{})})
			errs <- err
		}()
	}
	for range collectors {
		require.NoError(t, <-errs)
	}
	first, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Len(t, first, 44, "256 bits in base64 and a line feed")
	_, err = collector.New(fromFile(path), collector.Deps{Bus: b, RPC: rpc.New(rpc.Options{})})
	require.NoError(t, err)
	again, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, first, again)

	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, left, 1, "nothing half-made stays")
}

func TestADamagedSecretIsNotReplaced(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	for _, content := range []string{"", "\n", "too short\n"} {
		path := filepath.Join(t.TempDir(), "secret")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := collector.New(fromFile(path), collector.Deps{Bus: b, RPC: rpc.New(rpc.Options{})})
		require.ErrorContains(t, err, "restore it with the data it belongs to")
		held, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, content, string(held))
	}
	_, err := collector.New(fromFile(filepath.Join(t.TempDir(), "no", "such", "folder")), collector.Deps{Bus: b, RPC: rpc.New(rpc.Options{})})
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestASecretAndAFileAreOneTooMany(t *testing.T) {
	t.Parallel()
	c := config()
	c.SecretFile = "secret"
	require.ErrorContains(t, c.Validate(), "secret_file: ")
}

// Under another secret a customer with an open callback would get a second one.
func TestAnotherSecretThanTheStoredResponsesHadIsRefused(t *testing.T) {
	t.Parallel()
	l := setup(t)
	other := config()
	other.Secret = "another secret of these tests"
	begin := func(c collector.Config) error {
		server := rpc.New(rpc.Options{})
		s, err := collector.New(c, collector.Deps{Bus: l.bus, RPC: server})
		require.NoError(t, err)
		err = s.Start(t.Context())
		return errors.Join(err, s.Stop(t.Context()), server.Close())
	}
	require.NoError(t, begin(other), "nothing is stored yet")

	l.submit(piece("a", "", nps(2))) // nobody's: keyed by itself
	require.ErrorIs(t, begin(other), collector.ErrOtherSecret)
	l.submit(piece("b", "C-1", nps(2)))
	require.ErrorIs(t, begin(other), collector.ErrOtherSecret)
	// A later revision that names somebody else keeps the key of the first.
	l.submit(piece("b", "C-2", nps(3)))
	require.EqualValues(t, 2, l.events()[2].GetRevision())
	require.NoError(t, begin(config()))
	require.ErrorIs(t, begin(other), collector.ErrOtherSecret)
}
