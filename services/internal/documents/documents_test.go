package documents_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/documents"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

type silences = documents.Table[*eventsv1.SilenceChanged]

func table(b *bus.Bus, change ...func(*documents.Options[*eventsv1.SilenceChanged])) *silences {
	o := documents.Options[*eventsv1.SilenceChanged]{
		Bus: b, Log: zap.NewNop(), Stream: subject.Silences, Subject: subject.Silence,
		New: func() *eventsv1.SilenceChanged { return &eventsv1.SilenceChanged{} },
		Key: func(e *eventsv1.SilenceChanged) string { return e.GetSilence().GetId() },
	}
	for _, c := range change {
		c(&o)
	}
	return documents.New(o)
}

func follow(t *testing.T, s *silences) {
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { _ = s.Follow(ctx) })
	t.Cleanup(func() { cancel(); done.Wait() })
	require.NoError(t, s.Wait(soon(t)))
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// add makes the next event of a silence, which counts its changes.
func add(id string, tries *int) documents.Decide[*eventsv1.SilenceChanged] {
	return func(now *eventsv1.SilenceChanged, exists bool) (*eventsv1.SilenceChanged, error) {
		if tries != nil {
			*tries++
		}
		if exists != (now != nil) {
			return nil, fmt.Errorf("exists is %t and there is %v", exists, now)
		}
		n := now.GetSilence().GetChanges() + 1
		return &eventsv1.SilenceChanged{
			EventId: id + "-" + strconv.FormatUint(n, 10) + "-" + strconv.Itoa(int(time.Now().UnixNano())),
			Silence: &eventsv1.Silence{Id: id, Changes: n},
		}, nil
	}
}

func TestReplicasThatChangeOneDocumentLoseNothing(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	replicas := []*silences{table(b), table(b), table(b)}
	for _, r := range replicas {
		follow(t, r)
	}
	var all sync.WaitGroup
	for _, r := range replicas {
		for range 2 {
			all.Go(func() {
				for range 10 {
					for {
						_, err := r.Update(soon(t), "one", add("one", nil))
						if err == nil {
							break
						}
						require.ErrorIs(t, err, documents.ErrContended)
					}
				}
			})
		}
	}
	all.Wait()
	for _, r := range replicas {
		require.NoError(t, r.Settle(soon(t)))
		e, ok := r.Get("one")
		require.True(t, ok)
		require.EqualValues(t, 60, e.GetSilence().GetChanges())
	}
}

func TestANoIsDecidedOnWhatTheLeaderHas(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	behind, ahead := table(b), table(b)
	_, err := behind.Update(soon(t), "one", add("one", nil))
	require.NoError(t, err)
	_, err = ahead.Update(soon(t), "one", add("one", nil)) // which the other has not heard of: nobody follows
	require.NoError(t, err)

	var seen []uint64
	got, err := behind.Update(soon(t), "one", func(now *eventsv1.SilenceChanged, _ bool) (*eventsv1.SilenceChanged, error) {
		seen = append(seen, now.GetSilence().GetChanges())
		return nil, documents.ErrUnchanged
	})
	require.NoError(t, err)
	require.Equal(t, []uint64{1, 2}, seen)
	require.EqualValues(t, 2, got.GetSilence().GetChanges())
	known, _ := behind.Get("one")
	require.EqualValues(t, 2, known.GetSilence().GetChanges(), "it knows now")
}

func TestWhatIsThereIsReadBeforeItIsReady(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	writer := table(b)
	for i := range 5 {
		for range 3 {
			_, err := writer.Update(soon(t), "s"+strconv.Itoa(i), add("s"+strconv.Itoa(i), nil))
			require.NoError(t, err)
		}
	}
	var mu sync.Mutex
	told := map[string]int{}
	reader := table(b, func(o *documents.Options[*eventsv1.SilenceChanged]) {
		o.Changed = func(key string, e *eventsv1.SilenceChanged, kept bool) {
			mu.Lock()
			defer mu.Unlock()
			told[key]++
			require.True(t, kept)
			require.EqualValues(t, 3, e.GetSilence().GetChanges(), "only the last counts")
		}
	})
	require.ErrorIs(t, reader.Ready(), documents.ErrLoading)
	follow(t, reader)
	require.NoError(t, reader.Ready())
	var keys []string
	for key := range reader.All() {
		keys = append(keys, key)
	}
	require.Equal(t, []string{"s0", "s1", "s2", "s3", "s4"}, keys)
	require.Equal(t, map[string]int{"s0": 1, "s1": 1, "s2": 1, "s3": 1, "s4": 1}, told)
}

func TestWhatIsNotKeptCanBeChangedAndCome(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	even := func(o *documents.Options[*eventsv1.SilenceChanged]) {
		o.Keep = func(e *eventsv1.SilenceChanged) bool { return e.GetSilence().GetChanges()%2 == 0 }
	}
	s := table(b, even)
	follow(t, s)
	for n := uint64(1); n <= 4; n++ {
		e, err := s.Update(soon(t), "one", add("one", nil))
		require.NoError(t, err)
		require.Equal(t, n, e.GetSilence().GetChanges())
		_, kept := s.Get("one")
		require.Equal(t, n%2 == 0, kept)
		require.NoError(t, s.Settle(soon(t)))
		_, kept = s.Get("one")
		require.Equal(t, n%2 == 0, kept, "following brings no older news")
	}
	_, err := s.Load(soon(t), "two")
	require.ErrorIs(t, err, bus.ErrNotFound)
}

func TestWhatIsNoLongerKeptIsDropped(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	var over atomic.Bool
	var told []bool
	s := table(b, func(o *documents.Options[*eventsv1.SilenceChanged]) {
		o.Keep = func(*eventsv1.SilenceChanged) bool { return !over.Load() }
		o.Compact = func(e *eventsv1.SilenceChanged) { e.Silence.Comment = "read" }
		o.Changed = func(_ string, _ *eventsv1.SilenceChanged, kept bool) { told = append(told, kept) }
	})
	_, err := s.Update(soon(t), "one", add("one", nil))
	require.NoError(t, err)
	s.Reconsider("one")
	s.Reconsider("none")
	_, kept := s.Get("one")
	require.True(t, kept)
	over.Store(true)
	s.Reconsider("one")
	_, kept = s.Get("one")
	require.False(t, kept)
	require.Equal(t, []bool{true, false}, told)

	follow(t, s)
	require.NoError(t, s.Settle(soon(t)))
	_, kept = s.Get("one")
	require.False(t, kept)
	e, err := s.Load(soon(t), "one")
	require.NoError(t, err)
	require.Equal(t, "read", e.GetSilence().GetComment(), "what is read is made smaller")
	e, err = s.Update(soon(t), "one", add("one", nil))
	require.NoError(t, err)
	require.EqualValues(t, 2, e.GetSilence().GetChanges())
}

// Whoever is second is never told that they were first, even where both events say that they
// are the same change.
func TestTwoChangesUnderOneIDAreTwo(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	replicas := []*silences{table(b), table(b)}
	var both, all sync.WaitGroup
	both.Add(2)
	var mu sync.Mutex
	heard := map[string]uint64{}
	for i, r := range replicas {
		author, first := strconv.Itoa(i), true
		all.Go(func() {
			_, err := r.Update(soon(t), "one", func(now *eventsv1.SilenceChanged, _ bool) (*eventsv1.SilenceChanged, error) {
				if first { // both have decided before either stores
					first = false
					both.Done()
					both.Wait()
				}
				n := now.GetSilence().GetChanges() + 1
				mu.Lock()
				defer mu.Unlock()
				heard[author] = n
				return &eventsv1.SilenceChanged{
					EventId: "one-" + strconv.FormatUint(n, 10), Silence: &eventsv1.Silence{Id: "one", Changes: n, Author: author},
				}, nil
			})
			require.NoError(t, err)
		})
	}
	all.Wait()
	require.ElementsMatch(t, []uint64{1, 2}, []uint64{heard["0"], heard["1"]})
}

func TestWhoGivesUpWaitingIsForgotten(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	s := table(b)
	_, err := s.Update(soon(t), "one", add("one", nil))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- s.Settle(ctx) }() // nobody follows
	require.Eventually(t, func() bool { return documents.Waiting(s) == 1 }, 30*time.Second, time.Millisecond)
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
	require.Zero(t, documents.Waiting(s))
}
