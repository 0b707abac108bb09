package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/matcher"
	"github.com/rappel-loop/rappel/services/alerting/internal/plan"
	"github.com/rappel-loop/rappel/services/internal/calendar"
)

var start = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// world is alerts and what people were told of them, moved by hand.
type world struct {
	t        *testing.T
	cfg      *plan.Config
	now      time.Time
	alerts   []*eventsv1.AlertState
	silences []plan.Silence
	told     map[string]*eventsv1.GroupState
	log      []string
	stored   func(p plan.Planned, e *eventsv1.GroupNotified)
}

func newWorld(t *testing.T, cfg *plan.Config) *world {
	return &world{t: t, cfg: cfg, now: start, told: map[string]*eventsv1.GroupState{}}
}

func match(t *testing.T, texts ...string) matcher.All {
	t.Helper()
	all, err := matcher.ParseAll(texts)
	require.NoError(t, err)
	return all
}

func route(name string, receivers ...string) *plan.Route {
	return &plan.Route{Name: name, Receivers: receivers, GroupBy: []string{"theme"}, Wait: 30 * time.Second, Interval: 5 * time.Minute, Repeat: 4 * time.Hour, SendResolved: true}
}

func (w *world) find(id string) *eventsv1.AlertState {
	for _, a := range w.alerts {
		if a.GetId() == id {
			return a
		}
	}
	return nil
}

// raise raises an alert, or raises it anew.
func (w *world) raise(id string, labels ...string) {
	a := w.find(id)
	if a == nil {
		a = &eventsv1.AlertState{Id: id, Notify: true, Labels: map[string]string{}}
		for _, l := range labels {
			k, v, _ := strings.Cut(l, "=")
			a.Labels[k] = v
		}
		w.alerts = append(w.alerts, a)
	}
	a.Episode++
	a.State, a.Unacknowledged, a.RaisedAt = eventsv1.AlertState_FIRING, 0, timestamppb.New(w.now)
}

func (w *world) ack(id string) { w.find(id).State = eventsv1.AlertState_ACKNOWLEDGED }

func (w *world) unack(id string) {
	a := w.find(id)
	a.State = eventsv1.AlertState_FIRING
	a.Unacknowledged++
}

func (w *world) resolve(id string) { w.find(id).State = eventsv1.AlertState_RESOLVED }

func (w *world) silence(id string, from, to time.Duration, m ...string) {
	w.silences = append(w.silences, plan.Silence{ID: id, Match: match(w.t, m...), Window: calendar.Slots(calendar.Span{From: start.Add(from), To: start.Add(to)})})
}

// step does what is due now and returns when to look again.
func (w *world) step() (next time.Time) {
	w.t.Helper()
	for range 3 {
		next = time.Time{}
		idle := true
		for _, p := range plan.Plan(w.cfg, w.alerts, w.silences, w.told, w.now) {
			if e := p.Verdict.Store; e != nil {
				idle = false
				w.told[p.Group.Key] = e.GetGroup()
				w.note(e)
				if w.stored != nil {
					w.stored(p, e)
				}
				continue
			}
			if n := p.Verdict.Next; !n.IsZero() && (next.IsZero() || n.Before(next)) {
				require.True(w.t, n.After(w.now), "it would look again at once")
				next = n
			}
		}
		if idle {
			return next
		}
	}
	require.Fail(w.t, "it never comes to rest")
	return next
}

// note writes down who was told what.
func (w *world) note(e *eventsv1.GroupNotified) {
	n := e.GetNotification()
	if n == nil {
		require.Empty(w.t, e.GetReceivers())
		return
	}
	ids := func(alerts []*eventsv1.AlertState) string {
		var all []string
		for _, a := range alerts {
			all = append(all, a.GetId())
		}
		slices.Sort(all)
		return strings.Join(all, ",")
	}
	line := fmt.Sprintf("%s %s %s", w.now.Sub(start), strings.Join(e.GetReceivers(), ","), n.GetKind())
	if n.GetStep() > 0 {
		line += fmt.Sprintf(" step %d round %d", n.GetStep(), e.GetGroup().GetRound())
	}
	if len(n.GetFiring()) > 0 {
		line += " firing " + ids(n.GetFiring())
	}
	if len(n.GetResolved()) > 0 {
		line += " resolved " + ids(n.GetResolved())
	}
	w.log = append(w.log, line)
}

// until lets time pass, and does what is due when it is.
func (w *world) until(d time.Duration) {
	w.t.Helper()
	for end := start.Add(d); ; {
		next := w.step()
		if next.IsZero() || next.After(end) {
			w.now = end
			w.step()
			return
		}
		w.now = next
	}
}

// told checks all that people were told.
func (w *world) expect(lines ...string) {
	w.t.Helper()
	require.Equal(w.t, strings.Join(lines, "\n"), strings.Join(w.log, "\n"))
}
