package alerting

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/alert"
	"github.com/rappel-loop/rappel/services/alerting/internal/history"
	"github.com/rappel-loop/rappel/services/alerting/internal/lookout"
	"github.com/rappel-loop/rappel/services/alerting/internal/rulebook"
	"github.com/rappel-loop/rappel/services/alerting/internal/transport"
)

// metrics count alerts by rule. Every rule's series exist from when it is in force, so
// that a rule which never fired shows as 0 and not as nothing.
type metrics struct {
	raised   *prometheus.CounterVec
	resolved *prometheus.CounterVec
	failures *prometheus.CounterVec
	// followUps are about no rule.
	followUps prometheus.Counter
	refused   prometheus.Counter
	rules     *prometheus.GaugeVec
	info      *prometheus.GaugeVec
	figures   prometheus.Gauge
	lookedAt  prometheus.Gauge
	// active are the fallbacks, changed the alerts whose plan they changed.
	active  *prometheus.GaugeVec
	changed *prometheus.CounterVec
	after   *prometheus.CounterVec

	mu     sync.Mutex
	counts map[string]transport.Counts // the same as the series, for who asks by the API
}

func newMetrics(reg prometheus.Registerer, past func() history.Counts) *metrics {
	byRule := func(name, help string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{"rule"})
	}
	byVersion := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"version"})
	}
	m := &metrics{
		raised:   byRule("alerts_raised_total", "Alerts raised, once a revision that matches."),
		resolved: byRule("alerts_resolved_total", "Alerts resolved by a later revision."),
		failures: byRule("rule_failures_total", "Responses that a rule could not be evaluated on; each is a dead letter."),
		followUps: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "follow_ups_answered_total", Help: "Answers about a callback, once a revision.",
		}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rules_reload_failures_total", Help: "Rules that came while others ran, and were wrong: those before were kept.",
		}),
		rules: byVersion("rules", "How many rules run, by their version."),
		info:  byVersion("rules_info", "1 for the version of the rules that run; replicas that differ for long run different rules."),
		figures: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "metric_figures", Help: "Figures that metric rules follow.",
		}),
		lookedAt: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "metric_looked_at_seconds", Help: "When figures were last judged, in seconds since 1970: it falls behind while the scorer does.",
		}),
		active: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "fallback_active", Help: "1 while the fallback applies, else 0; of those that the rules declare.",
		}, []string{"fallback"}),
		changed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "alerts_under_fallback_total", Help: "Alerts, once a revision, whose callback a fallback held back (effect=held_back) or changed (effect=changed).",
		}, []string{"fallback", "effect"}),
		after: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "alerts_after_fallback_total", Help: "Alerts raised once more because the fallback that had held them back has ended.",
		}, []string{"fallback"}),
		counts: map[string]transport.Counts{},
	}
	if reg != nil {
		reg.MustRegister(m.raised, m.resolved, m.failures, m.followUps, m.refused, m.rules, m.info, m.figures, m.lookedAt, m.active, m.changed, m.after,
			prometheus.NewCounterFunc(prometheus.CounterOpts{
				Name: "history_callbacks_read_total", Help: "How often a rule asked about a customer's callbacks; each is read from the stream.",
			}, func() float64 { return float64(past().Callbacks) }),
			prometheus.NewCounterFunc(prometheus.CounterOpts{
				Name: "history_answers_scanned_total", Help: "How often earlier answers were read out of the stream: for what came later than memory reaches back.",
			}, func() float64 { return float64(past().Scans) }),
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{
				Name: "history_answers_kept", Help: "How many scored responses are kept in memory for rules that ask about earlier answers.",
			}, func() float64 { return float64(past().Kept) }))
	}
	return m
}

// uses says which rules run now.
func (m *metrics) uses(f rulebook.InForce) {
	for _, r := range f.Set.Rules {
		for _, of := range []*prometheus.CounterVec{m.raised, m.resolved, m.failures} {
			of.WithLabelValues(r.Name)
		}
	}
	m.rules.Reset()
	m.rules.WithLabelValues(f.Version.Name).Set(float64(len(f.Set.Rules)))
	m.info.Reset()
	m.info.WithLabelValues(f.Version.Name).Set(1)
}

// looked says what a look at the figures of metric rules found.
func (m *metrics) looked(l lookout.Look) {
	m.figures.Set(float64(l.Series))
	m.lookedAt.Set(float64(l.At.Unix()))
}

func (m *metrics) stored(e alert.Event) {
	switch {
	case e.IsFollowUp():
		m.followUps.Inc()
	case e.Raised():
		m.underFallback(e.Body.(*eventsv1.AlertRaised))
		m.raised.WithLabelValues(e.Rule).Inc()
		m.count(e.Rule, func(c *transport.Counts) { c.Raised++ })
	default:
		m.resolved.WithLabelValues(e.Rule).Inc()
		m.count(e.Rule, func(c *transport.Counts) { c.Resolved++ })
	}
}

// underFallback counts an alert whose plan a fallback changed.
func (m *metrics) underFallback(a *eventsv1.AlertRaised) {
	switch {
	case a.GetFallback() == "":
	case a.GetCallback() == nil:
		m.changed.WithLabelValues(a.GetFallback(), "held_back").Inc()
	default:
		m.changed.WithLabelValues(a.GetFallback(), "changed").Inc()
	}
}

// fallbacks says which of those that are declared apply.
func (m *metrics) fallbacks(active map[string]bool) {
	m.active.Reset()
	for name, is := range active {
		v := 0.0
		if is {
			v = 1
		}
		m.active.WithLabelValues(name).Set(v)
	}
}

func (m *metrics) failed(rule string) {
	m.failures.WithLabelValues(rule).Inc()
	m.count(rule, func(c *transport.Counts) { c.Failed++ })
}

func (m *metrics) count(rule string, add func(*transport.Counts)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.counts[rule]
	add(&c)
	m.counts[rule] = c
}

// Counts are a rule's, since the process started.
func (m *metrics) Counts(rule string) transport.Counts {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts[rule]
}
