package e2e

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	hookRoutes = `receivers:
  - {name: hook, webhook: {url_env: HOOK_URL, secret_env: HOOK_SECRET}}
routes:
  - {name: all, receivers: hook, group_by: customer, wait: 0s, interval: 1s, repeat: 1h}
`
	// triesToOne is how many tries to one receiver a process has under way: what it may have
	// brought and not written down when it dies (docs/receivers.md).
	triesToOne = 4
)

// told is a receiver that counts what it is brought.
type told struct {
	mu         sync.Mutex
	deliveries map[string]int             // how often each was brought
	alerts     map[string]map[string]bool // by which deliveries each was told
}

// ServeHTTP takes everything.
func (h *told) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var body struct {
		Data struct {
			Kind   string
			Firing []struct{ ID string }
		}
	}
	_ = json.NewDecoder(r.Body).Decode(&body) // then it tells of nothing, and is missed
	h.mu.Lock()
	defer h.mu.Unlock()
	id := r.Header.Get("Webhook-Id")
	h.deliveries[id]++
	for _, a := range body.Data.Firing {
		if h.alerts[a.ID] == nil {
			h.alerts[a.ID] = map[string]bool{}
		}
		h.alerts[a.ID][id] = true
	}
}

func (h *told) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.alerts)
}

// TestEachIsToldOnceUnderLoad has answers come from eight clients without pause, while one of
// two processes that decide and bring notifications is killed, now the one, now the other: every
// alert is told, in one notification, and brought again only where a process died amid bringing
// it.
func TestEachIsToldOnceUnderLoad(t *testing.T) {
	t.Parallel()
	hook := &told{deliveries: map[string]int{}, alerts: map[string]map[string]bool{}}
	server := httptest.NewServer(hook)
	t.Cleanup(server.Close)
	dir := t.TempDir()
	rules, notify := filepath.Join(dir, "rules.yaml"), filepath.Join(dir, "notify.yaml")
	require.NoError(t, os.WriteFile(rules, []byte(loudRules), 0o600))
	require.NoError(t, os.WriteFile(notify, []byte(hookRoutes), 0o600))
	l, _ := services(t, 1, "RAPPEL_ALERTING__RULES_FILE="+rules, "RAPPEL_ALERTING__NOTIFY_FILE="+notify, "RAPPEL_ALERTING__NOTIFY_ALLOW_PRIVATE=true")
	env := append([]string{"HOOK_URL=" + server.URL, "HOOK_SECRET=whsec_c2VjcmV0IG9mIHRlc3RzIGFsb25l"}, l.alerting.env...)
	l.alerting.restart(env...)
	both := []*process{l.alerting, start(t, "alerting", env)}

	var next, accepted atomic.Int64
	stop := make(chan struct{})
	var clients sync.WaitGroup
	begun := time.Now()
	for range 8 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				i := int(next.Add(1))
				if post(l.collector.url()+"/v1/responses", answer(name("r", i), name("C", i), "NPS", 0), nil) == http.StatusAccepted {
					accepted.Add(1)
				}
			}
		})
	}
	kills := rounds(2, 20)
	for i := range kills {
		<-time.After(time.Duration(500+rand.IntN(1000)) * time.Millisecond) // how long the load lasts, not a wait for anything
		both[i%2].restart(env...)                                           // kill -9
	}
	close(stop)
	clients.Wait()
	lasted := time.Since(begun)
	require.EqualValues(t, next.Load(), accepted.Load())
	total := int(accepted.Load())
	require.Eventually(t, func() bool { return hook.count() == total }, 4*eventually, 50*time.Millisecond, "some are told to nobody")
	hook.mu.Lock()
	defer hook.mu.Unlock()
	again := 0
	for id, n := range hook.deliveries {
		require.LessOrEqual(t, n, 1+kills, "%s", id)
		again += n - 1
	}
	for id, by := range hook.alerts {
		require.Len(t, by, 1, "%s was told in several notifications", id)
	}
	require.LessOrEqual(t, again, triesToOne*kills)
	t.Logf("%d answers, %.0f a second; %d kills; %d notifications, of which %d were brought again", total, float64(total)/lasted.Seconds(), kills, len(hook.deliveries), again)
}
