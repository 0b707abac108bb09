package rehearsal

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

var monday = time.Date(2026, 11, 9, 8, 0, 0, 0, time.UTC)

func load(t *testing.T, text string) *rule.Set {
	t.Helper()
	set, err := rule.Load("test.yaml", []byte("version: test\nrules:\n"+text), rule.Options{})
	require.NoError(t, err)
	return set
}

// key is a customer's of a number.
func key(n int) string {
	digits := fmt.Sprintf("%026d", n)
	return strings.Map(func(r rune) rune { return 'a' + r - '0' }, digits)
}

func score(nps float64) *eventsv1.Score {
	class := eventsv1.Class_PROMOTER
	if nps <= 6 {
		class = eventsv1.Class_DETRACTOR
	}
	return &eventsv1.Score{Answers: []*eventsv1.AnswerScore{{Metric: eventsv1.Metric_NPS, Value: nps, Class: class, Satisfaction: 10 * nps}}}
}

// answer is a response of a customer, with a value a revision.
func answer(customer, response int, at time.Time, nps ...float64) *eventsv1.ResponseScored {
	n := len(nps)
	e := &eventsv1.ResponseScored{Score: score(nps[n-1]), Received: &eventsv1.ResponseReceived{
		Revision: uint32(n), CustomerKey: key(customer), Bucket: "0af", ReceivedAt: timestamppb.New(at),
		Response: &eventsv1.Response{Id: fmt.Sprint("r-", response), Survey: "s"},
	}}
	if n > 1 {
		e.Received.Previous, e.PreviousScore = e.GetReceived().GetResponse(), score(nps[n-2])
	}
	return e
}

const (
	detractors = "  - {name: detractor, when: nps.class == Class.DETRACTOR, severity: high, callback: {queue: q, priority: 5, first_attempt_within: 4h}}\n"
	furious    = "  - {name: furious, when: \"has(nps.metric) && nps.value <= 2.0\", severity: critical, callback: {queue: vip, priority: 9}}\n"
	noted      = "  - {name: noted, when: nps.class == Class.PROMOTER, severity: low}\n"
)

// Four days, told by hand.
func TestARehearsal(t *testing.T) {
	t.Parallel()
	r := New(Plan{
		Draft: load(t, furious+noted), Current: load(t, detractors+noted), Examples: 1,
		Staffing: Staffing{"": {Agents: 2, CallbacksAnHour: 3, OpenFor: durationpb.New(24 * time.Hour)}},
	})
	hour := func(n int) time.Time { return monday.Add(time.Duration(n) * time.Hour) }
	r.Take(answer(1, 1, hour(0), 1))    // both call
	r.Take(answer(1, 1, hour(1), 1, 2)) // a revision that still matches is nothing new
	r.Take(answer(1, 2, hour(2), 0))    // alerts, but the callback is open
	r.Take(answer(2, 3, hour(3), 5))    // only those in force call
	r.Take(answer(3, 4, hour(4), 9))    // noted
	r.Take(answer(3, 4, hour(5), 9, 9)) // and not again
	r.Take(answer(4, 5, hour(6), 9))    // noted,
	r.Take(answer(4, 5, hour(7), 9, 1)) // then corrected: both call
	r.Take(answer(1, 6, hour(30), 2))   // the first is closed: a second call
	r.Take(answer(5, 7, hour(96), 6))   // only those in force; the fourth day is over
	r.Take(&eventsv1.ResponseScored{})  // what the live path refuses
	r.Unreadable()

	got := r.Report()
	require.Equal(t, 4.0, got.GetDays())
	require.EqualValues(t, 12, got.GetAnswers())
	require.EqualValues(t, 2, got.GetUnreadable())
	require.Equal(t, monday, got.GetFrom().AsTime())
	require.Equal(t, hour(96), got.GetTo().AsTime())
	require.True(t, proto.Equal(&alertingv1.Overlap{OnlyCurrent: 2, Both: 2}, got.GetCustomers()))
	rules := map[string]string{}
	for _, one := range got.GetRules() {
		rules[one.GetRule()] = fmt.Sprint(one.GetAlerts().GetDraft(), one.GetAlerts().GetCurrent(), one.GetInDraft(), one.GetInCurrent(), one.GetAlertsADay().GetDraft())
	}
	require.Equal(t, map[string]string{"furious": "4 0 true false 1", "noted": "2 2 true true 0.5", "detractor": "0 6 false true 0"}, rules)
	severities := ""
	for _, one := range got.GetSeverities() {
		severities += fmt.Sprintln(one.GetSeverity(), one.GetAlertsADay().GetDraft(), one.GetAlertsADay().GetCurrent())
	}
	require.Equal(t, "CRITICAL 1 0\nHIGH 0 1.5\nLOW 0.5 0.5\n", severities)
	// Draft: customers 1, 4, 1 again. In force: 1, 2, 4, 1 again, 5.
	require.True(t, proto.Equal(&alertingv1.Pair{Draft: 0.75, Current: 1.25}, got.GetCallbacksADay()))
	require.Len(t, got.GetQueues(), 2)
	q, vip := got.GetQueues()[0], got.GetQueues()[1]
	require.Equal(t, "q", q.GetQueue())
	require.Equal(t, 4*time.Hour, q.GetStaffing().GetTarget().AsDuration())
	require.Nil(t, vip.GetStaffing().GetTarget())
	require.Nil(t, vip.GetDraft().WithinTarget)
	require.InDelta(t, 1.25/8/6, q.GetCurrent().GetUtilisation(), 1e-9)
	require.Len(t, got.GetExamples(), 1, "the draft alone would have called nobody")
	require.True(t, proto.Equal(&alertingv1.Example{CustomerKey: key(2), Rule: "detractor"}, got.GetExamples()[0]))
}

func TestARehearsalOfNothing(t *testing.T) {
	t.Parallel()
	got := New(Plan{Draft: load(t, furious), Current: load(t, detractors)}).Report()
	require.Equal(t, 1.0, got.GetDays())
	require.Nil(t, got.GetFrom())
	require.Nil(t, got.GetQueues()[0].GetDraft(), "without agents nothing is said of waiting")
}

func TestARuleThatFailsIsCounted(t *testing.T) {
	t.Parallel()
	r := New(Plan{Draft: load(t, "  - {name: broken, when: \"response.answers[9].value > 1.0\"}\n"), Current: load(t, detractors)})
	r.Take(answer(1, 1, monday, 2))
	require.Equal(t, 1.0, r.Report().GetRules()[0].GetFailures().GetDraft())
}

// With more customers than can be kept in mind the counts are estimates: within a tenth
// here, and with a bound on memory.
func TestTooManyCustomersAreEstimated(t *testing.T) {
	t.Parallel()
	const n = 40_000
	r := New(Plan{Draft: load(t, furious), Current: load(t, detractors), MostCustomers: 4000})
	for i := range n {
		r.Take(answer(i, i, monday, float64(i%4))) // 0, 1 and 2 by both, 3 by those in force
	}
	got := r.Report()
	require.LessOrEqual(t, len(r.customers.byKey), 4000)
	require.True(t, got.GetCustomers().GetEstimated())
	require.InEpsilon(t, 3*n/4, got.GetCustomers().GetBoth(), 0.1)
	require.InEpsilon(t, n/4, got.GetCustomers().GetOnlyCurrent(), 0.1)
	require.Zero(t, got.GetCustomers().GetOnlyDraft())
	require.InEpsilon(t, n, got.GetCallbacksADay().GetCurrent(), 0.1)
	require.Equal(t, n*1.0, got.GetRules()[1].GetAlerts().GetCurrent(), "alerts are counted")
}

// Erlang C, against values that are known: 0.8 Erlangs of one line each, tables of 10
// Erlangs on 12 lines.
func TestLoad(t *testing.T) {
	t.Parallel()
	p, spare, ok := line{arrivals: 0.8, pace: 1, agents: 1}.wait()
	require.True(t, ok)
	require.InDelta(t, 0.8, p, 1e-12, "with one server, who waits is who finds it busy")
	require.InDelta(t, 0.2, spare, 1e-12)
	p, _, _ = line{arrivals: 1.5, pace: 1, agents: 2}.wait()
	require.InDelta(t, 0.642857, p, 1e-6, "M/M/2: 2r²/(1+r) with r = 0.75")
	p, _, _ = line{arrivals: 100, pace: 10, agents: 12}.wait()
	require.InDelta(t, 0.4493, p, 1e-3)
	_, _, ok = line{arrivals: 2, pace: 1, agents: 2}.wait()
	require.False(t, ok)
	require.InDelta(t, 1-0.8*math.Exp(-0.2*5), line{arrivals: 0.8, pace: 1, agents: 1}.within(5), 1e-12)
	require.EqualValues(t, 3, line{arrivals: 2, pace: 1, agents: 9}.needed(0))
	require.EqualValues(t, 1, line{pace: 1, agents: 9}.needed(1))

	s := staffing{&alertingv1.Staffing{Agents: 2, CallbacksAnHour: 3, HoursADay: 10}}
	steady := s.load(45, time.Hour)
	require.InDelta(t, 0.75, steady.GetUtilisation(), 1e-9)
	require.Zero(t, steady.GetGrowthADay())
	require.InDelta(t, 0.642857/1.5, steady.GetMeanWait().AsDuration().Hours(), 1e-3)
	require.InDelta(t, 1-0.642857*math.Exp(-1.5), steady.GetWithinTarget(), 1e-5)
	over := s.load(75, time.Hour)
	require.Nil(t, over.GetMeanWait())
	require.Equal(t, 15.0, over.GetGrowthADay())
	require.Zero(t, over.GetWithinTarget())
	require.EqualValues(t, 4, over.GetAgentsNeeded())
	require.Nil(t, staffing{}.load(3, 0))
	require.Nil(t, staffing{&alertingv1.Staffing{Agents: 3}}.load(3, 0))
}
