package alerting

import (
	"context"
	"iter"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/alertstate"
	"github.com/rappel-loop/rappel/services/alerting/internal/lookout"
)

// metricAlerts are the alerts of metric rules, as the book has them.
type metricAlerts struct{ book *alertstate.Book }

var _ lookout.Alerts = metricAlerts{}

// Wait returns once the book was read.
func (m metricAlerts) Wait(ctx context.Context) error { return m.book.Wait(ctx) }

// Known are those that stand and those that were resolved lately.
func (m metricAlerts) Known() iter.Seq[*eventsv1.AlertState] {
	return func(yield func(*eventsv1.AlertState) bool) {
		for a := range m.book.Alerts() {
			if a.GetMovement() != nil && !yield(a) {
				return
			}
		}
	}
}

// Raise raises an alert, or brings it up to date.
func (m metricAlerts) Raise(ctx context.Context, n lookout.Notice) (*eventsv1.AlertState, error) {
	return m.book.RaiseMetric(ctx, alertstate.Metric{
		Rule: n.Rule.Name, RulesVersion: n.RulesVersion, Team: n.Rule.Team, Severity: n.Rule.Severity, Labels: n.Rule.Labels,
		Notify: n.Rule.Notify, ResolvesAfter: n.StandsFor, Movement: n.Movement,
	})
}

// Resolve says that a series is back.
func (m metricAlerts) Resolve(ctx context.Context, rule string, series map[string]string, moved *eventsv1.Movement) error {
	_, err := m.book.ResolveMetric(ctx, alertstate.MetricID(rule, series), moved)
	return err
}
