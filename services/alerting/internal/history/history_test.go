package history_test

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/history"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/donotcall"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const bucket = "0af"

func key(n int) string {
	sum := sha256.Sum256(fmt.Append(nil, n))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:26]
}

// scored is one event about a customer's response, first received at a moment.
func scored(customer, response int, revision uint32, first time.Time, nps float64) *eventsv1.ResponseScored {
	class := eventsv1.Class_PROMOTER
	if nps <= 6 {
		class = eventsv1.Class_DETRACTOR
	}
	return &eventsv1.ResponseScored{
		Received: &eventsv1.ResponseReceived{
			Revision: revision, CustomerKey: key(customer), Bucket: bucket,
			FirstReceivedAt: timestamppb.New(first), ReceivedAt: timestamppb.New(first.Add(time.Duration(revision-1) * time.Hour)),
			Response: &eventsv1.Response{Id: fmt.Sprint("r-", response), Survey: fmt.Sprint("s-", response%3)},
		},
		Score: &eventsv1.Score{Answers: []*eventsv1.AnswerScore{{Metric: eventsv1.Metric_NPS, Value: nps, Class: class, Satisfaction: nps * 10}}},
	}
}

// put stores an event of SCORES and returns it as it is delivered.
func put(t testing.TB, b *bus.Bus, e *eventsv1.ResponseScored) bus.Delivery {
	t.Helper()
	id := fmt.Sprint(e.GetReceived().GetResponse().GetId(), "-", e.GetReceived().GetRevision(), "-", e.GetCorrection())
	receipt, err := b.Publish(t.Context(), bus.Event{Subject: subject.Score(e.GetReceived().GetResponse().GetSurvey(), bucket), ID: id, Body: e})
	require.NoError(t, err)
	d, err := b.At(t.Context(), subject.Scores, receipt.Sequence)
	require.NoError(t, err)
	return d
}

// happen stores an event of CALLBACKS and returns when that was.
func happen(t *testing.T, b *bus.Bus, n uint64, e *eventsv1.CallbackEvent) time.Time {
	t.Helper()
	subj := subject.Callback(bucket, key(1))
	_, err := b.Publish(t.Context(), bus.Event{Subject: subj, ID: fmt.Sprint("c-", n), Body: e})
	require.NoError(t, err)
	d, err := b.Latest(t.Context(), subj)
	require.NoError(t, err)
	return d.Time
}

func reader(b *bus.Bus) *history.Reader {
	r := history.New(history.Deps{Bus: b, Log: zap.NewNop(), Clock: clock.System{}})
	r.Hurry()
	return r
}

// follow follows until the test ends, or stop is called.
func follow(t testing.TB, r *history.Reader) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = r.Follow(ctx) }) // it ends without an error, with ctx
	stop = func() { cancel(); running.Wait() }
	t.Cleanup(stop)
	return stop
}

func called(number uint32, state eventsv1.Callback_State, reasons ...*eventsv1.Reason) *eventsv1.CallbackEvent {
	return &eventsv1.CallbackEvent{Callback: &eventsv1.Callback{
		Id: fmt.Sprint("k-", number), Number: number, State: state, Reasons: reasons, OpenedAt: timestamppb.New(spoken.Add(-time.Hour)),
	}}
}

var spoken = time.Date(2026, 10, 2, 9, 0, 0, 0, time.UTC)

// The callbacks are those of when the response was first received, however much has
// happened since; and what came of the response itself is not among them, whatever the clocks say.
func TestCallbacksAsOf(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	other := &eventsv1.Reason{Survey: "s-1", ResponseId: "r-100", Severity: eventsv1.Severity_LOW}
	own := &eventsv1.Reason{Survey: "s-1", ResponseId: "r-1", Severity: eventsv1.Severity_CRITICAL}
	closed := called(1, eventsv1.Callback_COMPLETED, other)
	closed.Callback.Attempts = []*eventsv1.Attempt{{Outcome: eventsv1.Attempt_REACHED, EndedAt: timestamppb.New(spoken)}}
	closed.Callback.WrapUp, closed.Callback.ClosedAt = &eventsv1.WrapUp{Outcome: eventsv1.WrapUp_PARTLY_RESOLVED}, timestamppb.New(spoken.Add(time.Minute))
	again := called(2, eventsv1.Callback_PENDING, own)
	again.Past = []*eventsv1.PastCallback{{Id: "k-1", CalledAt: timestamppb.New(spoken), Severity: eventsv1.Severity_LOW}}

	r := reader(b)
	at := func(asOf time.Time) rule.Callbacks {
		c, err := r.Of(t.Context(), bus.Delivery{}, scored(1, 1, 2, asOf, 0)).Callbacks()
		require.NoError(t, err)
		return c
	}
	require.Zero(t, at(time.Now()))
	opened := happen(t, b, 1, called(1, eventsv1.Callback_PENDING, other))
	ended := happen(t, b, 2, closed)
	after := happen(t, b, 3, again)

	require.Zero(t, at(opened))
	first := at(opened.Add(1))
	require.Equal(t, []any{int64(1), "k-1", true, true}, []any{first.Number, first.LastID, first.Open, first.Called.IsZero()})
	require.Equal(t, first, at(ended))
	second := at(ended.Add(1))
	require.Equal(t, []any{false, spoken, eventsv1.Severity_LOW}, []any{second.Open, second.Called, second.CalledFor})
	require.Equal(t, []any{"partly_resolved", spoken.Add(time.Minute)}, []any{second.Last.GetOutcome(), second.Last.GetClosedAt().AsTime()})
	require.Equal(t, second, at(after))
	require.Equal(t, second, at(after.Add(time.Hour)), "it was opened for this very response")
	// Another response of the customer does find it.
	c, err := r.Of(t.Context(), bus.Delivery{}, scored(1, 4, 1, after.Add(1), 0)).Callbacks()
	require.NoError(t, err)
	require.Equal(t, []any{int64(2), true, spoken, eventsv1.Severity_LOW}, []any{c.Number, c.Open, c.Called, c.CalledFor})
	require.EqualValues(t, 8, r.Counts().Callbacks)

	require.NoError(t, b.JetStream().DeleteStream(t.Context(), subject.Callbacks))
	_, err = r.Of(t.Context(), bus.Delivery{}, scored(1, 1, 2, opened, 0)).Callbacks()
	require.ErrorIs(t, err, bus.ErrUnavailable)
}

func TestTheListIsAsOfNowAndByAllNames(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	e := scored(1, 1, 1, time.Now(), 0)
	e.Received.AliasKeys = []string{key(2), key(3)}
	listed := func() bool {
		l, err := reader(b).Of(t.Context(), bus.Delivery{}, e).DoNotCall()
		require.NoError(t, err)
		return l
	}
	require.False(t, listed())
	list := donotcall.New(b, zap.NewNop())
	for _, n := range []int{1, 3} {
		for _, on := range []bool{true, false} {
			_, err := list.Apply(t.Context(), donotcall.Change{Keys: []string{key(n)}, Listed: on, At: time.Now()})
			require.NoError(t, err)
			require.Equal(t, on, listed())
		}
	}
}

// naive is what Earlier promises, in so many words.
func naive(all []*eventsv1.ResponseScored, upTo int, from time.Time) (out []string) {
	this := all[upTo].GetReceived()
	begin := upTo
	for i := upTo; i >= 0; i-- {
		if all[i].GetReceived().GetResponse().GetId() == this.GetResponse().GetId() && all[i].GetReceived().GetCustomerKey() == this.GetCustomerKey() {
			begin = i
		}
	}
	last := map[string]*eventsv1.ResponseScored{}
	for _, e := range all[:begin] {
		r := e.GetReceived()
		was := last[r.GetResponse().GetId()]
		if r.GetCustomerKey() == this.GetCustomerKey() && (was == nil || r.GetRevision() > was.GetReceived().GetRevision() ||
			r.GetRevision() == was.GetReceived().GetRevision() && e.GetCorrection() > was.GetCorrection()) {
			last[r.GetResponse().GetId()] = e
		}
	}
	for _, e := range last {
		at := e.GetReceived().GetFirstReceivedAt().AsTime()
		if !at.Before(from) && at.Before(this.GetFirstReceivedAt().AsTime()) {
			out = append(out, fmt.Sprint(e.GetReceived().GetResponse().GetSurvey(), e.GetScore().GetAnswers()[0].GetSatisfaction(), at))
		}
	}
	return out
}

func texts(all []*eventsv1.EarlierAnswer) (out []string) {
	for i, a := range all {
		out = append(out, fmt.Sprint(a.GetSurvey(), a.GetSatisfaction(), a.GetAt().AsTime()))
		if i > 0 && a.GetAt().AsTime().After(all[i-1].GetAt().AsTime()) {
			out = append(out, "out of order")
		}
	}
	return out
}

// Whoever asks and when, the earlier answers are the same: as soon as the response is there;
// when much more has come; on a process that has just been started; and out of the stream.
// Revisions, corrections and responses come in whatever order.
func TestEarlierAnswersAreTheSameForEverybody(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	const days = 30
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test's
	begin := time.Now().Add(-60 * 24 * time.Hour)
	first, revisions := map[int]time.Time{}, map[int]uint32{}
	var all []*eventsv1.ResponseScored
	var deliveries []bus.Delivery
	early := reader(b)
	early.Need(days)
	follow(t, early)
	var soon [][]string
	for range 140 {
		response := random.IntN(60)
		if _, known := first[response]; !known {
			first[response] = begin.Add(time.Duration(random.IntN(59*24)) * time.Hour)
		}
		revisions[response]++
		e := scored(response%4, response, max(1, revisions[response]-uint32(random.IntN(2))), first[response], float64(random.IntN(11)))
		e.Correction = revisions[response]
		all = append(all, e)
		d := put(t, b, e)
		deliveries = append(deliveries, d)
		answers, err := early.Of(t.Context(), d, e).Answers(days)
		require.NoError(t, err)
		soon = append(soon, texts(answers))
	}
	late := reader(b)
	late.Need(days)
	follow(t, late)
	none := reader(b) // keeps nothing: it reads the stream
	some := 0
	for i, e := range all {
		from := first[number(e)].Add(-days * 24 * time.Hour)
		want := naive(all, i, from)
		some += len(want)
		require.ElementsMatch(t, want, soon[i], "at once")
		for _, r := range []*history.Reader{early, late, none} {
			var got []*eventsv1.EarlierAnswer
			require.Eventually(t, func() bool {
				var err error
				got, err = r.Of(t.Context(), deliveries[i], e).Answers(days)
				return err == nil
			}, 20*time.Second, time.Millisecond)
			require.ElementsMatch(t, want, texts(got))
		}
	}
	require.Greater(t, some, 200)
	require.EqualValues(t, len(all), none.Counts().Scans)
	require.Equal(t, 140, late.Counts().Kept)
	require.Positive(t, late.Counts().Scans, "some are older than what is kept")
	require.Less(t, late.Counts().Scans, uint64(len(all)))
}

func number(e *eventsv1.ResponseScored) (n int) {
	_, _ = fmt.Sscanf(e.GetReceived().GetResponse().GetId(), "r-%d", &n) // it is ours
	return n
}

// A response waits until following has come as far as it is, and is never decided on what is
// there by then.
func TestAResponseWaitsForWhatIsBeforeIt(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	at := time.Now().Add(-time.Hour)
	put(t, b, scored(1, 1, 1, at, 2))
	e := scored(1, 2, 1, at.Add(time.Minute), 2)
	d := put(t, b, e)
	r := reader(b)
	r.Need(7)
	_, err := r.Of(t.Context(), d, e).Answers(7)
	require.ErrorIs(t, err, bus.ErrUnavailable)
	stop := follow(t, r)
	require.Eventually(t, func() bool {
		answers, err := r.Of(t.Context(), d, e).Answers(7)
		return err == nil && len(answers) == 1
	}, 20*time.Second, time.Millisecond)
	// As if the response were one that following has not come to.
	ahead := d
	ahead.Sequence++
	put(t, b, scored(2, 3, 1, at, 2))
	require.Eventually(t, func() bool {
		_, err := r.Of(t.Context(), ahead, e).Answers(7)
		return err == nil
	}, 20*time.Second, time.Millisecond)
	stop()
	require.Zero(t, r.Counts().Kept)
	_, err = r.Of(t.Context(), d, e).Answers(7)
	require.ErrorIs(t, err, bus.ErrUnavailable, "nobody follows any more")
	require.Zero(t, r.Counts().Scans)

	// A response that is not in the stream any more is never come to: it is read for.
	s, err := b.JetStream().Stream(t.Context(), subject.Scores)
	require.NoError(t, err)
	require.NoError(t, s.DeleteMsg(t.Context(), d.Sequence))
	answers, err := r.Of(t.Context(), d, e).Answers(7)
	require.NoError(t, err)
	require.Len(t, answers, 1)
	require.NoError(t, b.JetStream().DeleteStream(t.Context(), subject.Scores))
	_, err = r.Of(t.Context(), d, e).Answers(7)
	require.ErrorIs(t, err, bus.ErrUnavailable)
}

// What is kept follows what rules need.
func TestWhatIsKeptFollowsTheRules(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	at := time.Now().Add(-time.Hour)
	put(t, b, scored(1, 1, 1, at, 2))
	r := reader(b)
	follow(t, r)
	kept := func(n int) {
		require.Eventually(t, func() bool { return r.Counts().Kept == n }, 20*time.Second, time.Millisecond)
	}
	kept(0)
	r.Need(7)
	kept(1)
	r.Need(3)
	r.Need(30)
	put(t, b, scored(1, 2, 1, at, 2))
	kept(2)
	r.Need(0)
	kept(0)
	r.Need(1)
	kept(2)
}

// BenchmarkCallbacks is what a rule that asks costs: one read, from a server in the same
// process; and one where something has happened since.
func BenchmarkCallbacks(b *testing.B) {
	on := testkit.Bus(b)
	r := reader(on)
	before := time.Now()
	_, err := on.Publish(b.Context(), bus.Event{Subject: subject.Callback(bucket, key(1)), ID: "c", Body: called(1, eventsv1.Callback_PENDING)})
	require.NoError(b, err)
	for name, asOf := range map[string]time.Time{"nothing_since": time.Now(), "something_since": before} {
		e := scored(1, 1, 1, asOf, 2)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := r.Of(b.Context(), bus.Delivery{}, e).Callbacks(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
