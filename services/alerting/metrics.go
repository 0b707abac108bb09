package alerting

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rappel-loop/rappel/services/alerting/internal/alert"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

// metrics count alerts by rule. Every rule's series exist from the start, so
// that a rule which never fired shows as 0 and not as nothing.
type metrics struct {
	raised   *prometheus.CounterVec
	resolved *prometheus.CounterVec
	failures *prometheus.CounterVec
	// followUps are about no rule.
	followUps prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, rules *rule.Set) *metrics {
	byRule := func(name, help string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{"rule"})
		for _, r := range rules.Rules {
			c.WithLabelValues(r.Name)
		}
		return c
	}
	m := &metrics{
		raised:   byRule("alerts_raised_total", "Alerts raised, once a revision that matches."),
		resolved: byRule("alerts_resolved_total", "Alerts resolved by a later revision."),
		followUps: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "follow_ups_answered_total", Help: "Answers about a callback, once a revision.",
		}),
		failures: byRule("rule_failures_total", "Responses that a rule could not be evaluated on; each is a dead letter."),
	}
	if reg != nil {
		info := prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "rules", Help: "How many rules run, by the version of their file.",
		}, []string{"version"})
		info.WithLabelValues(rules.Version).Set(float64(len(rules.Rules)))
		reg.MustRegister(m.raised, m.resolved, m.failures, m.followUps, info)
	}
	return m
}

func (m *metrics) stored(e alert.Event) {
	switch {
	case e.IsFollowUp():
		m.followUps.Inc()
	case e.Raised():
		m.raised.WithLabelValues(e.Rule).Inc()
	default:
		m.resolved.WithLabelValues(e.Rule).Inc()
	}
}
