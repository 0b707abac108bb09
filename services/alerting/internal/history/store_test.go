package history

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

var t0 = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

func customer(n int) string {
	sum := sha256.Sum256(fmt.Append(nil, n))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:26]
}

func one(n, response int, at time.Time, metrics ...eventsv1.Metric) *eventsv1.ResponseScored {
	e := &eventsv1.ResponseScored{
		Received: &eventsv1.ResponseReceived{
			Revision: 1, CustomerKey: customer(n), FirstReceivedAt: timestamppb.New(at),
			Response: &eventsv1.Response{Id: fmt.Sprint("r-", response), Survey: "s"},
		},
		Score: &eventsv1.Score{},
	}
	for i, m := range metrics {
		e.Score.Answers = append(e.Score.Answers, &eventsv1.AnswerScore{Metric: m, Class: eventsv1.Class(i + 1), Satisfaction: float64(50 - i)})
	}
	return e
}

// What was stored too long ago is let go of, by and large, and of those who gave nothing
// else nothing stays.
func TestOldAnswersAreLetGoOf(t *testing.T) {
	t.Parallel()
	s := NewStore()
	const n = 5*chunkSize + 100
	at := func(i int) time.Time { return t0.Add(time.Duration(i) * time.Minute) }
	for i := 1; i <= n; i++ {
		s.Add(one(i%chunkSize, i, at(i), eventsv1.Metric_NPS), uint64(i), at(i), at(i-chunkSize*3/2))
	}
	require.Less(t, s.Len(), 3*chunkSize)
	require.GreaterOrEqual(t, s.Len(), chunkSize*3/2)
	require.LessOrEqual(t, len(s.latest), chunkSize)
	// Each answers once every chunkSize minutes; one before is still there, those of long ago are not.
	found := s.Earlier(one(n%chunkSize, n, at(n)), n, time.Time{})
	require.GreaterOrEqual(t, len(found), 1)
	require.LessOrEqual(t, len(found), 2)
	require.Equal(t, at(n-chunkSize), found[0].GetAt().AsTime())
	s.Add(one(1, n+1, at(10*n)), n+1, at(10*n), at(9*n))
	for i := 1; i <= chunkSize; i++ {
		s.Add(one(-1, n+1+i, at(10*n)), uint64(n+1+i), at(10*n), at(9*n))
	}
	require.LessOrEqual(t, len(s.latest), chunkSize+2)
	require.Less(t, s.Len(), 2*chunkSize)
}

// One answer a metric, the worst; bounded; and nothing of who has no pseudonym.
func TestWhatAnEarlierAnswerIs(t *testing.T) {
	t.Parallel()
	s := NewStore()
	all := []eventsv1.Metric{eventsv1.Metric_NPS, eventsv1.Metric_CSAT, eventsv1.Metric_NPS, eventsv1.Metric_CES, eventsv1.Metric_FCR}
	s.Add(one(1, 1, t0, all...), 1, t0, t0)
	s.Add(one(1, 2, t0), 2, t0, t0)
	bad := one(1, 3, t0, all...)
	bad.Received.CustomerKey = "none"
	s.Add(bad, 3, t0, t0)
	require.Equal(t, 2, s.Len())
	require.Empty(t, s.Earlier(bad, 3, time.Time{}))
	found := s.Earlier(one(1, 4, t0.Add(time.Second)), 4, time.Time{})
	require.Len(t, found, 4, "a response without a metric has none")
	require.Equal(t, []any{eventsv1.Metric_NPS, eventsv1.Class(3), 48.0, "s", t0}, []any{
		found[0].GetMetric(), found[0].GetClass(), found[0].GetSatisfaction(), found[0].GetSurvey(), found[0].GetAt().AsTime(),
	})
	for i := range 2000 {
		s.Add(one(1, 10+i, t0.Add(time.Duration(i)*time.Second), all...), uint64(10+i), t0, t0)
	}
	found = s.Earlier(one(1, 5000, t0.Add(time.Hour)), 5000, time.Time{})
	require.Len(t, found, rule.MostAnswers)
	require.Equal(t, t0.Add(1999*time.Second), found[0].GetAt().AsTime())
}

func TestWhatIsToldOfCallbacks(t *testing.T) {
	t.Parallel()
	require.Zero(t, summary(&eventsv1.CallbackEvent{}))
	at := timestamppb.New(t0)
	told := func(state eventsv1.Callback_State, change func(c *eventsv1.Callback)) string {
		c := &eventsv1.Callback{Number: 3, Id: "k-3", State: state, ClosedAt: at}
		change(c)
		s := summary(&eventsv1.CallbackEvent{Callback: c, Past: []*eventsv1.PastCallback{
			{CalledAt: timestamppb.New(t0.Add(-time.Hour)), Severity: eventsv1.Severity_LOW}, {ClosedAt: at},
		}})
		return fmt.Sprint(s.Number, " ", s.Open, " ", s.Last.GetOutcome(), " ", s.Last.GetClosedAt() != nil, " ", s.Called.Sub(t0), " ", s.CalledFor)
	}
	none := func(*eventsv1.Callback) {}
	attempt := func(o eventsv1.Attempt_Outcome) func(c *eventsv1.Callback) {
		return func(c *eventsv1.Callback) {
			c.Attempts = []*eventsv1.Attempt{{Outcome: o, EndedAt: at}, {Outcome: eventsv1.Attempt_NO_ANSWER, EndedAt: at}}
			c.Reasons = []*eventsv1.Reason{{Severity: eventsv1.Severity_CRITICAL, Withdrawn: true}, {}}
			c.WrapUp = &eventsv1.WrapUp{Outcome: eventsv1.WrapUp_NO_ACTION_NEEDED}
		}
	}
	require.Equal(t, "3 true  false -1h0m0s LOW", told(eventsv1.Callback_PENDING, none))
	require.Equal(t, "3 true  false -1h0m0s LOW", told(eventsv1.Callback_WRAPPING, none))
	require.Equal(t, "3 false canceled true -1h0m0s LOW", told(eventsv1.Callback_CANCELED, none))
	require.Equal(t, "3 false no_action_needed true 0s MEDIUM", told(eventsv1.Callback_COMPLETED, attempt(eventsv1.Attempt_REACHED)))
	require.Equal(t, "3 false no_action_needed true 0s MEDIUM", told(eventsv1.Callback_COMPLETED, attempt(eventsv1.Attempt_REFUSED)))
	require.Equal(t, "3 false no_action_needed true -1h0m0s LOW", told(eventsv1.Callback_COMPLETED, attempt(eventsv1.Attempt_VOICEMAIL_LEFT)))
	require.Equal(t, "3 true  false -1h0m0s LOW", told(eventsv1.Callback_COMPLETED, func(c *eventsv1.Callback) { c.NextAt = at }), "its next is about to be opened")
}

// BenchmarkKeep is one more answer held, of a customer in two who has answered before; and
// what it takes to hold a million.
func BenchmarkKeep(b *testing.B) {
	require.EqualValues(b, 64, unsafe.Sizeof(record{}))
	n := 1_000_000
	if testing.Short() {
		n = 10_000
	}
	events := make([]*eventsv1.ResponseScored, n)
	for i := range events {
		events[i] = one(i/2, i, t0, eventsv1.Metric_NPS)
	}
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		began, s := time.Now(), NewStore()
		for i, e := range events {
			s.Add(e, uint64(i+1), t0, t0)
		}
		took := time.Since(began)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(s.Len()), "bytes/answer")
		b.ReportMetric(float64(took.Nanoseconds())/float64(n), "ns/answer")
	}
}
