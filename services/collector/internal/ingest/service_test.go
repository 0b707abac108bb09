package ingest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
	"github.com/rappel-loop/rappel/services/internal/clock"
)

// store is a stream and a ledger in memory whose moments of trouble can be
// chosen; the real ones are tested through the facade.
type store struct {
	mu      sync.Mutex
	events  []*eventsv1.ResponseReceived
	digests []response.Digest
	ids     []response.Identity
	subject []string
	known   int           // how many events the ledger has heard of
	append  func() error  // before an append
	gate    chan struct{} // when set, each append waits for a value
	behold  map[string]uint64
	awaits  atomic.Int32
	durable atomic.Int32
	waiting atomic.Int32 // at the gate
}

func (s *store) Ready() error { return nil }

func (s *store) Find(id response.Identity) (e Entry, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := s.known - 1; i >= 0; i-- {
		if s.ids[i] == id {
			return Entry{Sequence: uint64(i + 1), Revision: s.events[i].GetRevision(), Digest: s.digests[i]}, true
		}
	}
	return e, false
}

func (s *store) head(subj string, known int) uint64 {
	for i := known - 1; i >= 0; i-- {
		if s.subject[i] == subj {
			return uint64(i + 1)
		}
	}
	return 0
}

func (s *store) Head(subj string) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.head(subj, s.known)
}

func (s *store) Note(string, response.Identity, Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = len(s.events)
}

func (s *store) Behold(subj string, head uint64) { s.behold[subj] = head }

func (s *store) Await(_ context.Context, seq uint64) error {
	s.awaits.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = max(s.known, int(seq))
	return nil
}

// journal is the stream's side of a store.
type journal struct{ *store }

func (j journal) Append(ctx context.Context, e *eventsv1.ResponseReceived, d response.Digest, after uint64) (uint64, error) {
	if j.gate != nil {
		j.waiting.Add(1)
		select {
		case <-j.gate:
		case <-ctx.Done():
			return 0, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
		}
	}
	if j.append != nil {
		if err := j.append(); err != nil {
			return 0, err
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	r := e.GetResponse()
	subj := subject.Response(r.GetSurvey(), e.GetBucket())
	if j.head(subj, len(j.events)) != after {
		return 0, ErrMoved
	}
	j.events, j.digests = append(j.events, e), append(j.digests, d)
	j.ids, j.subject = append(j.ids, response.IdentityOf(r.GetSurvey(), r.GetId())), append(j.subject, subj)
	return uint64(len(j.events)), nil
}

func (j journal) Read(_ context.Context, seq uint64, _, _ string) (*eventsv1.ResponseReceived, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.events[seq-1], nil
}

func (j journal) Head(_ context.Context, subj string) (uint64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.head(subj, len(j.events)), nil
}

func (j journal) Durable(context.Context) error { j.durable.Add(1); return nil }

type bundle struct {
	*Service
	store  *store
	counts map[string]int
}

func setup(t *testing.T, inFlight int) *bundle {
	t.Helper()
	n, err := response.NewNormaliser("FR")
	require.NoError(t, err)
	k, err := response.NewKeyer([]byte("0123456789abcdef"))
	require.NoError(t, err)
	b := &bundle{store: &store{behold: map[string]uint64{}}, counts: map[string]int{}}
	var mu sync.Mutex
	b.Service = New(Options{
		Normaliser: n, Keyer: k, Ledger: b.store, Journal: journal{b.store}, MaxInFlight: inFlight,
		Clock: clock.NewManual(time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)),
		Count: func(v Verdict) { mu.Lock(); defer mu.Unlock(); b.counts[string(v)]++ },
	})
	return b
}

func answered(id string, v float64) *eventsv1.Response {
	return &eventsv1.Response{Id: id, Survey: "s", Answers: []*eventsv1.Answer{{Metric: eventsv1.Metric_NPS, Value: &v}}}
}

func TestADecisionThatIsOutOfDateIsTakenAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, 64)
	_, err := b.Submit(t.Context(), answered("r", 1))
	require.NoError(t, err)
	b.store.known = 0 // another collector wrote it, as far as this ledger knows
	res, err := b.Submit(t.Context(), answered("r", 2))
	require.NoError(t, err)
	require.EqualValues(t, 2, res.Revision)
	require.EqualValues(t, 1, b.store.awaits.Load())
	require.Len(t, b.store.behold, 1)
}

// Whoever adds a field to a response and forgets it here would lose it from every
// first revision that does not say when it was submitted.
func TestAShallowCopyHasEveryField(t *testing.T) {
	t.Parallel()
	r := answered("r", 1)
	r.Channel, r.Touchpoint, r.Customer, r.CallbackRequested = "email", "delivery", &eventsv1.Customer{Id: "C"}, true
	r.Attributes, r.Consent, r.SubmittedAt = map[string]string{"a": "1"}, &eventsv1.Consent{}, timestamppb.Now()
	r.CallbackSlots, r.CallbackId = []*eventsv1.Slot{{From: timestamppb.Now()}}, "k-1"
	r.Whole = true
	fields := r.ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		require.True(t, r.ProtoReflect().Has(fields.Get(i)), "this test lacks %s", fields.Get(i).Name())
	}
	require.True(t, proto.Equal(r, shallow(r)))
}

func TestDecidingAgainHasAnEnd(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]error{"moved": ErrMoved, "taken": &TakenError{}, "gone": &TakenError{Gone: true}} {
		b := setup(t, 64)
		tries := 0
		b.store.append = func() error { tries++; return failure }
		_, err := b.Submit(t.Context(), answered("r", 1))
		require.ErrorIs(t, err, ErrUnavailable, name)
		require.Equal(t, maxAttempts, tries, name)
		require.Equal(t, map[string]int{"unavailable": 1}, b.counts)
	}
}

func TestARevisionThatIsGoneIsNotGivenAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, 64)
	taken := []error{&TakenError{Sequence: 1, Gone: true}, &TakenError{Sequence: 2, Gone: true}, nil}
	b.store.append = func() error { err := taken[0]; taken = taken[1:]; return err }
	res, err := b.Submit(t.Context(), answered("r", 1))
	require.NoError(t, err)
	require.EqualValues(t, 3, res.Revision)
}

func TestErrorsOfTheStoreGoThrough(t *testing.T) {
	t.Parallel()
	for _, want := range []error{ErrFull, ErrUnavailable, errors.New("a defect")} {
		b := setup(t, 64)
		b.store.append = func() error { return want }
		_, err := b.Submit(t.Context(), answered("r", 1))
		require.ErrorIs(t, err, want)
		require.Zero(t, b.store.durable.Load())
	}
}

func TestTooManyAtOnceAreTurnedAwayAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	b.store.gate = make(chan struct{})
	results := make(chan error, 2)
	for i := range 2 {
		go func() {
			_, err := b.Submit(t.Context(), answered(fmt.Sprint(i), 1))
			results <- err
		}()
	}
	b.waitAtGate(t, 2)
	_, err := b.Submit(t.Context(), answered("late", 1))
	require.ErrorIs(t, err, ErrBusy)
	_, err = b.SubmitBatch(t.Context(), []Row{{Response: answered("late", 1)}})
	require.ErrorIs(t, err, ErrBusy)
	close(b.store.gate)
	require.NoError(t, <-results)
	require.NoError(t, <-results)
	require.NoError(t, b.Close(t.Context()))
	_, err = b.Submit(t.Context(), answered("late", 1))
	require.ErrorIs(t, err, ErrBusy, "closed")
}

func TestCloseWaitsForWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	b := setup(t, 4)
	b.store.gate = make(chan struct{})
	done := make(chan error, 1)
	go func() {
		_, err := b.Submit(t.Context(), answered("r", 1))
		done <- err
	}()
	b.waitAtGate(t, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, b.Close(ctx), context.DeadlineExceeded)
	close(b.store.gate)
	require.NoError(t, <-done)
}

func (b *bundle) waitAtGate(t *testing.T, n int32) {
	t.Helper()
	require.Eventually(t, func() bool { return b.store.waiting.Load() == n }, 10*time.Second, time.Millisecond)
}

func TestABatchWaitsOnceForItsRows(t *testing.T) {
	t.Parallel()
	b := setup(t, 64)
	rows := make([]Row, 500)
	for i := range rows {
		rows[i].Response = answered(fmt.Sprint(i), 1)
	}
	rows[7].Violations = []response.Violation{{Path: "x", Problem: "y"}}
	out, err := b.SubmitBatch(t.Context(), rows)
	require.NoError(t, err)
	require.EqualValues(t, 1, b.store.durable.Load())
	for i, o := range out {
		if i == 7 {
			require.Error(t, o.Err)
			continue
		}
		require.Equal(t, Result{ID: fmt.Sprint(i), Revision: 1}, o.Result)
	}
	require.Equal(t, map[string]int{"accepted": 499, "refused": 1}, b.counts)
}

func TestAStreamWaitsForGroups(t *testing.T) {
	t.Parallel()
	b := setup(t, 4096)
	answers := map[uint64]Outcome{}
	s := b.NewStream(t.Context(), func(group []Answered) error {
		for _, a := range group {
			answers[a.Number] = a.Outcome
		}
		return nil
	})
	const n = 2500 // more than the window
	for i := range uint64(n) {
		require.NoError(t, s.Put(i, answered(fmt.Sprint(i%500), float64(i/500))))
	}
	require.NoError(t, s.Close())
	require.Len(t, answers, n)
	for i, o := range answers {
		require.NoError(t, o.Err)
		require.Equal(t, Result{ID: fmt.Sprint(i % 500), Revision: uint32(i/500 + 1)}, o.Result, "in order")
	}
	require.Less(t, b.store.durable.Load(), int32(n))
	require.NoError(t, b.Close(t.Context()), "every slot is given back")
}

func TestAStreamEndsWithItsContext(t *testing.T) {
	t.Parallel()
	b := setup(t, 64)
	b.store.gate = make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	s := b.NewStream(ctx, func([]Answered) error { return nil })
	put := make(chan error)
	go func() {
		for i := uint64(0); ; i++ {
			if err := s.Put(i, answered("", 1)); err != nil {
				put <- err
				return
			}
		}
	}()
	cancel()
	require.ErrorIs(t, <-put, context.Canceled)
	require.NoError(t, s.Close())
	require.NoError(t, b.Close(t.Context()), "every slot is given back")
}

func TestAnAnswerThatCannotBeGivenIsReported(t *testing.T) {
	t.Parallel()
	b := setup(t, 64)
	gone := errors.New("the source is gone")
	s := b.NewStream(t.Context(), func([]Answered) error { return gone })
	for i := range uint64(2500) {
		require.NoError(t, s.Put(i, answered(fmt.Sprint(i), 1)))
	}
	require.ErrorIs(t, s.Close(), gone)
}

func TestOneKeyIsHeldByOne(t *testing.T) {
	t.Parallel()
	l := newLocks[string]()
	var wg sync.WaitGroup
	counts := map[string]*int{"a": new(int), "b": new(int), "c": new(int)}
	for i := range 60 {
		wg.Go(func() {
			for range 200 {
				k := string(rune('a' + i%3))
				unlock, err := l.lock(t.Context(), k)
				if err != nil {
					t.Error(err)
					return
				}
				*counts[k]++ // the race detector watches
				unlock()
			}
		})
	}
	wg.Wait()
	for _, n := range counts {
		require.Equal(t, 4000, *n)
	}
	for i := range l.shards {
		require.Empty(t, l.shards[i].turns, "nothing is left behind")
	}
	unlock, err := l.lock(t.Context(), "a")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = l.lock(ctx, "a")
	require.ErrorIs(t, err, context.Canceled)
	unlock()
}
