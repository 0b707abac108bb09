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
	// collector, scorer, queue and feed are the processes that answer for each; the same one in
	// the all-in-one.
	collector, scorer, queue, feed *process
	// alerting is the process that decides by rules, likewise.
	alerting *process
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

var shapes = []shape{{"all in one", allInOne}, {"five services", fiveServices}}

// allInOne is everything in one process, with the index in memory.
func allInOne(t *testing.T, env ...string) *loop {
	t.Helper()
	p := start(t, "rappel", env, "run", "--data-dir", t.TempDir())
	return &loop{t: t, collector: p, scorer: p, queue: p, feed: p, alerting: p, wipeIndex: func() { p.restart() }}
}

// fiveServices is each service alone, over one NATS and one Redis.
func fiveServices(t *testing.T, own ...string) *loop {
	t.Helper()
	l, _ := services(t, 1, own...)
	return l
}

// services is each service alone, the callback queue so many times, over one NATS and
// one Redis.
func services(t *testing.T, queues int, own ...string) (*loop, []*process) {
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
	told := start(t, "feed", env)
	replicas := make([]*process, queues)
	for i := range replicas {
		replicas[i] = launch(t, "callback-queue", queueEnv)
	}
	for _, p := range replicas {
		p.waitReady()
	}
	rules := start(t, "alerting", alertingEnv)
	scorer := start(t, "scorer", env)
	collector := start(t, "collector", collectorEnv)
	return &loop{t: t, collector: collector, scorer: scorer, queue: replicas[0], feed: told, alerting: rules, wipeIndex: func() {
		require.NoError(t, redis.Client(t).FlushAll(t.Context()).Err())
	}}, replicas
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
