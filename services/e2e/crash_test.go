package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestClaimKilledBetweenSteps kills the callback queue, by kill -9, after each
// step of a claim: the callback is neither lost nor doubled, and the agent who
// asks again gets it.
func TestClaimKilledBetweenSteps(t *testing.T) {
	t.Parallel()
	for _, s := range shapes {
		for _, step := range []string{"reserved", "decided", "committed", "applied"} {
			t.Run(s.name+"/"+step, func(t *testing.T) {
				t.Parallel()
				l := s.start(t, "CRASH_AT="+step)
				l.submit(answer("r-1", "C-1", "NPS", 0))
				id := l.waitFor(1, "PENDING")[0].ID
				_, code, _ := l.claim("amina", "request-1")
				require.Zero(t, code, "the queue dies before it answers")
				l.queue.waitEnd()
				l.restartQueue()
				cb := l.mustClaim("amina", "request-1")
				require.Equal(t, id, cb.ID)
				require.Equal(t, "amina", cb.Holder.AgentID)
				_, code, _ = l.claim("bruno", "request-2")
				require.Equal(t, http.StatusNotFound, code, "nobody else gets it")
				require.Len(t, l.callbacks(), 1)
			})
		}
	}
}

// rounds of killing: some in every run, many when CHAOS is set.
func rounds(few, many int) int {
	if os.Getenv("CHAOS") != "" {
		return many
	}
	return few
}

// TestKilledUnderLoad kills the all-in-one again and again while answers come
// in: no accepted answer is missing, no callback is lost or doubled.
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	p := start(t, "rappel", nil, "run", "--data-dir", t.TempDir())
	l := &loop{t: t, collector: p, queue: p}
	var mu sync.Mutex
	sent := map[string]bool{} // id -> accepted for certain
	var next atomic.Int64
	for range rounds(4, 50) {
		stop := make(chan struct{})
		var wg sync.WaitGroup
		url := p.url()
		for range 8 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				for {
					select {
					case <-stop:
						return
					default:
					}
					id := name("r", int(next.Add(1)))
					code := post(url+"/v1/responses", answer(id, id, "NPS", 0), nil)
					mu.Lock()
					sent[id] = code == http.StatusAccepted
					mu.Unlock()
				}
			}()
		}
		<-time.After(time.Duration(200+rand.IntN(600)) * time.Millisecond) // how long the load lasts, not a wait for anything
		p.kill()
		close(stop)
		wg.Wait()
		p.restart()
	}

	want := map[string]bool{}
	for id, acceptedForCertain := range sent {
		if !acceptedForCertain {
			continue
		}
		want[id] = true
		require.Equal(t, accepted{ID: id, Revision: 1, Duplicate: true}, l.submit(answer(id, id, "NPS", 0)), "an accepted answer is missing")
	}
	t.Logf("%d answers accepted, %d in doubt", len(want), len(sent)-len(want))
	require.NotEmpty(t, want)
	require.Eventually(t, func() bool { return missing(want, l.callbacks()) == 0 }, 2*eventually, 200*time.Millisecond, "a callback is missing")
	seen := map[string]bool{}
	for _, cb := range l.callbacks() {
		require.False(t, seen[cb.Customer.ID], "%s has two callbacks", cb.Customer.ID)
		require.Len(t, cb.Reasons, 1)
		seen[cb.Customer.ID] = true
	}
}

func missing(want map[string]bool, have []callback) int {
	got := map[string]bool{}
	for _, cb := range have {
		got[cb.Customer.ID] = true
	}
	n := 0
	for id := range want {
		if !got[id] {
			n++
		}
	}
	return n
}

// TestDamagedStoreIsRefused cuts the end off a stream's file: the process says
// what was lost and what to do, and does not start.
func TestDamagedStoreIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, "rappel", nil, "run", "--data-dir", dir)
	l := &loop{t: t, collector: p, queue: p}
	for i := range 20 {
		l.submit(answer(name("r", i), name("C", i), "NPS", 9))
	}
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	p.waitEnd()

	last := lastBlock(t, dir)
	info, err := os.Stat(last)
	require.NoError(t, err)
	require.NoError(t, os.Truncate(last, info.Size()-300))
	require.NoError(t, os.Remove(filepath.Join(filepath.Dir(last), "index.db")))

	again := launch(t, "rappel", nil, "run", "--data-dir", dir)
	again.waitEnd()
	require.Equal(t, 1, again.cmd.ProcessState.ExitCode())
	log := strings.Join(again.log(), "\n")
	require.Contains(t, log, "lost events")
	require.Contains(t, log, "Restore")
	require.Contains(t, log, "RESPONSES")
}

// lastBlock is the file that holds the newest events of RESPONSES.
func lastBlock(t *testing.T, dir string) string {
	t.Helper()
	var blocks []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if strings.Contains(path, filepath.Join("RESPONSES", "msgs")) && filepath.Ext(path) == ".blk" {
			blocks = append(blocks, path)
		}
		return err
	}))
	require.NotEmpty(t, blocks)
	return slices.Max(blocks)
}

// TestSecondProcessIsRefused: one process a data directory.
func TestSecondProcessIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start(t, "rappel", nil, "run", "--data-dir", dir)
	second := launch(t, "rappel", nil, "run", "--data-dir", dir)
	second.waitEnd()
	require.Equal(t, 1, second.cmd.ProcessState.ExitCode())
	require.Contains(t, fmt.Sprint(second.log()), "another process uses the data directory")
}
