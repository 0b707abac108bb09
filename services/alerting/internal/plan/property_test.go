package plan_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/plan"
	"github.com/rappel-loop/rappel/services/internal/calendar"
)

// promises checks, at every moment at which something happens, what the package promises.
type promises struct {
	*world
	r       *rand.Rand
	last    map[string]*eventsv1.GroupNotified // by group
	toldOf  map[string]map[string]bool         // group -> id/episode that was listed as firing
	ended   map[string]map[string]bool         // group -> id/episode that was listed as resolved
	since   map[string]time.Time               // route+alert key -> held back by nothing since
	tolds   int
	climbed int
}

func randomConfig(t *testing.T, r *rand.Rand) *plan.Config {
	week, err := calendar.ParseWeek(map[string][]string{"mon-sun": {"12:00-13:30"}})
	require.NoError(t, err)
	cfg := &plan.Config{Inhibit: []*plan.Inhibition{
		{By: match(t, "kind=metric"), Held: match(t, "kind=response"), Equal: []string{"theme"}},
		{By: match(t, "severity=high"), Held: match(t, "severity=~high|low"), Equal: []string{"theme", "kind"}},
	}}
	for i := range 3 {
		rt := route("r"+strconv.Itoa(i), "to"+strconv.Itoa(i))
		rt.Wait = time.Duration(r.IntN(90)) * time.Second
		rt.Interval = time.Duration(1+r.IntN(600)) * time.Second
		rt.Repeat = rt.Interval + time.Duration(r.IntN(120))*minute
		rt.SendResolved, rt.Continue, rt.Each = r.IntN(2) == 0, r.IntN(2) == 0, r.IntN(4) == 0
		if i < 2 {
			rt.Match = match(t, [...]string{"kind=metric", "severity!=low", "theme=~t1|t2"}[r.IntN(3)])
		}
		if r.IntN(2) == 0 {
			rt.Receivers = nil
			rt.Chain = &plan.Chain{Rounds: 1 + r.IntN(3)}
			for s := range 1 + r.IntN(3) {
				rt.Chain.Steps = append(rt.Chain.Steps, step(time.Duration(1+r.IntN(900))*time.Second, "step"+strconv.Itoa(s)))
			}
		}
		if r.IntN(3) == 0 {
			rt.Mute = []plan.Hours{{Name: "noon", Window: calendar.Hours{Week: week}}}
		}
		cfg.Routes = append(cfg.Routes, rt)
	}
	return cfg
}

// held says by the words of the documentation, and no index, whether an alert is held back.
func (p *promises) held(rt *plan.Route, a *eventsv1.AlertState) bool {
	for _, s := range p.silences {
		if s.Match.Pick(a.GetLabels()) && calendar.Open(s.Window, p.now) {
			return true
		}
	}
	for _, h := range rt.Mute {
		if calendar.Open(h.Window, p.now) {
			return true
		}
	}
	for _, b := range p.alerts {
		if b == a || !plan.Stands(b) || b.GetLabels()["theme"] != a.GetLabels()["theme"] {
			continue
		}
		if b.GetLabels()["kind"] == "metric" && a.GetLabels()["kind"] == "response" {
			return true
		}
		if b.GetLabels()["kind"] == a.GetLabels()["kind"] && b.GetLabels()["severity"] == "high" && a.GetLabels()["severity"] == "low" {
			return true
		}
	}
	return false
}

func episode(a *eventsv1.AlertState) string { return fmt.Sprintf("%s/%d", a.GetId(), a.GetEpisode()) }

// check is called with everything that is stored.
func (p *promises) check(g plan.Planned, e *eventsv1.GroupNotified) {
	key, n := g.Group.Key, e.GetNotification()
	if n == nil {
		require.Empty(p.t, e.GetGroup().GetFiring())
		return
	}
	p.tolds++
	require.NotEmpty(p.t, e.GetReceivers())
	if n.GetKind() == eventsv1.Notification_ESCALATED {
		p.climbed++
		require.NotNil(p.t, g.Group.Route.Chain)
		require.True(p.t, slices.ContainsFunc(n.GetFiring(), func(a *eventsv1.AlertState) bool { return a.GetState() == eventsv1.AlertState_FIRING }), "nobody looks after one")
	} else if last := p.last[key]; last != nil {
		require.GreaterOrEqual(p.t, p.now.Sub(last.GetNotification().GetAt().AsTime()), g.Group.Route.Interval, "sooner than the interval")
	}
	p.last[key] = e
	if p.toldOf[key] == nil {
		p.toldOf[key], p.ended[key] = map[string]bool{}, map[string]bool{}
	}
	for _, a := range n.GetFiring() {
		require.True(p.t, plan.Stands(a))
		require.False(p.t, p.held(g.Group.Route, a), "%s is held back", a.GetId())
		p.toldOf[key][episode(a)] = true
	}
	for _, a := range n.GetResolved() {
		require.True(p.t, g.Group.Route.SendResolved)
		require.True(p.t, p.toldOf[key][episode(a)], "nobody knew that %s stood", episode(a))
		require.False(p.t, p.ended[key][episode(a)], "the end of %s is told twice", episode(a))
		p.ended[key][episode(a)] = true
	}
	require.Equal(p.t, n.GetKind() == eventsv1.Notification_RESOLVED, len(n.GetFiring()) == 0)
	require.NotEmpty(p.t, append(n.GetFiring(), n.GetResolved()...))
}

// overdue checks that whatever stood long enough, held back by nothing, was told.
func (p *promises) overdue() {
	for _, a := range p.alerts {
		for _, rt := range p.cfg.Takers(a.GetLabels()) {
			key, _ := rt.Key(a.GetId(), a.GetLabels())
			mine := rt.Name + " " + plan.AlertKey(a)
			if a.GetState() != eventsv1.AlertState_FIRING || p.held(rt, a) {
				delete(p.since, mine)
				continue
			}
			if _, known := p.since[mine]; !known {
				p.since[mine] = p.now
			}
			if p.now.Sub(p.since[mine]) >= rt.Wait+rt.Interval {
				require.Contains(p.t, p.told[key].GetFiring(), plan.AlertKey(a), "%s stands since %s, and nobody was told", a.GetId(), p.since[mine])
			}
		}
	}
}

func (p *promises) act() {
	id := "a" + strconv.Itoa(p.r.IntN(30))
	a := p.find(id)
	switch do := p.r.IntN(10); {
	case a == nil || !plan.Stands(a) && do < 6:
		p.raise(id, "theme=t"+strconv.Itoa(p.r.IntN(3)), [...]string{"kind=metric", "kind=response", "kind=response"}[p.r.IntN(3)], [...]string{"severity=low", "severity=high", "severity=medium"}[p.r.IntN(3)])
	case do < 5 && plan.Stands(a):
		p.resolve(id)
	case do < 8 && a.GetState() == eventsv1.AlertState_FIRING:
		p.ack(id)
	case do < 8 && a.GetState() == eventsv1.AlertState_ACKNOWLEDGED:
		p.unack(id)
	case do == 9:
		from := p.now.Sub(start)
		p.silence("s"+strconv.Itoa(len(p.silences)), from, from+time.Duration(p.r.IntN(1800))*time.Second, [...]string{"theme=t0", "severity=low", "kind=metric"}[p.r.IntN(3)])
	}
}

func TestPromisesHoldWhateverHappens(t *testing.T) {
	t.Parallel()
	tolds, climbed := 0, 0
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 7))
		p := &promises{
			world: newWorld(t, randomConfig(t, r)), r: r, last: map[string]*eventsv1.GroupNotified{}, toldOf: map[string]map[string]bool{},
			ended: map[string]map[string]bool{}, since: map[string]time.Time{},
		}
		p.stored = p.check
		for range 150 {
			p.act()
			p.overdue() // what began to be held back just now is no longer owed
			act := p.now.Add(time.Duration(r.IntN(r.IntN(1200)+1)) * time.Second)
			for {
				next := p.step()
				p.overdue()
				if next.IsZero() || next.After(act) {
					break
				}
				p.now = next
				p.overdueBefore()
			}
			p.now = act
		}
		tolds, climbed = tolds+p.tolds, climbed+p.climbed
	}
	t.Logf("%d notifications, %d of them escalations", tolds, climbed)
	require.Greater(t, tolds, 2_000, "it was about something")
	require.Greater(t, climbed, 200)
}

// overdueBefore forgets who is held back from now on, before anybody is told.
func (p *promises) overdueBefore() {
	for _, a := range p.alerts {
		for _, rt := range p.cfg.Takers(a.GetLabels()) {
			if p.held(rt, a) {
				delete(p.since, rt.Name+" "+plan.AlertKey(a))
			}
		}
	}
}
