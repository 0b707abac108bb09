package host_test

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/embednats"
	"github.com/rappel-loop/rappel/services/internal/host"
)

func TestTheNATSModuleIsTheProcessesBus(t *testing.T) {
	t.Parallel()
	s, err := embednats.Start(embednats.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0", SyncAlways: true}, zap.NewNop())
	require.NoError(t, err)
	cfg := host.DefaultNATSConfig()
	require.NoError(t, cfg.Validate())
	cfg.URL = s.URL()
	first, second := newProcess(), newProcess() // two processes provision one server at once
	done := make(chan error, 1)
	go func() { done <- second.Start(context.Background(), host.NATS(cfg)) }()
	require.NoError(t, first.Start(t.Context(), host.NATS(cfg)))
	require.NoError(t, <-done)
	_, err = first.Bus.Publish(t.Context(), bus.Event{Subject: subject.Response("s", "001"), ID: "a", Body: &eventsv1.ResponseReceived{}})
	require.NoError(t, err)
	_, err = second.Bus.Last(t.Context(), subject.Response("s", "001"))
	require.NoError(t, err)
	require.Empty(t, first.RPC.Health().Ready())
	require.NoError(t, second.Stop())

	require.NoError(t, s.Shutdown(context.Background()))
	require.Eventually(t, func() bool { return first.RPC.Health().Ready()["nats"] != "" }, soon, 5*time.Millisecond)
	require.ErrorContains(t, first.Stop(), "stop nats connection", "what was not sent is not passed over in silence")
}

func TestAServerThatIsNotThereIsNamed(t *testing.T) {
	t.Parallel()
	cfg := host.NATSConfig{URL: "nats://127.0.0.1:1", Replicas: 1, ConnectWait: 300 * time.Millisecond}
	err := newProcess().Start(t.Context(), host.NATS(cfg))
	require.ErrorContains(t, err, "start nats: no NATS server answered within 300ms; check nats.url")
}

func TestAServiceMayStartBeforeItsServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := embednats.Start(embednats.Config{Dir: dir, Listen: "127.0.0.1:0"}, zap.NewNop())
	require.NoError(t, err)
	url := s.URL()
	require.NoError(t, s.Shutdown(context.Background()))
	p := newProcess()
	done := make(chan error, 1)
	go func() {
		done <- p.Start(context.Background(), host.NATS(host.NATSConfig{URL: url, Replicas: 1, ConnectWait: soon}))
	}()
	s, err = embednats.Start(embednats.Config{Dir: dir, Listen: url[len("nats://"):]}, zap.NewNop())
	require.NoError(t, err)
	require.NoError(t, <-done)
	require.NoError(t, p.Stop())
	require.NoError(t, s.Shutdown(context.Background()))
}

// TestAMissingPermissionFailsTheProcess: to a publisher it would look like a
// timeout for ever.
func TestAMissingPermissionFailsTheProcess(t *testing.T) {
	t.Parallel()
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true,
		Users: []*server.User{{Username: "u", Password: "p", Permissions: &server.Permissions{
			Publish: &server.SubjectPermission{Deny: []string{subject.AllResponses}},
		}}},
	})
	require.NoError(t, err)
	s.Start()
	defer func() { s.Shutdown(); s.WaitForShutdown() }()
	require.True(t, s.ReadyForConnections(soon))
	cfg := host.DefaultNATSConfig()
	cfg.URL = "nats://u:p@" + s.Addr().String()
	p := newProcess()
	require.NoError(t, p.Start(t.Context(), host.NATS(cfg)))
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	go func() {
		_, _ = p.Bus.Publish(ctx, bus.Event{Subject: subject.Response("s", "001"), ID: "a", Body: &eventsv1.ResponseReceived{}})
	}()
	err = p.Wait(ctx)
	require.ErrorContains(t, err, "lacks a permission")
	require.ErrorContains(t, err, subject.Response("s", "001"), "the subject is named")
	require.NoError(t, p.Stop())
}

func TestANATSConfigurationNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	err := host.NATSConfig{Replicas: 2, MaxStreamBytes: -1}.Validate()
	for _, want := range []string{"nats.url", "nats.replicas: 2", "nats.max_stream_bytes"} {
		require.ErrorContains(t, err, want)
	}
}

func TestRedisMayComeLater(t *testing.T) {
	t.Parallel()
	p := newProcess()
	p.RPC.Health().SetStarted()
	cfg := host.DefaultRedisConfig()
	cfg.Addrs = []string{"127.0.0.1:1"}
	_, err := host.ConnectRedis(t.Context(), p, cfg)
	require.NoError(t, err)
	require.Contains(t, p.RPC.Health().Ready()["redis"], "does not answer")
	require.NoError(t, p.Stop())
}
