package host_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/host"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const soon = 20 * time.Second

var errBroken = errors.New("broken")

func newProcess() *host.Process { return host.NewProcess("test", zap.NewNop(), clock.System{}) }

// story collects what happens, in order.
type story struct {
	mu    sync.Mutex
	words []string
}

func (s *story) tell(w string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.words = append(s.words, w)
}

// module starts and stops as told; a step of stopping is registered even when
// the start then fails, as of what was half done.
func (s *story) module(name string, start, stop error) host.Module {
	return host.Module{Name: name, Start: func(_ context.Context, p *host.Process) error {
		s.tell("start " + name)
		p.OnStop(name, func(context.Context) error { s.tell("stop " + name); return stop })
		return start
	}}
}

func TestModulesStartInOrderAndStopInReverse(t *testing.T) {
	t.Parallel()
	var s story
	p := newProcess()
	require.NoError(t, p.Start(t.Context(), s.module("a", nil, nil), s.module("b", nil, nil), s.module("c", nil, nil)))
	require.NoError(t, p.Stop())
	require.NoError(t, p.Stop(), "twice is once")
	require.Equal(t, []string{"start a", "start b", "start c", "stop c", "stop b", "stop a"}, s.words)
}

func TestAStartThatFailsIsUnwound(t *testing.T) {
	t.Parallel()
	var s story
	p := newProcess()
	errStop := errors.New("stuck")
	err := p.Start(t.Context(), s.module("a", nil, errStop), s.module("b", errBroken, nil), s.module("c", nil, nil))
	require.ErrorIs(t, err, errBroken)
	require.ErrorIs(t, err, errStop)
	require.ErrorContains(t, err, "start b: broken")
	require.ErrorContains(t, err, "stop a: stuck")
	require.Equal(t, []string{"start a", "start b", "stop b", "stop a"}, s.words)
	require.Equal(t, "stopping", p.RPC.Health().Ready()["process"])
}

func TestEveryStepIsRunThoughOthersFail(t *testing.T) {
	t.Parallel()
	var s story
	p := newProcess()
	errOther := errors.New("other")
	require.NoError(t, p.Start(t.Context(), s.module("a", nil, errBroken), s.module("b", nil, nil), s.module("c", nil, errOther)))
	err := p.Stop()
	require.ErrorIs(t, err, errBroken)
	require.ErrorIs(t, err, errOther)
	require.Equal(t, []string{"stop c", "stop b", "stop a"}, s.words[3:])
}

func TestReadinessFollowsTheLife(t *testing.T) {
	t.Parallel()
	p := newProcess()
	ready := func() map[string]string { return p.RPC.Health().Ready() }
	require.Equal(t, "starting", ready()["process"])
	var during, stopping string
	m := host.Module{Name: "m", Start: func(_ context.Context, p *host.Process) error {
		during = ready()["process"]
		p.OnStop("m", func(context.Context) error { stopping = ready()["process"]; return nil })
		return nil
	}}
	require.NoError(t, p.Start(t.Context(), m))
	require.Empty(t, ready())
	require.NoError(t, p.Stop())
	require.Equal(t, "starting", during)
	require.Equal(t, "stopping", stopping, "false from the beginning of the stop")
}

func TestATaskThatFailsEndsTheProcess(t *testing.T) {
	t.Parallel()
	p := newProcess()
	other := make(chan error, 1)
	require.NoError(t, p.Start(t.Context(), host.Module{Name: "m", Start: func(_ context.Context, p *host.Process) error {
		p.Go("task", func(context.Context) error { return errBroken })
		p.Watch("other", other)
		return nil
	}}))
	require.EqualError(t, p.Wait(t.Context()), "task: broken")
	p.Fail(errBroken)
	p.Fail(errBroken) // nobody listens any more; it does not block
	require.NoError(t, p.Stop(), "it was told already")
}

func TestAWatchedFailureEndsTheProcess(t *testing.T) {
	t.Parallel()
	p := newProcess()
	failures := make(chan error, 1)
	p.Watch("disk", failures)
	failures <- errBroken
	require.EqualError(t, p.Wait(t.Context()), "disk: broken")
	require.NoError(t, p.Stop())
}

func TestATaskEndsWithTheProcess(t *testing.T) {
	t.Parallel()
	p := newProcess()
	p.Go("obedient", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	p.Go("done early", func(context.Context) error { return nil })
	p.Go("last words", func(ctx context.Context) error { <-ctx.Done(); return errBroken })
	err := p.Stop()
	require.ErrorIs(t, err, errBroken, "what goes wrong at the end is not lost")
	require.EqualError(t, err, "stop last words: broken")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, p.Wait(ctx), "and is no failure of the process at work")
}

func TestStartsAndStopsUnderStress(t *testing.T) {
	t.Parallel()
	var running atomic.Int64
	for i := range 200 {
		p := newProcess()
		modules := make([]host.Module, 5)
		for j := range modules {
			modules[j] = host.Module{Name: fmt.Sprint(j), Start: func(_ context.Context, p *host.Process) error {
				running.Add(1)
				p.Go("task", func(ctx context.Context) error { <-ctx.Done(); return nil })
				p.OnStop("module", func(context.Context) error { running.Add(-1); return nil })
				if i%3 == 0 && j == 3 {
					return errBroken
				}
				return nil
			}}
		}
		err := p.Start(t.Context(), modules...)
		require.Equal(t, i%3 == 0, err != nil)
		require.NoError(t, p.Stop())
	}
	require.Zero(t, running.Load())
}

func TestAListeningProcess(t *testing.T) {
	t.Parallel()
	p := newProcess()
	l := host.ListenConfig{HTTPAddr: "127.0.0.1:0", GRPCAddr: "127.0.0.1:0"}
	require.NoError(t, p.Start(t.Context(), host.Listen(l)))
	require.NotContains(t, p.HTTPAddr, ":0")
	code, err := ask(t, "http://"+p.HTTPAddr+"/readyz")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, code)
	second := newProcess()
	err = second.Start(t.Context(), host.Listen(host.ListenConfig{HTTPAddr: p.HTTPAddr, GRPCAddr: "127.0.0.1:0"}))
	require.ErrorContains(t, err, "start listeners: listen for HTTP")
	require.NoError(t, p.Stop())
	_, err = ask(t, "http://"+p.HTTPAddr+"/readyz")
	require.Error(t, err)
	n, err := testutil.GatherAndCount(p.Metrics, "go_goroutines", "process_cpu_seconds_total")
	require.NoError(t, err)
	require.Equal(t, 2, n)
}

func TestABindThatOthersReachIsRefused(t *testing.T) {
	t.Parallel()
	for addr, ok := range map[string]bool{
		"127.0.0.1:8080": true, "127.8.8.8:1": true, "localhost:0": true, "[::1]:80": true,
		"0.0.0.0:8080": false, ":8080": false, "[::]:80": false, "192.168.1.7:80": false, "example.org:80": false, "[::ffff:10.0.0.1]:80": false,
	} {
		err := host.CheckBind(addr, false)
		require.Equal(t, ok, err == nil, addr)
		require.NoError(t, host.CheckBind(addr, true), addr)
		if !ok {
			require.ErrorContains(t, err, "bind 127.0.0.1")
			require.ErrorContains(t, err, "--insecure-bind")
		}
	}
	require.ErrorContains(t, host.CheckBind("nowhere", true), "write HOST:PORT")
	errs := errors.Join(host.ListenConfig{HTTPAddr: ":1", GRPCAddr: "x"}.Validate()...)
	require.ErrorContains(t, errs, "http_addr: ")
	require.ErrorContains(t, errs, "grpc_addr: ")
	require.NoError(t, errors.Join(host.DefaultListenConfig().Validate()...))
}

func TestTasksEndTogether(t *testing.T) {
	t.Parallel()
	tasks := host.NewTasks()
	var ended atomic.Int64
	for range 10 {
		tasks.Go("task", func(ctx context.Context) error { <-ctx.Done(); ended.Add(1); return ctx.Err() })
	}
	failures := make(chan error, 1)
	failed := tasks.Failed(failures)
	failures <- errBroken
	require.ErrorIs(t, <-failed, errBroken)
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	require.NoError(t, tasks.Stop(ctx))
	require.EqualValues(t, 10, ended.Load())
	require.Error(t, tasks.Context().Err())

	tasks = host.NewTasks()
	release := make(chan struct{})
	tasks.Go("deaf", func(context.Context) error { <-release; return nil })
	over, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorContains(t, tasks.Stop(over), "did not end")
	close(release)
}

// ask gets a page on a connection of its own and returns the answer's code.
func ask(t *testing.T, url string) (int, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}
