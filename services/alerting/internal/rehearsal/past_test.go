package rehearsal

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/history"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

func whole(t *testing.T, text string) *rule.Set {
	t.Helper()
	set, err := rule.Load("test.yaml", []byte(text), rule.Options{})
	require.NoError(t, err)
	return set
}

// from gives an event the moment of the first revision.
func from(first time.Time, e *eventsv1.ResponseScored) *eventsv1.ResponseScored {
	e.Received.FirstReceivedAt = timestamppb.New(first)
	return e
}

func perRule(r *alertingv1.RehearsalReport) map[string]string {
	out := map[string]string{}
	for _, one := range r.GetRules() {
		out[one.GetRule()] = fmt.Sprint(one.GetAlerts().GetDraft(), " ", one.GetAlerts().GetCurrent())
	}
	return out
}

// Each side sees the callbacks that it would have opened itself, as of the first answer, and
// holds back whom it would have called lately.
func TestASideSeesItsOwnCallbacks(t *testing.T) {
	t.Parallel()
	const bad = "  - {name: bad, when: nps.class == Class.DETRACTOR, callback: {queue: q, priority: 5}}\n"
	const awful = "  - {name: awful, when: \"has(nps.metric) && nps.value < 1.0\", severity: critical, callback: {queue: q, priority: 9}}\n"
	const asks = "  - {name: again, when: nps.class == Class.DETRACTOR && history.called_within(7)}\n" +
		"  - {name: while_open, when: nps.class == Class.DETRACTOR && history.open_callback}\n" +
		"  - {name: settled, when: \"history.last_callback.outcome == 'resolved' && history.callbacks == 1\"}\n"
	r := New(Plan{
		Draft:   whole(t, "version: d\ncontact: {not_again_within: 7d}\nrules:\n"+bad+awful+asks),
		Current: whole(t, "version: c\nrules:\n"+bad+awful+asks),
	})
	hour := func(n int) time.Time { return monday.Add(time.Duration(n) * time.Hour) }
	r.Take(from(hour(0), answer(10, 1, hour(0), 3)))            // both call; open until 24
	r.Take(from(hour(0), answer(10, 1, hour(30), 3, 3)))        // its own call is not in its history
	r.Take(from(hour(1), answer(10, 2, hour(1), 3)))            // open
	r.Take(from(hour(48), answer(10, 3, hour(48), 3)))          // draft: held back; in force: the second call, until 72
	r.Take(from(hour(49), answer(10, 4, hour(49), 0)))          // draft: worse, the second call; in force: joins
	r.Take(from(hour(0), answer(10, 1, hour(100), 3, 3, 10)))   // resolves, and is nothing new
	r.Take(from(hour(24*11), answer(10, 5, hour(24*11), 3)))    // after seven days: both call again
	r.Take(from(hour(24*20), answer(20, 6, hour(24*20), 9)))    // somebody else, who was never called
	r.Take(from(hour(24*20), answer(20, 6, hour(24*20), 9, 5))) // called for what they correct

	got := r.Report()
	require.Equal(t, 20.0, got.GetDays())
	require.Equal(t, map[string]string{"bad": "6 6", "awful": "1 1", "again": "2 2", "while_open": "1 2", "settled": "2 1"}, perRule(got))
	require.InDelta(t, 4.0/20, got.GetCallbacksADay().GetDraft(), 1e-9)
	require.InDelta(t, 4.0/20, got.GetCallbacksADay().GetCurrent(), 1e-9)
	require.InDelta(t, 2.0/20, got.GetHeldBackADay().GetDraft(), 1e-9)
	require.Zero(t, got.GetHeldBackADay().GetCurrent())
}

// Answers of before count for what rules look back on, and for nothing else.
func TestARehearsalLooksBack(t *testing.T) {
	t.Parallel()
	r := New(Plan{
		Draft:   load(t, "  - {name: third, when: \"history.answers(30).filter(a, a.class == Class.DETRACTOR).size() >= 2\"}\n"),
		Current: load(t, noted),
	})
	require.Equal(t, history.Span(30), r.plan.Reach())
	day := func(n int) time.Time { return monday.AddDate(0, 0, n) }
	r.Look(&eventsv1.ResponseScored{})
	r.Look(from(day(-29), answer(10, 1, day(-29), 2)))
	r.Look(from(day(-10), answer(10, 2, day(-10), 2)))
	r.Take(from(day(0), answer(10, 3, day(0), 2)))
	r.Take(from(day(0), answer(20, 4, day(0), 2)))
	r.Take(from(day(5), answer(10, 5, day(5), 9))) // the first is too long ago; two are left
	r.Take(from(day(30), answer(10, 6, day(30), 9)))
	got := r.Report()
	require.EqualValues(t, 4, got.GetAnswers())
	require.Equal(t, map[string]string{"third": "2 0", "noted": "0 2"}, perRule(got))
}

func TestARehearsalCallsNobodyOnTheList(t *testing.T) {
	t.Parallel()
	listed := map[string]bool{key(1): true, key(9): true}
	r := New(Plan{
		Draft:   load(t, detractors+"  - {name: write, when: nps.class == Class.DETRACTOR && history.do_not_call}\n"),
		Current: load(t, detractors),
		Listed: func(keys ...string) bool {
			for _, k := range keys {
				if listed[k] {
					return true
				}
			}
			return false
		},
	})
	r.Take(answer(1, 1, monday, 2))
	alias := answer(2, 2, monday, 2)
	alias.Received.AliasKeys = []string{key(8), key(9)}
	r.Take(alias)
	r.Take(answer(3, 3, monday, 2))
	got := r.Report()
	require.Equal(t, map[string]string{"detractor": "3 3", "write": "2 0"}, perRule(got))
	require.Equal(t, 1.0, got.GetCallbacksADay().GetDraft())
	require.Equal(t, 2.0, got.GetDoNotCallADay().GetDraft())
	require.Equal(t, 2.0, got.GetDoNotCallADay().GetCurrent())
	require.EqualValues(t, 1, got.GetCustomers().GetBoth())
}
