package rebuildbench

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
)

const (
	// askEvery is how often a watch claims, and lookEvery how often it looks whether
	// the program is alive and ready.
	askEvery, lookEvery = 50 * time.Millisecond, 25 * time.Millisecond
	// watchTime bounds a watch.
	watchTime = 5 * time.Minute
)

// serial makes names of agents and requests.
var serial atomic.Int64

func unique(prefix string) string { return fmt.Sprintf("%s-%d", prefix, serial.Add(1)) }

var client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}

// sight is what a watch saw, counted from the moment that it is about.
type sight struct {
	// alive and ready are when /healthz and /readyz said so first.
	alive, ready time.Duration
	// answered is when a claim was answered first, if only that the queue is being
	// read again; claimed when one gave a callback, and claimedOnce when one did that
	// had a request id, which needs the whole index.
	answered, claimed, claimedOnce time.Duration
	// worked is the processor time that the program took until it was ready.
	worked time.Duration
	// slowest is the longest that a claim waited for its answer, and answers counts
	// them by what was said.
	slowest time.Duration
	answers map[string]int
}

func (s *sight) kinds() []string {
	var kinds []string
	for kind := range s.answers {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}

// watch is an onlooker: it claims, and asks how the program is, until everything is
// as it should be.
type watch struct {
	program *program
	since   time.Time
	mu      sync.Mutex
	seen    sight
	asking  sync.WaitGroup
}

// await watches the program from its launch on.
func (p *program) await(b *testing.B) sight {
	b.Helper()
	p.dial(b)
	w := p.watch(b, p.since)
	w.asking.Go(func() { w.look(b, "/healthz", &w.seen.alive) })
	return w.wait(b)
}

// watch watches the program after something has happened to it.
func (p *program) watch(b *testing.B, since time.Time) *watch {
	b.Helper()
	w := &watch{program: p, since: since, seen: sight{answers: map[string]int{}}}
	before := time.Duration(0)
	if since.After(p.since) {
		before = p.processorTime(b)
	}
	w.asking.Go(func() {
		w.look(b, "/readyz", &w.seen.ready)
		w.seen.worked = p.processorTime(b) - before
	})
	w.asking.Go(func() { w.claim(b, false, &w.seen.claimed) })
	w.asking.Go(func() { w.claim(b, true, &w.seen.claimedOnce) })
	return w
}

func (w *watch) wait(b *testing.B) sight {
	b.Helper()
	w.asking.Wait()
	client.CloseIdleConnections()
	if b.Failed() {
		b.FailNow()
	}
	return w.seen
}

// each does something again and again until it says that it is enough.
func (w *watch) each(b *testing.B, every time.Duration, what string, enough func() bool) {
	tick, late := time.NewTicker(every), time.NewTimer(watchTime)
	defer tick.Stop()
	defer late.Stop()
	for !enough() {
		select {
		case <-tick.C:
		case <-w.program.done:
			b.Errorf("%s: the program ended", what)
			return
		case <-late.C:
			b.Errorf("%s: not in %s", what, watchTime)
			return
		}
	}
}

// look asks a page until it says 200.
func (w *watch) look(b *testing.B, path string, first *time.Duration) {
	w.each(b, lookEvery, path, func() bool {
		resp, err := client.Get(w.program.address.HTTP + path)
		if err != nil {
			return false
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			*first = time.Since(w.since)
		}
		return resp.StatusCode == http.StatusOK
	})
}

// claim claims for one agent after the other, with a request id or without, until all
// claims give callbacks: the index is whole.
func (w *watch) claim(b *testing.B, named bool, first *time.Duration) {
	callbacks := callbackv1.NewCallbackServiceClient(w.program.conn)
	w.each(b, askEvery, "claim", func() bool {
		r := &callbackv1.ClaimCallbackRequest{AgentId: unique("watcher")}
		if named {
			r.RequestId = unique("request")
		}
		ctx, cancel := context.WithTimeout(b.Context(), 10*time.Second)
		defer cancel()
		asked := time.Now()
		_, err := callbacks.ClaimCallback(ctx, r)
		w.mu.Lock()
		defer w.mu.Unlock()
		since := time.Since(w.since)
		w.seen.slowest = max(w.seen.slowest, time.Since(asked))
		w.seen.answers[answer(err)]++
		if w.seen.answered == 0 {
			w.seen.answered = since
		}
		if err == nil && *first == 0 {
			*first = since
		}
		// Who claims without a name goes on as long as who claims with one must wait.
		return err == nil && w.seen.claimedOnce > 0
	})
}

// answer is what was said to a claim, in a word.
func answer(err error) string {
	if err == nil {
		return "with a callback"
	}
	s := status.Convert(err)
	for _, d := range s.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return s.Code().String()
}
