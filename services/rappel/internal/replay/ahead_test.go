package replay_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/rappel/internal/replay"
)

// While one batch is stuck the others go ahead of it, but not through the whole file: what
// is finished and cannot be counted yet is held in memory.
func TestABatchThatIsStuckBoundsTheOthers(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, `{"id":"r-%d","survey":"s","answers":[{"metric":"NPS","value":3}]}`+"\n", i)
	}
	c := newCollector(t)
	hold := make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	t.Cleanup(release)
	c.before = func(_ int, rows []*eventsv1.Response, _ http.ResponseWriter) bool {
		if rows[0].GetId() == "r-0" {
			<-hold
		}
		return false
	}
	o := options(t, c, write(t, "a.jsonl", b.String()))
	o.Batch, o.Parallel = 1, 4
	done := make(chan replay.Totals, 1)
	go func() {
		s, _ := replay.Run(t.Context(), o)
		done <- s.Totals
	}()
	sent := func() int {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.requests
	}
	require.Eventually(t, func() bool { return sent() >= 32 }, 20*time.Second, time.Millisecond)
	require.Never(t, func() bool { return sent() > 32 }, 200*time.Millisecond, 5*time.Millisecond)
	release()
	require.Equal(t, replay.Totals{Rows: 1000, Sent: 1000}, <-done)
}

// What the state says of the rejects is on disk with it.
func TestAStateNeverSaysMoreThanTheRejectsHold(t *testing.T) {
	t.Parallel()
	file, mapping := mixed(t, 500)
	c := newCollector(t)
	o := options(t, c, file)
	o.Mapping = mapping
	c.before = func(int, []*eventsv1.Response, http.ResponseWriter) bool {
		text, err := os.ReadFile(o.State)
		if err != nil || !strings.Contains(string(text), `"rejectsBytes":`) {
			return false
		}
		var says int64
		_, tail, _ := strings.Cut(string(text), `"rejectsBytes":`)
		_, err = fmt.Sscanf(tail, "%d", &says)
		held, serr := os.Stat(o.Rejects)
		if err != nil || serr != nil || held.Size() < says {
			t.Errorf("the state says %d bytes, of %v", says, held)
		}
		return false
	}
	require.EqualValues(t, 500, totals(t, o).Rows)
}

// A batch may have been stored in part when its answer is lost: of two rows that are the
// same the second is a duplicate on either side of where that was.
func TestABatchThatWasStoredByHalf(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, `{"id":"r-%d","survey":"s","answers":[{"metric":"NPS","value":3}]}`+"\n", i/2)
	}
	c := newCollector(t)
	c.before = func(n int, rows []*eventsv1.Response, w http.ResponseWriter) bool {
		if n > 1 {
			return false
		}
		c.mu.Lock()
		for _, r := range rows[:len(rows)/2] {
			c.take(r)
		}
		c.mu.Unlock()
		problem(w, http.StatusInternalServerError, 13, "it died")
		return true
	}
	o := options(t, c, write(t, "a.jsonl", b.String()))
	o.Batch, o.Parallel = 100, 1
	got := totals(t, o)
	got.SentAgain = 0
	require.Equal(t, replay.Totals{Rows: 100, Sent: 50, Duplicates: 50}, got)
}
