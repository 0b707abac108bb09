package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/internal/embednats"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// loop is a running loop, whatever its shape.
type loop struct {
	t *testing.T
	// collector, scorer and queue are the processes that answer for each; the same one in
	// the all-in-one.
	collector, scorer, queue *process
	// wipeIndex makes the index lose everything.
	wipeIndex func()
}

// shape is one way to run the loop.
type shape struct {
	name string
	// start runs it in an environment that says things of the callback queue, the collector
	// or alerting.
	start func(t *testing.T, env ...string) *loop
}

var shapes = []shape{{"all in one", allInOne}, {"four services", fourServices}}

// allInOne is everything in one process, with the index in memory.
func allInOne(t *testing.T, env ...string) *loop {
	t.Helper()
	p := start(t, "rappel", env, "run", "--data-dir", t.TempDir())
	return &loop{t: t, collector: p, scorer: p, queue: p, wipeIndex: func() { p.restart() }}
}

// fourServices is each service alone, over one NATS and one Redis.
func fourServices(t *testing.T, own ...string) *loop {
	t.Helper()
	redis := testkit.RedisServer(t)
	nats, err := embednats.Start(embednats.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0", SyncAlways: true}, zap.NewNop())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, nats.Shutdown(t.Context())) })
	env := []string{"RAPPEL_NATS__URL=" + nats.URL()}
	queueEnv := append([]string{"RAPPEL_REDIS__ADDRS=" + redis.Addr}, env...)
	collectorEnv := append([]string{"RAPPEL_COLLECTOR__SECRET=a secret of the tests alone"}, env...)
	alertingEnv := slices.Clone(env)
	for _, v := range own {
		switch {
		case strings.HasPrefix(v, "RAPPEL_COLLECTOR__"):
			collectorEnv = append(collectorEnv, v)
		case strings.HasPrefix(v, "RAPPEL_ALERTING__"):
			alertingEnv = append(alertingEnv, v)
		default:
			queueEnv = append(queueEnv, v)
		}
	}
	queue := start(t, "callback-queue", queueEnv)
	start(t, "alerting", alertingEnv)
	scorer := start(t, "scorer", env)
	collector := start(t, "collector", collectorEnv)
	return &loop{t: t, collector: collector, scorer: scorer, queue: queue, wipeIndex: func() {
		require.NoError(t, redis.Client(t).FlushAll(t.Context()).Err())
	}}
}

// restartQueue runs the callback queue again after it died, in its own
// environment.
func (l *loop) restartQueue() {
	l.t.Helper()
	var env []string
	for _, v := range l.queue.env {
		if v[:min(len(v), 9)] != "CRASH_AT=" {
			env = append(env, v)
		}
	}
	l.queue.restart(env...)
}
