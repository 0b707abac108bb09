package rehearsal

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/alert"
	"github.com/rappel-loop/rappel/services/alerting/internal/fallback"
	"github.com/rappel-loop/rappel/services/alerting/internal/history"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

const (
	bad   = "  - {name: bad, when: nps.class == Class.DETRACTOR, severity: low, callback: {queue: q, priority: 5, skills: [a]}, fallback: full}\n"
	worst = "  - {name: worst, when: \"has(nps.metric) && nps.value <= 0.0\", severity: critical, callback: {queue: q, priority: 9}}\n"
	full  = "fallbacks:\n  - {name: full, queue: q, begins_above: %s, ends_below: 1h, %s}\n"
	bar   = "raise_bar: {severity: high}"
)

// twoAgents finish 6 an hour between them when they work, and 1.75 an hour by day and night.
func twoAgents() Staffing {
	return Staffing{"q": {Agents: 2, CallbacksAnHour: 3, HoursADay: 7, OpenFor: durationpb.New(time.Hour)}}
}

func falling(t *testing.T, rules, above, does string) *rule.Set {
	t.Helper()
	return whole(t, "version: f\nrules:\n"+rules+fmt.Sprintf(full, above, does))
}

func clockTime(h, m int) time.Time {
	return monday.Add(time.Duration(h-8)*time.Hour + time.Duration(m)*time.Minute)
}

// burst is of 20 customers at eight, whose predicted wait is 19/6 of an hour. A fallback that
// begins above 2h begins at 8:06, as it has held for five minutes since the look at 8:01; and
// as 13 have to be worked before the wait is below 1h, which takes 7h 25m 43s, it ends at
// 15:31.
func burst(r *Rehearsal) {
	for i := range 20 {
		r.Take(answer(i, i, monday, 3))
	}
}

func bursting(t *testing.T, does string) *Rehearsal {
	t.Helper()
	r := New(Plan{Draft: falling(t, bad+worst, "2h", does), Current: load(t, worst), Staffing: twoAgents()})
	burst(r)
	return r
}

func TestAFallbackComesAndGoesInARehearsal(t *testing.T) {
	t.Parallel()
	both := func() *alertingv1.RehearsalReport {
		r := New(Plan{Draft: falling(t, bad, "2h", bar), Current: falling(t, bad, "5h", bar), Staffing: twoAgents(), Until: clockTime(18, 0)})
		burst(r)
		r.Take(answer(100, 100, clockTime(8, 5), 3)) // it holds for four minutes yet
		for i := range 5 {
			r.Take(answer(200+i, 200+i, clockTime(8, 10), 3))
		}
		r.Take(answer(0, 300, clockTime(8, 11), 3)) // has one open: nobody more to call
		r.Take(answer(400, 400, clockTime(16, 30), 3))
		return r.Report()
	}
	got := both()
	require.Len(t, got.GetFallbacks(), 1)
	one := got.GetFallbacks()[0]
	require.Equal(t, "full", one.GetFallback())
	// One more than in the burst: 14 to be worked take 8h.
	require.EqualValues(t, 1, one.GetDraft().GetBegan())
	require.Equal(t, clockTime(8, 6), one.GetDraft().GetFirst()[0].GetFrom().AsTime())
	require.WithinRange(t, one.GetDraft().GetFirst()[0].GetTo().AsTime(), clockTime(16, 5), clockTime(16, 6))
	require.Equal(t, one.GetDraft().GetFirst()[0].GetTo().AsTime().Sub(clockTime(8, 6)), one.GetDraft().GetApplied().AsDuration())
	require.InDelta(t, one.GetDraft().GetApplied().AsDuration().Hours()/10, one.GetDraft().GetShare(), 1e-9)
	require.Equal(t, 5.0, one.GetDraft().GetHeldBackADay())
	require.Zero(t, one.GetDraft().GetElsewhereADay())
	require.Equal(t, 22.0, got.GetCallbacksADay().GetDraft(), "held back is not opened")
	// With those in force the wait is 25/6 of an hour at most.
	require.True(t, proto.Equal(&alertingv1.FallbackCourse{Queue: "q", Applied: &durationpb.Duration{}}, one.GetCurrent()), one.GetCurrent())
	require.Equal(t, 27.0, got.GetCallbacksADay().GetCurrent())
	require.Equal(t, map[string]string{"bad": "28 28"}, perRule(got), "alerts are raised all the same")
	require.True(t, proto.Equal(got, both()), "the same answers, the same report")
}

func TestWhenAFallbackBeginsAndEndsInARehearsal(t *testing.T) {
	t.Parallel()
	r := bursting(t, bar)
	r.Take(answer(500, 500, clockTime(8, 6), 3))   // it begins with the minute
	r.Take(answer(501, 501, clockTime(15, 30), 3)) // below the bound since 15:25:43; not for five minutes yet
	r.Take(answer(502, 502, clockTime(15, 31), 3))
	got := r.Report().GetFallbacks()[0]
	require.Nil(t, got.GetCurrent())
	require.Equal(t, 2.0, got.GetDraft().GetHeldBackADay())
	require.Equal(t, clockTime(15, 31), got.GetDraft().GetFirst()[0].GetTo().AsTime())
	require.Equal(t, 7*time.Hour+25*time.Minute, got.GetDraft().GetApplied().AsDuration())
	require.InDelta(t, 445.0/451, got.GetDraft().GetShare(), 1e-9)

	open := bursting(t, bar)
	open.Take(answer(500, 500, clockTime(9, 6), 3))
	course := open.Report().GetFallbacks()[0].GetDraft()
	require.Nil(t, course.GetFirst()[0].GetTo(), "it applies yet")
	require.Equal(t, time.Hour, course.GetApplied().AsDuration())
}

func TestAFallbackSendsElsewhereInARehearsal(t *testing.T) {
	t.Parallel()
	r := bursting(t, "widen: {queue: spare}, first_attempt_within: 48h")
	for i := range 3 {
		r.Take(answer(500+i, 500+i, clockTime(9, 0), 3))
	}
	r.Take(answer(600, 600, clockTime(9, 0), 0)) // worst names no fallback, and joins
	got := r.Report()
	require.Equal(t, 4.0, got.GetFallbacks()[0].GetDraft().GetElsewhereADay())
	require.Zero(t, got.GetFallbacks()[0].GetDraft().GetHeldBackADay())
	queues := map[string]string{}
	for _, q := range got.GetQueues() {
		queues[q.GetQueue()] = fmt.Sprint(q.GetCallbacksADay().GetDraft(), " ", q.GetStaffing().GetTarget().AsDuration())
	}
	require.Equal(t, map[string]string{"q": "20 0s", "spare": "4 48h0m0s"}, queues)

	r = New(Plan{Draft: falling(t, bad, "9h", "widen: {queue: spare}"), Current: load(t, worst), Staffing: twoAgents()})
	burst(r)
	require.Len(t, r.Report().GetQueues(), 1, "none was sent there")
}

// Where it is not known who works, nothing is known of the wait.
func TestAQueueOfUnknownStaffingHasNoFallback(t *testing.T) {
	t.Parallel()
	for _, s := range []Staffing{nil, {"": {Agents: 2}}, {"": {CallbacksAnHour: 3}}, {"other": {Agents: 1, CallbacksAnHour: 1}}} {
		r := New(Plan{Draft: load(t, worst), Current: falling(t, bad, "2h", "also_when_unstaffed: true, "+bar), Staffing: s})
		burst(r)
		r.Take(answer(500, 500, clockTime(12, 0), 3))
		got := r.Report()
		require.Equal(t, 21.0, got.GetCallbacksADay().GetCurrent())
		require.True(t, proto.Equal(&alertingv1.FallbackRehearsed{
			Fallback: "full", Current: &alertingv1.FallbackCourse{Queue: "q", Unknown: true, Applied: &durationpb.Duration{}},
		}, got.GetFallbacks()[0]), got.GetFallbacks())
	}
	r := New(Plan{Draft: falling(t, bad, "2h", bar), Current: load(t, worst), Staffing: twoAgents(), Until: clockTime(12, 0)})
	require.Zero(t, r.Report().GetFallbacks()[0].GetDraft().GetBegan(), "nor has one without answers")
}

// Those who were held back are called when it ends; not who has taken it back, or was spoken to
// meanwhile, or has a callback open.
func TestCallsAfterwardsInARehearsal(t *testing.T) {
	t.Parallel()
	r := New(Plan{
		Draft:   whole(t, "version: f\ncontact: {not_again_within: 7d}\nrules:\n"+bad+worst+fmt.Sprintf(full, "2h", bar+", afterwards: call")),
		Current: load(t, worst), Staffing: twoAgents(), Until: clockTime(20, 0),
	})
	burst(r)
	r.Take(answer(500, 500, clockTime(9, 0), 3))
	r.Take(answer(501, 501, clockTime(9, 0), 3))
	r.Take(answer(501, 501, clockTime(9, 10), 3, 9))    // takes it back
	r.Take(answer(502, 502, clockTime(9, 0), 3))        //
	r.Take(answer(502, 503, clockTime(9, 20), 0))       // is called for what is worse, until 10:20
	r.Take(answer(504, 504, clockTime(9, 0), 3))        //
	r.Take(answer(504, 504, clockTime(9, 30), 3, 4))    // is held back as before
	r.Take(answer(505, 505, clockTime(15, 49), 3))      //
	r.Take(answer(505, 506, clockTime(15, 50), 0))      // has one open when it ends at 16:40
	r.Take(answer(507, 507, clockTime(18, 0), 3))       // after it
	r.Take(answer(507, 507, clockTime(18, 30), 3, 3))   // nothing new
	r.Take(answer(504, 504, clockTime(18, 0), 3, 4, 5)) // was called by then
	got := r.Report()
	course := got.GetFallbacks()[0].GetDraft()
	require.EqualValues(t, 1, course.GetBegan())
	require.Equal(t, 5.0, course.GetHeldBackADay())
	require.Equal(t, 2.0, course.GetAfterwardsADay(), "500 and 504")
	require.Equal(t, 20+2+1+2.0, got.GetCallbacksADay().GetDraft())
	require.Empty(t, r.sides[draft].fallbacks.held)
}

// What its end finds too late is not called for: an alert whose time is over, and what was held
// back for more than a day. What another fallback holds back by then waits for that one's end.
func TestCallsAfterwardsHaveTheirTime(t *testing.T) {
	t.Parallel()
	rules := strings.Replace(bad, "fallback: full", "fallback: [full, slow]", 1) +
		"  - {name: short, when: \"has(nps.metric) && nps.value == 2.0\", severity: low, resolves_after: 3h, callback: {queue: q, priority: 5}, fallback: full}\n"
	r := New(Plan{
		Draft:   falling(t, rules, "2h", bar+", afterwards: call}\n  - {name: slow, queue: q, begins_above: 3h, ends_below: 30m, raise_bar: {severity: high}, afterwards: call"),
		Current: load(t, worst), Staffing: twoAgents(), Until: clockTime(40, 0),
	})
	burst(r)
	for i, at := range []time.Time{clockTime(10, 0), clockTime(14, 0)} {
		r.Take(answer(500+i, 500+i, at, 2))
	}
	r.Take(answer(502, 502, clockTime(14, 0), 3))
	got := r.Report().GetFallbacks()
	first, slow := got[0].GetDraft(), got[1].GetDraft()
	require.Equal(t, clockTime(15, 31), first.GetFirst()[0].GetTo().AsTime())
	// Of 501 the rule that names only the first calls at its end; of 500 it is too late.
	require.Equal(t, 1.0, first.GetAfterwardsADay())
	// The other ends when less than 4 are left of 7.85 then. What it held back on is called for,
	// again of 501, too: no contact keeps it from that.
	require.Equal(t, clockTime(17, 48), slow.GetFirst()[0].GetTo().AsTime())
	require.Equal(t, 3.0, slow.GetAfterwardsADay())
	require.Equal(t, 3.0, first.GetHeldBackADay())

	late := New(Plan{
		Draft: falling(t, bad, "2h", bar+", afterwards: call"), Current: load(t, worst), Staffing: twoAgents(), Until: monday.AddDate(0, 0, 30),
	})
	for i := range 100 { // 93 are worked in 53 hours
		late.Take(answer(i, i, monday, 3))
	}
	late.Take(answer(500, 500, clockTime(9, 0), 3))
	late.Take(answer(501, 501, clockTime(8+40, 0), 3))
	require.Equal(t, 1/late.days(), late.Report().GetFallbacks()[0].GetDraft().GetAfterwardsADay())
}

// Without calls afterwards who was held back is called for a later revision, as live.
func TestALaterRevisionAsksAgain(t *testing.T) {
	t.Parallel()
	r := bursting(t, bar)
	r.Take(answer(500, 500, clockTime(9, 0), 3))
	r.Take(answer(500, 500, clockTime(16, 0), 3, 4))
	r.Take(answer(500, 500, clockTime(16, 10), 3, 4, 4))
	r.Take(answer(501, 501, clockTime(16, 20), 9, 9))
	got := r.Report()
	require.Equal(t, 21.0, got.GetCallbacksADay().GetDraft())
	require.Equal(t, 1.0, got.GetFallbacks()[0].GetDraft().GetHeldBackADay())
	require.Empty(t, r.sides[draft].fallbacks.held)
}

func raisedBy(n int) *eventsv1.AlertRaised {
	return &eventsv1.AlertRaised{Rule: "bad", Scored: brief(answer(n, n, monday, 3))}
}

// What is held back is kept in mind as long as it may be asked for, and no more than so much.
func TestWhatIsHeldBackIsBounded(t *testing.T) {
	t.Parallel()
	f := newFallbacks(falling(t, bad, "2h", bar), twoAgents())
	for i := range alert.MostHeld + 7 {
		f.now = monday.Add(time.Duration(i) * time.Second)
		f.hold(f.all[0], raisedBy(i))
	}
	require.Len(t, f.held, alert.MostHeld)
	f.now = monday.Add(alert.HeldFor + (7+99)*time.Second)
	f.trim(f.all[0])
	require.Len(t, f.held, alert.MostHeld-99)
	require.Len(t, f.all[0].held, alert.MostHeld-99)
}

// What comes again and is held back as before is not held back twice.
func TestARevisionTakesNoOthersPlace(t *testing.T) {
	t.Parallel()
	f := newFallbacks(falling(t, bad, "2h", bar), twoAgents())
	f.now = monday
	for i := range alert.MostHeld {
		f.hold(f.all[0], raisedBy(i))
	}
	for i := range 2 * alert.MostHeld {
		again := raisedBy(alert.MostHeld - 1 - i%10)
		f.letGo(f.held[history.Response(again.GetScored())][0])
		f.hold(f.all[0], again)
	}
	require.Len(t, f.held, alert.MostHeld)
	require.Less(t, len(f.all[0].held), 2*alert.MostHeld, "what is gone is forgotten")
	f.hold(f.all[0], raisedBy(alert.MostHeld))
	require.Len(t, f.held, alert.MostHeld)
	require.NotContains(t, f.held, history.Response(raisedBy(0).GetScored()), "the oldest")
}

// A revision may say who they are by other keys.
func TestWhoIsOnTheListIsNotCalledForARevision(t *testing.T) {
	t.Parallel()
	for _, does := range []string{bar, bar + ", afterwards: call"} {
		r := New(Plan{
			Draft: falling(t, bad, "2h", does), Current: load(t, worst), Staffing: twoAgents(), Until: clockTime(18, 0),
			Listed: func(keys ...string) bool { return slices.Contains(keys, key(900)) },
		})
		burst(r)
		r.Take(answer(500, 500, clockTime(9, 0), 3))
		again := answer(500, 500, clockTime(16, 0), 3, 4)
		if r.sides[draft].fallbacks.all[0].CallAfterwards {
			again = answer(500, 500, clockTime(10, 0), 3, 4) // while it is held back
		}
		again.Received.AliasKeys = []string{key(900)}
		r.Take(again)
		require.Equal(t, 20.0, r.Report().GetCallbacksADay().GetDraft(), does)
	}
}

// A gap costs a few looks, and looks that are left out change nothing.
func TestLooksThatAreLeftOutChangeNothing(t *testing.T) {
	t.Parallel()
	const names = "fallbacks:\n" +
		"  - {name: a, queue: q, begins_above: 2h, ends_below: 1h, raise_bar: {severity: high}}\n" +
		"  - {name: b, queue: q, begins_above: 5h, ends_below: 30m, for: 1h, raise_bar: {severity: high}}\n" +
		"  - {name: c, queue: r, begins_above: 1h, ends_below: 20m, for: 1m, raise_bar: {severity: high}}\n"
	set := whole(t, "version: f\nrules:\n  - {name: x, when: nps.class == Class.DETRACTOR, callback: {queue: q, priority: 1}, fallback: [a, b, c]}\n"+names)
	who := Staffing{"": {Agents: 3, CallbacksAnHour: 2}}
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // a test's
		fast, slow := newFallbacks(set, who), newFallbacks(set, who)
		fast.next, slow.next = monday.Add(lookEvery), monday.Add(lookEvery)
		at, looks := monday, 0
		for range 200 {
			at = at.Add(time.Duration(random.ExpFloat64() * float64(time.Hour)))
			for ; !fast.next.After(at); fast.next = fast.after(fast.next, at) {
				fast.look(fast.next)
				looks++
			}
			for ; !slow.next.After(at); slow.next = slow.next.Add(lookEvery) {
				slow.look(slow.next)
			}
			fast.now, slow.now = at, at
			for _, queue := range []string{"q", "r"} {
				n := random.Uint64N(6)
				fast.opened(queue, n)
				slow.opened(queue, n)
			}
		}
		for i, c := range fast.all {
			require.Equal(t, slow.all[i].began, c.began)
			require.Equal(t, slow.all[i].applied, c.applied)
			require.Equal(t, slow.all[i].state.Active, c.state.Active)
		}
		require.Less(t, looks, int(at.Sub(monday)/lookEvery)*3/4)
	}
}

func TestALongGapCostsAFewLooks(t *testing.T) {
	t.Parallel()
	f := newFallbacks(falling(t, bad, "2h", bar), twoAgents())
	f.next = monday.Add(lookEvery)
	f.now = monday
	f.opened("q", 1_000_000)
	looks, end := 0, monday.AddDate(200, 0, 0)
	for ; !f.next.After(end); f.next = f.after(f.next, end) {
		f.look(f.next)
		looks++
	}
	require.Less(t, looks, 20)
	require.EqualValues(t, 1, f.all[0].began)
	require.False(t, f.all[0].state.Active)
	require.InDelta(t, (1_000_000-7)/1.75, f.all[0].applied.Hours(), 0.1)
	require.Equal(t, end.Add(lookEvery), f.next)
}

// The callback queue's: (ready + 1) × the time one takes / agents; none while one is free.
func TestTheWaitIsPredictedAsLive(t *testing.T) {
	t.Parallel()
	for in, want := range map[float64]time.Duration{
		0: 0, 1.9: 0, 2: 10 * time.Minute, 3: 20 * time.Minute, 20: 190 * time.Minute,
	} {
		b := &backlog{staffing: staffing{twoAgents()["q"]}, callbacks: in}
		require.InDelta(t, want.Seconds(), b.wait().Seconds(), 1e-3, in)
		require.InDelta(t, max(0, in-7)/1.75, b.shorterIn(time.Hour), 1e-9)
	}
	endless := &backlog{staffing: staffing{&alertingv1.Staffing{Agents: 1, CallbacksAnHour: 1e-300}}, callbacks: 1e9}
	require.Positive(t, endless.wait())
	require.True(t, fallback.State{}.Leans(&rule.Fallback{BeginsAbove: 720 * time.Hour}, fallback.Reading{Knowledge: fallback.Known, Wait: endless.wait()}))
}
