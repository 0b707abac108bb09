package collector_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// checkRevisions holds the stream to the promise: 1, 2, 3… for each response,
// no gap, no twin, each beside the one before, on one subject.
func checkRevisions(l *loop) map[string]*eventsv1.ResponseReceived {
	l.Helper()
	last := map[string]*eventsv1.ResponseReceived{}
	for _, e := range l.events() {
		id := e.GetResponse().GetId()
		before := last[id]
		require.Equal(l, before.GetRevision()+1, e.GetRevision(), id)
		if before != nil {
			require.Equal(l, before.GetCustomerKey(), e.GetCustomerKey(), id)
			require.True(l, proto.Equal(before.GetResponse(), e.GetPrevious()), id)
		}
		last[id] = e
	}
	return last
}

func TestTwoCollectorsNeverGiveTheSameRevision(t *testing.T) {
	t.Parallel()
	a := setup(t)
	b := start(t, a.bus, zap.NewNop())
	const writers, rounds, responses = 16, 30, 5
	given := make(chan string, writers*rounds)
	var wg sync.WaitGroup
	for w := range writers {
		l := []*loop{a, b}[w%2]
		wg.Go(func() {
			for i := range rounds {
				id := fmt.Sprintf("r-%d", (w+i)%responses)
				r := piece(id, "", &eventsv1.Answer{Question: fmt.Sprintf("q%d", i%20), Verbatim: fmt.Sprintf("said by %d in %d", w, i)})
				res, err := l.grpc.SubmitResponse(context.Background(), request(r))
				if err != nil {
					t.Error(err)
					return
				}
				if !res.GetDuplicate() {
					given <- fmt.Sprintf("%s@%d", res.GetId(), res.GetRevision())
				}
			}
		})
	}
	wg.Wait()
	close(given)
	seen := map[string]bool{}
	for g := range given {
		require.False(t, seen[g], "%s was given twice", g)
		seen[g] = true
	}
	last := checkRevisions(a)
	require.Len(t, last, responses)
	stored := 0
	for _, e := range last {
		stored += int(e.GetRevision())
	}
	require.Len(t, seen, stored, "what is stored was answered, and what was answered is stored")
}

// First pieces that name different customers belong to different subjects, where
// no compare-and-set can see the other.
func TestFirstPiecesOfDifferentCustomersMeet(t *testing.T) {
	t.Parallel()
	a := setup(t)
	loops := []*loop{a, start(t, a.bus, zap.NewNop()), start(t, a.bus, zap.NewNop())}
	for round := range 40 {
		id := fmt.Sprintf("r-%d", round)
		var wg sync.WaitGroup
		for i, l := range loops {
			wg.Go(func() {
				r := piece(id, fmt.Sprintf("customer-%d-%d", round, i), &eventsv1.Answer{Question: fmt.Sprintf("q%d", i), Verbatim: "x"})
				if _, err := l.grpc.SubmitResponse(context.Background(), request(r)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	last := checkRevisions(a)
	require.Len(t, last, 40)
	for id, e := range last {
		require.EqualValues(t, 3, e.GetRevision(), id)
		require.Len(t, e.GetResponse().GetAnswers(), 3, "nothing was lost: %s", id)
	}
}

// The same answer sent to two collectors at once is one answer.
func TestTheSameAnswerAtTwoCollectorsAtOnce(t *testing.T) {
	t.Parallel()
	a := setup(t)
	b := start(t, a.bus, zap.NewNop())
	b.clock.Advance(time.Nanosecond) // no two clocks agree to the nanosecond, except by hand
	for round := range 50 {
		var wg sync.WaitGroup
		var mu sync.Mutex
		first := 0
		for _, l := range []*loop{a, b} {
			wg.Go(func() {
				res, err := l.grpc.SubmitResponse(context.Background(), request(piece(fmt.Sprint(round), "C", nps(1))))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				if !res.GetDuplicate() {
					first++
				}
			})
		}
		wg.Wait()
		require.Equal(t, 1, first)
	}
	require.Len(t, a.events(), 50)
}
