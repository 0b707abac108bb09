package embednats_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/embednats"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

var errCaughtUp = errors.New("caught up")

const events = 500

func TestADamagedStoreIsRefused(t *testing.T) {
	t.Parallel()
	last := func(t *testing.T, dir string) string {
		files := blocks(t, dir)
		return files[len(files)-1]
	}
	damages := map[string]func(t *testing.T, dir string){
		"the tail cut off": func(t *testing.T, dir string) {
			info, err := os.Stat(last(t, dir))
			require.NoError(t, err)
			require.NoError(t, os.Truncate(last(t, dir), info.Size()-300))
		},
		"half cut off": func(t *testing.T, dir string) {
			info, err := os.Stat(last(t, dir))
			require.NoError(t, err)
			require.NoError(t, os.Truncate(last(t, dir), info.Size()/2))
		},
		"emptied":     func(t *testing.T, dir string) { require.NoError(t, os.Truncate(last(t, dir), 0)) },
		"a file gone": func(t *testing.T, dir string) { require.NoError(t, os.Remove(last(t, dir))) },
		"a bit flipped in the last event": func(t *testing.T, dir string) {
			flip(t, last(t, dir), []byte("e499"))
		},
		"the stream gone": func(t *testing.T, dir string) { require.NoError(t, os.RemoveAll(streamDir(dir))) },
		"the store gone":  func(t *testing.T, dir string) { require.NoError(t, os.RemoveAll(filepath.Join(dir, "jetstream"))) },
	}
	ends := map[string]func(*testing.T, string, int){"after a clean stop": fill, "after a kill": killFilled}
	for damage, do := range damages {
		for end, filled := range ends {
			t.Run(damage+" "+end, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				filled(t, dir, events)
				do(t, dir)
				refused(t, dir)
			})
		}
	}
}

func TestABitFlippedInTheMiddleIsRefusedAfterAKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	killFilled(t, dir, events)
	flip(t, blocks(t, dir)[0], []byte("e250"))
	refused(t, dir)
}

// refused requires that the store is, with a message that says what to do, and
// that doing it works.
func refused(t *testing.T, dir string) {
	t.Helper()
	_, err := openStore(t.Context(), dir)
	require.ErrorIs(t, err, embednats.ErrBehindMark)
	require.ErrorContains(t, err, "stream RESPONSES")
	require.ErrorContains(t, err, "Restore "+filepath.Join(dir, "jetstream"))
	mark := filepath.Join(dir, "highwater.json")
	require.ErrorContains(t, err, "move "+mark+" away")
	_, err = openStore(t.Context(), dir)
	require.ErrorIs(t, err, embednats.ErrBehindMark, "looking again changes nothing")
	require.NoError(t, os.Rename(mark, mark+".away"))
	open(t, dir)
}

func flip(t *testing.T, path string, near []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	i := bytes.Index(data, near)
	require.Positive(t, i)
	data[i] ^= 1
	require.NoError(t, os.WriteFile(path, data, 0o600))
}

func TestAnOlderCopyOfTheStoreIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fill(t, dir, events)
	js, backup := filepath.Join(dir, "jetstream"), filepath.Join(t.TempDir(), "backup")
	require.NoError(t, os.CopyFS(backup, os.DirFS(js)))
	s := open(t, dir)
	_, err := s.bus.Publish(t.Context(), numbered(events))
	require.NoError(t, err)
	s.mark(t)
	require.NoError(t, s.close())
	require.NoError(t, os.RemoveAll(js))
	require.NoError(t, os.CopyFS(js, os.DirFS(backup)))
	refused(t, dir)
}

func TestAnotherStoreInItsPlaceIsRefused(t *testing.T) {
	t.Parallel()
	dir, other := t.TempDir(), t.TempDir()
	fill(t, dir, events)
	s := open(t, other)
	for i := range 2 * events {
		_, err := s.bus.Append(t.Context(), numbered(10_000+i))
		require.NoError(t, err)
	}
	require.NoError(t, s.close())
	js := filepath.Join(dir, "jetstream")
	require.NoError(t, os.RemoveAll(js))
	require.NoError(t, os.Rename(filepath.Join(other, "jetstream"), js))
	_, err := openStore(t.Context(), dir)
	require.ErrorContains(t, err, "event 500 is not the one that was stored there")
	refused(t, dir)
}

func TestADamagedMarkIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fill(t, dir, 10)
	mark := filepath.Join(dir, "highwater.json")
	for _, content := range []string{"", "{", `{"stream":"RESPONSES"}`, "\x00\x00"} {
		require.NoError(t, os.WriteFile(mark, []byte(content), 0o600))
		_, err := openStore(t.Context(), dir)
		require.ErrorContains(t, err, mark+" is damaged")
		require.ErrorContains(t, err, "Restore it")
	}
}

func TestAWholeStorePasses(t *testing.T) {
	t.Parallel()
	for name, filled := range map[string]func(*testing.T, string, int){"clean": fill, "killed": killFilled} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			filled(t, dir, events)
			s := open(t, dir)
			r, err := s.bus.Publish(t.Context(), numbered(events))
			require.NoError(t, err)
			require.EqualValues(t, events+1, r.Sequence)
			require.NoError(t, s.close())
			open(t, dir)
		})
	}
}

func TestWhatWasDeletedOnPurposePasses(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(*testing.T, *store){
		"the last event erased": func(t *testing.T, s *store) {
			stream, err := s.bus.JetStream().Stream(t.Context(), subject.Responses)
			require.NoError(t, err)
			require.NoError(t, stream.SecureDeleteMsg(t.Context(), events))
		},
		"the last events erased": func(t *testing.T, s *store) {
			stream, err := s.bus.JetStream().Stream(t.Context(), subject.Responses)
			require.NoError(t, err)
			for seq := uint64(events - 5); seq <= events; seq++ {
				require.NoError(t, stream.SecureDeleteMsg(t.Context(), seq))
			}
		},
		"everything purged": func(t *testing.T, s *store) {
			stream, err := s.bus.JetStream().Stream(t.Context(), subject.Responses)
			require.NoError(t, err)
			require.NoError(t, stream.Purge(t.Context()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			fill(t, dir, events)
			s := open(t, dir)
			remove(t, s)
			s.mark(t) // as in a clean stop, or within a second
			require.NoError(t, s.close())
			s = open(t, dir)
			_, err := s.bus.Publish(t.Context(), numbered(events))
			require.NoError(t, err)
			s.mark(t)
			require.NoError(t, s.close())
			open(t, dir)
		})
	}
}

func TestWhatHasExpiredPasses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	short := topology.Options{MaxAge: time.Second}
	start := func() *store {
		s, err := openStoreWith(t.Context(), embednats.Config{Dir: dir}, short)
		require.NoError(t, err)
		t.Cleanup(func() { _ = s.close() })
		return s
	}
	s := start()
	_, err := s.bus.Publish(t.Context(), numbered(1))
	require.NoError(t, err)
	s.mark(t)
	require.NoError(t, s.close())
	require.Eventually(t, func() bool {
		s := start() // never refused: neither before it expires nor after
		defer func() { require.NoError(t, s.close()) }()
		stream, err := s.bus.JetStream().Stream(t.Context(), subject.Responses)
		require.NoError(t, err)
		return stream.CachedInfo().State.Msgs == 0
	}, 20*time.Second, 50*time.Millisecond)
}

func TestOneProcessADirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir)
	_, err := openStore(t.Context(), dir)
	require.ErrorContains(t, err, "another process uses the data directory "+dir)
	require.ErrorContains(t, err, "--data-dir")
	require.NoError(t, s.close())
	require.NoError(t, s.close(), "twice is once")

	p := spawn(t, dir, 0, 1)
	require.True(t, p.lines.Scan())
	require.Equal(t, "marked", p.lines.Text())
	_, err = openStore(t.Context(), dir)
	require.ErrorContains(t, err, "another process uses the data directory")
	p.kill()
	open(t, dir) // however it ended
}

func TestAnIdleStoreIsNotWrittenTo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fill(t, dir, 10)
	path := filepath.Join(dir, "highwater.json")
	before, err := os.Stat(path)
	require.NoError(t, err)
	s := open(t, dir)
	for range 3 {
		s.mark(t)
	}
	after, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, before.ModTime(), after.ModTime())
	_, err = s.bus.Publish(context.Background(), numbered(11))
	require.NoError(t, err)
	s.mark(t)
	after, err = os.Stat(path)
	require.NoError(t, err)
	require.NotEqual(t, before.ModTime(), after.ModTime())
}
