package planner

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/matcher"
	"github.com/rappel-loop/rappel/services/alerting/internal/plan"
	"github.com/rappel-loop/rappel/services/internal/calendar"
)

var start = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// twin is an index and all that it was told, on which plan.Plan works out the same anew.
type twin struct {
	t        *testing.T
	r        *rand.Rand
	x        *index
	cfg      *plan.Config
	now      time.Time
	alerts   map[string]*eventsv1.AlertState
	silences map[string]plan.Silence
	told     map[string]*eventsv1.GroupState
	stored   int
}

func pick(t testing.TB, texts ...string) matcher.All {
	all, err := matcher.ParseAll(texts)
	require.NoError(t, err)
	return all
}

func (w *twin) config() *plan.Config {
	r := w.r
	cfg := &plan.Config{Inhibit: []*plan.Inhibition{
		{By: pick(w.t, "kind=metric"), Held: pick(w.t, "kind=response"), Equal: []string{"theme"}},
		{By: pick(w.t, "severity=high"), Held: pick(w.t, "severity=~high|low"), Equal: []string{"theme"}},
	}[:r.IntN(3)]}
	for i := range 1 + r.IntN(3) {
		rt := &plan.Route{
			Name: "r" + strconv.Itoa(r.IntN(4)) + strconv.Itoa(i), Receivers: []string{"chat"}, GroupBy: [][]string{{"theme"}, {"kind"}, {}}[r.IntN(3)],
			Wait: time.Duration(r.IntN(60)) * time.Second, Interval: time.Duration(1+r.IntN(300)) * time.Second, Repeat: time.Hour,
			SendResolved: r.IntN(2) == 0, Continue: r.IntN(2) == 0, Each: r.IntN(4) == 0,
		}
		if r.IntN(2) == 0 {
			rt.Match = pick(w.t, "severity!=low")
		}
		if r.IntN(2) == 0 {
			rt.Receivers, rt.Chain = nil, &plan.Chain{Rounds: 2, Steps: []plan.Step{{Tell: []string{"a"}, Wait: 3 * time.Minute}, {Tell: []string{"b"}, Wait: time.Minute}}}
		}
		cfg.Routes = append(cfg.Routes, rt)
	}
	return cfg
}

func (w *twin) act() {
	r := w.r
	id := "a" + strconv.Itoa(r.IntN(40))
	a := w.alerts[id]
	switch do := r.IntN(40); {
	case do == 0:
		w.cfg = w.config()
		w.x.setConfig(w.cfg)
		return
	case do < 4:
		id := "s" + strconv.Itoa(r.IntN(5))
		if _, known := w.silences[id]; known {
			delete(w.silences, id)
			w.x.setSilence(id, nil)
			return
		}
		s := plan.Silence{
			ID: id, Match: pick(w.t, [...]string{"theme=t0", "severity=low", "kind=response"}[r.IntN(3)]),
			Window: calendar.Slots(calendar.Span{From: w.now, To: w.now.Add(time.Duration(r.IntN(900)) * time.Second)}),
		}
		w.silences[id] = s
		w.x.setSilence(id, &s)
		return
	case a == nil:
		a = &eventsv1.AlertState{Id: id, Notify: r.IntN(8) > 0}
	default:
		a = proto.CloneOf(a)
	}
	a.Changes++
	switch {
	case !plan.Stands(a):
		a.Labels = map[string]string{"theme": "t" + strconv.Itoa(r.IntN(3)), "kind": [...]string{"metric", "response"}[r.IntN(2)], "severity": [...]string{"low", "high", "medium"}[r.IntN(3)]}
		a.State, a.RaisedAt, a.Unacknowledged = eventsv1.AlertState_FIRING, timestamppb.New(w.now), 0
		a.Episode++
	case r.IntN(2) == 0:
		a.State = eventsv1.AlertState_RESOLVED
	case r.IntN(5) == 0:
		a.Labels["theme"] = "t" + strconv.Itoa(r.IntN(3)) // a later revision speaks of something else
	case a.GetState() == eventsv1.AlertState_FIRING:
		a.State = eventsv1.AlertState_ACKNOWLEDGED
	default:
		a.State = eventsv1.AlertState_FIRING
		a.Unacknowledged++
	}
	w.alerts[id] = a
	w.x.setAlert(a)
}

// planned is what is to be stored by the one that works everything out anew.
func (w *twin) planned() (store map[string]*eventsv1.GroupNotified, next time.Time) {
	store = map[string]*eventsv1.GroupNotified{}
	for _, p := range plan.Plan(w.cfg, slices.Collect(maps.Values(w.alerts)), slices.Collect(maps.Values(w.silences)), w.told, w.now) {
		switch n := p.Verdict.Next; {
		case p.Verdict.Store != nil:
			store[p.Group.Key] = p.Verdict.Store
		case !n.IsZero() && (next.IsZero() || n.Before(next)):
			next = n
		}
	}
	return store, next
}

// step stores what is due, and returns when to look again.
func (w *twin) step() time.Time {
	for range 5 {
		keys, missing := w.x.decideAll(w.now)
		for len(missing) > 0 {
			for _, id := range missing {
				w.x.found(id, w.alerts[id])
			}
			var more []string
			more, missing = w.x.decideAll(w.now)
			keys = append(keys, more...)
		}
		want, next := w.planned()
		slices.Sort(keys)
		require.Equal(w.t, slices.Sorted(maps.Keys(want)), keys)
		if len(keys) == 0 {
			return next
		}
		for _, key := range keys {
			got := w.x.decideOn(key, w.told[key], w.now)
			require.True(w.t, proto.Equal(want[key], got), "%s: %v is not %v", key, got, want[key])
			w.told[key] = got.GetGroup()
			w.x.setTold(key, got.GetGroup())
			w.stored++
		}
	}
	require.Fail(w.t, "it never comes to rest")
	return time.Time{}
}

func (w *twin) nextOfIndex() (next time.Time) {
	for _, a := range w.x.due {
		g := w.x.groups[a.key]
		if g == nil || !g.next.Equal(a.at) || len(g.member) == 0 && !w.x.told[a.key].GetOpen() {
			continue
		}
		if next.IsZero() || a.at.Before(next) {
			next = a.at
		}
	}
	return next
}

func TestTheIndexPlansWhatPlanDoes(t *testing.T) {
	t.Parallel()
	stored := 0
	for seed := range uint64(25) {
		w := &twin{t: t, r: rand.New(rand.NewPCG(seed, 3)), now: start, alerts: map[string]*eventsv1.AlertState{}, silences: map[string]plan.Silence{}, told: map[string]*eventsv1.GroupState{}}
		w.cfg = w.config()
		w.x = newIndex(w.cfg)
		for i := range 250 {
			if i == 125 { // a replica that starts in the middle
				w.x = newIndex(w.cfg)
				for id, s := range w.silences {
					w.x.setSilence(id, &s)
				}
				for key, g := range w.told {
					w.x.setTold(key, g)
				}
				for _, a := range w.alerts {
					if plan.Stands(a) {
						w.x.setAlert(a)
					}
				}
			}
			for range 1 + w.r.IntN(3) {
				w.act()
			}
			act := w.now.Add(time.Duration(w.r.IntN(400)) * time.Second)
			for {
				next := w.step()
				require.True(t, next.Equal(w.nextOfIndex()), "%s is not %s", w.nextOfIndex(), next)
				if next.IsZero() || next.After(act) {
					break
				}
				w.now = next
			}
			w.now = act
		}
		stored += w.stored
	}
	require.Greater(t, stored, 1500)
}

func TestNothingIsLeftOfWhatIsOver(t *testing.T) {
	t.Parallel()
	x := newIndex(&plan.Config{
		Routes:  []*plan.Route{{Name: "r", Receivers: []string{"chat"}, Each: true, Interval: time.Minute, Repeat: time.Hour, SendResolved: true}},
		Inhibit: []*plan.Inhibition{{By: pick(t, "a=1"), Held: pick(t, "b=1"), Equal: []string{"c"}}},
	})
	now := start
	step := func() {
		for range 3 {
			keys, missing := x.decideAll(now)
			require.Empty(t, missing)
			for _, key := range keys {
				x.setTold(key, x.decideOn(key, x.told[key], now).GetGroup())
			}
		}
	}
	silence := plan.Silence{ID: "s", Match: pick(t, "b=2"), Window: calendar.Slots(calendar.Span{From: start, To: start.Add(time.Minute)})}
	x.setSilence("s", &silence)
	for i := range 100 {
		a := &eventsv1.AlertState{Id: fmt.Sprint("a", i), Episode: 1, Notify: true, State: eventsv1.AlertState_FIRING, RaisedAt: timestamppb.New(now), Labels: map[string]string{"a": "1", "b": "1", "c": "1"}}
		x.setAlert(a)
		step()
		a = proto.CloneOf(a)
		a.State = eventsv1.AlertState_RESOLVED
		x.setAlert(a)
	}
	for range 3 {
		now = now.Add(2 * time.Minute)
		x.forgetSilences(now)
		step()
	}
	require.Empty(t, x.alerts)
	require.Empty(t, x.groups)
	require.Empty(t, x.told)
	require.Empty(t, x.knows)
	require.Empty(t, x.silences)
	require.Empty(t, x.explains[0].by)
	require.Empty(t, x.explains[0].held)
	now = now.Add(2 * time.Hour)
	step()
	require.Empty(t, x.due, "appointments that were put off go when their time comes")
}

// BenchmarkStep measures what a step costs that one alert of a hundred thousand, in ten
// thousand groups, has changed.
func BenchmarkStep(b *testing.B) {
	x := newIndex(&plan.Config{
		Routes:  []*plan.Route{{Name: "r", Receivers: []string{"chat"}, GroupBy: []string{"customer"}, Wait: time.Minute, Interval: time.Minute, Repeat: time.Hour}},
		Inhibit: []*plan.Inhibition{{By: matcher.All{}, Held: nil, Equal: []string{"metric"}}},
	})
	alert := func(n int) *eventsv1.AlertState {
		return &eventsv1.AlertState{Id: "a-" + strconv.Itoa(n), Episode: 1, Notify: true, State: eventsv1.AlertState_FIRING, RaisedAt: timestamppb.New(start), Labels: map[string]string{"customer": strconv.Itoa(n % 10_000), "theme": "price"}}
	}
	began := time.Now()
	for n := range 100_000 {
		x.setAlert(alert(n))
	}
	x.decideAll(start)
	took := time.Since(began)
	n := 0
	for b.Loop() {
		n++
		a := alert(n % 100_000)
		a.State = eventsv1.AlertState_ACKNOWLEDGED
		x.setAlert(a)
		x.decideAll(start)
	}
	b.ReportMetric(took.Seconds(), "s/start")
	began = time.Now()
	x.setConfig(x.cfg)
	x.decideAll(start)
	b.ReportMetric(time.Since(began).Seconds(), "s/other-routes")
	began = time.Now()
	s := plan.Silence{ID: "s", Match: pick(b, `theme=~"p.*e"`), Window: calendar.Slots(calendar.Span{From: start, To: start.Add(time.Hour)})}
	x.setSilence("s", &s)
	x.decideAll(start)
	b.ReportMetric(time.Since(began).Seconds(), "s/silence-of-all")
}
