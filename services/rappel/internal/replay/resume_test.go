package replay_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/rappel/internal/replay"
)

// mixed is a CSV with rows of every outcome, and the mapping for it.
func mixed(t *testing.T, rows int) (file, mapping string) {
	t.Helper()
	var b strings.Builder
	b.WriteString("id;note;avis\r\n")
	for i := range rows {
		switch i % 50 {
		case 7:
			fmt.Fprintf(&b, "r-%d;12;\r\n", i) // the server refuses it
		case 9:
			fmt.Fprintf(&b, "r-%d;x;\r\n", i) // the mapping does
		case 11:
			fmt.Fprintf(&b, "r-%d;0;test\r\n", i) // skipped
		default:
			fmt.Fprintf(&b, "r-%d;%d;\"ligne\nd'avis\"\r\n", i, i%11)
		}
	}
	return write(t, "mixed.csv", b.String()),
		write(t, "mixed.yaml", "survey: s\nid: id\nanswers: [{metric: NPS, column: note}, {verbatim: avis}]\nskip: [{when: {column: avis, is: test}, reason: a test}]\n")
}

func TestInterruptedAndResumed(t *testing.T) {
	t.Parallel()
	file, mapping := mixed(t, 1000)
	whole := newCollector(t)
	o := options(t, whole, file)
	o.Mapping = mapping
	want, err := replay.Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, replay.Totals{Rows: 1000, Sent: 940, Refused: 40, Skipped: 20}, want.Totals)
	wantRejects, err := os.ReadFile(o.Rejects)
	require.NoError(t, err)

	c := newCollector(t)
	o = options(t, c, file)
	o.Mapping = mapping
	for run := 1; ; run++ {
		ctx, cancel := context.WithCancel(t.Context())
		begun := 0
		o.OnProgress = func(replay.Progress) {
			if begun++; begun == 15 {
				cancel()
			}
		}
		got, err := replay.Run(ctx, o)
		cancel()
		if err != nil {
			require.ErrorIs(t, err, context.Canceled)
			require.Equal(t, o.State, got.StateFile)
			require.Less(t, run, 50)
			continue
		}
		require.Greater(t, run, 2)
		require.True(t, got.Resumed)
		// A batch may have been answered whose predecessor had not begun.
		got.SentAgain = 0
		require.Equal(t, want.Totals, got.Totals)
		require.Equal(t, want.SkippedBecause, got.SkippedBecause)
		require.Equal(t, want.Refusals, got.Refusals)
		break
	}
	require.NoFileExists(t, o.State)
	gotRejects, err := os.ReadFile(o.Rejects)
	require.NoError(t, err)
	require.Equal(t, string(wantRejects), string(gotRejects))
	requireSame(t, whole, c)
}

// child is the test binary as a process that sends a file and can be killed.
func child(options string) {
	var o replay.Options
	if err := json.Unmarshal([]byte(options), &o); err != nil {
		panic(err)
	}
	if _, err := replay.Run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// killed plays the file in another process, and kills that while c has stored some
// batches that it does not answer.
func killed(t *testing.T, c *collector, o replay.Options) {
	t.Helper()
	var taken atomic.Int64
	hold := make(chan struct{})
	held := make(chan struct{}, 16)
	// Under the lock: nothing but the wire connects that process with this one.
	c.mu.Lock()
	c.after = func(int, http.ResponseWriter) bool {
		// From the 31st request on nothing is answered although it is stored:
		// that is when the process dies.
		if taken.Add(1) > 30 {
			held <- struct{}{}
			<-hold
		}
		return false
	}
	c.mu.Unlock()
	text, err := json.Marshal(struct {
		File, Mapping, Server, State, Rejects string
		Batch, Parallel                       int
	}{o.File, o.Mapping, c.URL, o.State, o.Rejects, o.Batch, o.Parallel})
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "REPLAY_TEST_CHILD="+string(text))
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	for range o.Parallel {
		select {
		case <-held:
		case <-time.After(20 * time.Second):
			t.Fatal("the process did not get so far")
		}
	}
	require.NoError(t, cmd.Process.Signal(syscall.SIGKILL))
	require.Error(t, cmd.Wait())
	require.FileExists(t, o.State)
	c.mu.Lock()
	c.after = nil
	c.mu.Unlock()
	close(hold)
}

func TestKilledAndResumed(t *testing.T) {
	t.Parallel()
	file, mapping := mixed(t, 1000)
	c := newCollector(t)
	o := options(t, c, file)
	o.Mapping, o.Client, o.GiveUp = mapping, nil, 0
	killed(t, c, o)

	got, err := replay.Run(t.Context(), o)
	require.NoError(t, err)
	require.True(t, got.Resumed)
	require.Positive(t, got.SentAgain, "rows whose answer died with the process")
	got.SentAgain = 0
	require.Equal(t, replay.Totals{Rows: 1000, Sent: 940, Refused: 40, Skipped: 20}, got.Totals)
	require.Equal(t, 940, c.stored)
	text, err := os.ReadFile(o.Rejects)
	require.NoError(t, err)
	require.Equal(t, 41, strings.Count(string(text), "\n"), "the header and every refused row, once")
}

func TestAStateOfSomethingElse(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	file, mapping := mixed(t, 100)
	o := options(t, c, file)
	o.Mapping = mapping
	stopped := func() {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		o.Batch = 10
		o.OnProgress = func(replay.Progress) { cancel() }
		_, err := replay.Run(ctx, o)
		require.ErrorIs(t, err, context.Canceled)
		o.OnProgress = nil
	}
	stopped()
	other := o
	other.Mapping = write(t, "other.yaml", "survey: t\nanswers: [{verbatim: avis}]")
	_, err := replay.Run(t.Context(), other)
	require.ErrorIs(t, err, replay.ErrOtherFile)
	other = o
	other.Server = newCollector(t).URL
	_, err = replay.Run(t.Context(), other)
	require.ErrorIs(t, err, replay.ErrOtherFile)
	other = o
	other.Rejects += "2"
	_, err = replay.Run(t.Context(), other)
	require.ErrorContains(t, err, "name the same with --rejects")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, append(text, "z;1;\r\n"...), 0o600))
	_, err = replay.Run(t.Context(), o)
	require.ErrorIs(t, err, replay.ErrOtherFile)
	require.ErrorContains(t, err, "--restart")
	o.Restart = true
	require.Equal(t, int64(101), totals(t, o).Rows)
	require.NoError(t, os.WriteFile(o.State, []byte("{"), 0o600))
	o.Restart = false
	_, err = replay.Run(t.Context(), o)
	require.ErrorIs(t, err, replay.ErrState)
}

func TestRowsOfOneResponseWaitForEachOther(t *testing.T) {
	t.Parallel()
	// Every row is of one of three responses: with batches of one and many under
	// way, only the order of each matters, and it must hold.
	var b strings.Builder
	for i := range 120 {
		fmt.Fprintf(&b, `{"id":"r-%d","survey":"s","answers":[{"metric":"NPS","value":%d}]}`+"\n", i%3, i/3%10)
	}
	c := newCollector(t)
	var most, now atomic.Int64
	c.before = func(n int, _ []*eventsv1.Response, w http.ResponseWriter) bool {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		<-time.After(time.Millisecond) // a server takes its time
		if n%7 == 0 {
			problem(w, 503, 14, "later")
			return true
		}
		return false
	}
	o := options(t, c, write(t, "a.jsonl", b.String()))
	o.Batch, o.Parallel = 1, 8
	require.Equal(t, replay.Totals{Rows: 120, Sent: 120, Revised: 117}, totals(t, o))
	require.False(t, c.overlap)
	require.Greater(t, most.Load(), int64(1), "different responses do go at once")
	for i := range 3 {
		for j, r := range c.held[fmt.Sprintf("s/r-%d", i)].revisions {
			require.InDelta(t, j%10, r.GetAnswers()[0].GetValue(), 0)
		}
	}
}
