package embednats_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/embednats"
	"github.com/rappel-loop/rappel/services/internal/host"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

func TestTheModuleIsTheProcessesBus(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for round := range 3 { // start and stop, on what the round before left
		p := host.NewProcess("test", zap.NewNop(), clock.System{})
		require.NoError(t, p.Start(t.Context(), embednats.Module(embednats.Config{Dir: dir}, topology.Options{})))
		require.Empty(t, p.RPC.Health().Ready())
		r, err := p.Bus.Publish(t.Context(), numbered(round))
		require.NoError(t, err)
		require.EqualValues(t, round+1, r.Sequence)
		require.NoError(t, p.Stop())
		require.FileExists(t, filepath.Join(dir, "highwater.json"), "the last mark is kept on a clean stop")
	}
}

func TestTheModuleRefusesADamagedStore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fill(t, dir, 10)
	require.NoError(t, os.RemoveAll(streamDir(dir)))
	p := host.NewProcess("test", zap.NewNop(), clock.System{})
	err := p.Start(t.Context(), embednats.Module(embednats.Config{Dir: dir}, topology.Options{}))
	require.ErrorIs(t, err, embednats.ErrBehindMark)
	require.Nil(t, p.Bus)
	_, err = openStore(t.Context(), dir)
	require.ErrorIs(t, err, embednats.ErrBehindMark, "nothing was provisioned over the loss")
}

func TestOthersReachAServerThatListens(t *testing.T) {
	t.Parallel()
	s, err := embednats.Start(embednats.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0"}, zap.NewNop())
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Shutdown(context.Background())) }()
	nc, err := nats.Connect(s.URL())
	require.NoError(t, err)
	nc.Close()
}

func TestAServerThatCannotStartSaysWhy(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	blocked := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(blocked, "jetstream"), nil, 0o600))
	for want, cfg := range map[string]embednats.Config{
		"address already in use": {Dir: t.TempDir(), Listen: taken.Addr().String()},
		"nats.listen":            {Dir: t.TempDir(), Listen: "nowhere"},
		"is no number":           {Dir: t.TempDir(), Listen: "127.0.0.1:x"},
		"data directory":         {Dir: filepath.Join(file, "below")},
		"is not a directory":     {Dir: blocked},
	} {
		start := time.Now()
		_, err := embednats.Start(cfg, zap.NewNop())
		require.ErrorContains(t, err, want)
		require.Less(t, time.Since(start), 20*time.Second)
	}
}

func TestSyncAlwaysNeedsNoBarrier(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := openStoreWith(t.Context(), embednats.Config{Dir: dir, SyncAlways: true}, topology.Options{})
	require.NoError(t, err)
	require.Equal(t, bus.Replicated{}, s.server.Barrier())
	_, err = s.bus.Publish(t.Context(), numbered(1))
	require.NoError(t, err)
	s.mark(t)
	require.NoError(t, s.close())
	open(t, dir)
}

func TestAnEmbeddedServerOpensNoPort(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir())
	require.Empty(t, s.server.URL())
	require.NoError(t, s.server.Ready())
}

// BenchmarkKeepMarkIdle is what an idle store costs each second.
func BenchmarkKeepMarkIdle(b *testing.B) {
	s, err := openStore(b.Context(), b.TempDir())
	require.NoError(b, err)
	defer func() { require.NoError(b, s.close()) }()
	for i := range 100 {
		_, err := s.bus.Append(b.Context(), numbered(i))
		require.NoError(b, err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	cancel()
	keep := func(js jetstream.JetStream) { require.NoError(b, s.server.KeepMark(ctx, js)) }
	keep(s.bus.JetStream())
	b.ResetTimer()
	for b.Loop() {
		keep(s.bus.JetStream())
	}
}
