package lookout

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/movement"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// step looks once, when a window has ended and everything that was received in it is read.
// It returns errOtherRules when others are in force; what else fails is tried again.
func (l *Lookout) step(ctx context.Context) error {
	if l.deps.Rules() != l.set {
		return errOtherRules
	}
	if err := l.settle(ctx); err != nil && ctx.Err() == nil {
		l.deps.Log.Warn("the alerts of metric rules are stored later", zap.Error(err))
	}
	until := l.deps.Clock.Now().Add(-l.pace.grace)
	if !l.due(until) {
		return nil
	}
	ready, err := l.ready(ctx, until)
	l.tell(ctx, err)
	if err != nil || !ready {
		return nil //nolint:nilerr // it is tried again
	}
	if err := l.takeUp(ctx); err != nil {
		l.deps.Log.Warn("the alerts of rules that are gone are resolved later", zap.Error(err))
	}
	l.look(until)
	if err := l.settle(ctx); err != nil && ctx.Err() == nil {
		l.deps.Log.Warn("the alerts of metric rules are stored later", zap.Error(err))
	}
	return nil
}

// tell says once that figures cannot be judged, and once that they can be again.
func (l *Lookout) tell(ctx context.Context, err error) {
	switch {
	case err != nil && !l.blind && ctx.Err() == nil:
		l.deps.Log.Warn("figures are judged later: it is not known whether all is scored", zap.Error(err))
		l.blind = true
	case err == nil && l.blind:
		l.deps.Log.Info("figures are judged again")
		l.blind = false
	}
}

func (l *Lookout) due(until time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.windows.Next()
	return l.read && !next.IsZero() && !next.After(until)
}

// ready reports whether everything that was received before a moment is scored, but for what
// the scorer has in hand, and read here.
func (l *Lookout) ready(ctx context.Context, until time.Time) (bool, error) {
	given, err := l.deps.Bus.Given(ctx, topology.Scorer.Stream, topology.Scorer.Durable, until)
	if err != nil || !given {
		return false, err
	}
	l.mu.Lock()
	seen := l.seen
	l.mu.Unlock()
	return l.deps.Bus.NothingBefore(ctx, scores, seen+1, until)
}

// takeUp tells the windows which alerts stand, and resolves those whose rule is gone.
func (l *Lookout) takeUp(ctx context.Context) error {
	var errs []error
	for a := range l.deps.Alerts.Known() {
		l.mu.Lock()
		_, owed := l.owed[seriesKey(a.GetRule(), a.GetMovement().GetSeries())]
		known := owed || l.adopt(a)
		l.mu.Unlock()
		if !known && stands(a) {
			errs = append(errs, l.deps.Alerts.Resolve(ctx, a.GetRule(), a.GetMovement().GetSeries(), nil))
		}
	}
	return errors.Join(errs...)
}

// adopt tells the windows of an alert as it is stored, and reports whether its rule is there
// and has such series. Where there is no room for the series, nobody judges it: its alert is
// left to end by itself. The caller holds mu.
func (l *Lookout) adopt(a *eventsv1.AlertState) bool {
	i := slices.IndexFunc(l.set.Metrics, func(m *rule.Metric) bool { return m.Name == a.GetRule() })
	if i < 0 {
		return false
	}
	m, series := l.set.Metrics[i], a.GetMovement().GetSeries()
	values := make([]string, 0, len(m.By))
	for _, by := range m.By {
		if v, ok := series[rule.Label(by)]; ok {
			values = append(values, v)
		}
	}
	if len(values) != len(series) || len(values) != len(m.By) {
		return false
	}
	is := movement.Over
	switch {
	case stands(a):
		is = movement.Standing
	case a.GetResolution() == eventsv1.AlertState_BY_HAND:
		is = movement.PutAway
	}
	l.windows.Adopt(m.Name, values, is)
	return true
}

func stands(a *eventsv1.AlertState) bool {
	return a.GetState() == eventsv1.AlertState_FIRING || a.GetState() == eventsv1.AlertState_ACKNOWLEDGED
}

// look judges every figure whose window has ended, and notes what is to be stored.
func (l *Lookout) look(until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.windows.Look(until) {
		if r.Holds || r.Ended {
			l.owed[seriesKey(r.Metric.Name, r.Series())] = r
		}
	}
	l.looked = Look{At: until}
	for _, t := range l.windows.Show() {
		for _, r := range t.Series {
			l.looked.Series++
			if r.Firing {
				l.looked.Firing++
			}
		}
	}
	l.deps.Told(l.looked)
}

// settle stores what is to be. What cannot be stays.
func (l *Lookout) settle(ctx context.Context) error {
	l.mu.Lock()
	owed := maps.Clone(l.owed)
	l.mu.Unlock()
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(owed)) {
		if err := l.store(ctx, owed[key]); err != nil {
			errs = append(errs, err)
			continue
		}
		l.mu.Lock()
		delete(l.owed, key) // only this goroutine adds to them
		l.mu.Unlock()
	}
	return errors.Join(errs...)
}

// least is for how long an alert stands that nothing more is said of: a scorer may be behind
// for as long without its ending.
const least = 72 * time.Hour

func (l *Lookout) store(ctx context.Context, r movement.Reading) error {
	if !r.Holds {
		return l.deps.Alerts.Resolve(ctx, r.Metric.Name, r.Series(), movementOf(r))
	}
	a, err := l.deps.Alerts.Raise(ctx, Notice{
		Rule: r.Metric, RulesVersion: l.set.Version, Movement: movementOf(r), StandsFor: least + r.Metric.Window/8 + r.Metric.BackFor,
	})
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.adopt(a) // somebody may have put it away
	return nil
}

// seriesKey names a series.
func seriesKey(rule string, series map[string]string) string {
	var b strings.Builder
	b.WriteString(rule)
	for _, name := range slices.Sorted(maps.Keys(series)) {
		b.WriteString("\x00" + name + "\x00" + series[name])
	}
	return b.String()
}

// movementOf is a reading as alerts carry it.
func movementOf(r movement.Reading) *eventsv1.Movement {
	return &eventsv1.Movement{
		Measure: string(r.Metric.Measure), Figure: r.Figure, Reference: r.Reference, Answers: r.Answers, ReferenceAnswers: r.ReferenceAnswers,
		PValue: r.P, Window: durationpb.New(r.Metric.Window), Until: timestamppb.New(r.To), Series: r.Series(),
	}
}

// Show is each metric rule as it stood at the last look, and when that was; the zero time
// before the first.
func (l *Lookout) Show() ([]movement.Tracked, time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.windows == nil {
		return nil, time.Time{}
	}
	return l.windows.Show(), l.looked.At
}
