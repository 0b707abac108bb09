package store

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics tells what the store finds wrong.
type Metrics struct {
	gaps       prometheus.Gauge
	unreadable prometheus.Counter
}

// NewMetrics registers the store's metrics; a nil registerer registers nothing.
// The error names a metric that is registered already.
func NewMetrics(reg prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		gaps: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "callback_history_gaps",
			Help: "Gaps in customers' histories, found when all of them were last read.",
		}),
		unreadable: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "callback_unreadable_events_total", Help: "Events read that could not be decoded.",
		}),
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.gaps, m.unreadable} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("metrics of the store: %w", err)
		}
	}
	return m, nil
}
