package directory

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics tells how many agents there are, and what is wrong with the stream.
type Metrics struct {
	agents     *prometheus.GaugeVec
	unreadable prometheus.Counter
}

// NewMetrics registers the directory's metrics; a nil registerer registers
// nothing. The error names a metric that is registered already.
func NewMetrics(reg prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		agents: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "callback_agents", Help: "Agents of the roster, by where they come from: declared, stored.",
		}, []string{"source"}),
		unreadable: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "callback_agent_unreadable_events_total", Help: "Events of the roster that could not be decoded.",
		}),
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.agents, m.unreadable} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("metrics of the roster: %w", err)
		}
	}
	return m, nil
}

func (m *Metrics) count(declared, stored int) {
	m.agents.WithLabelValues("declared").Set(float64(declared))
	m.agents.WithLabelValues("stored").Set(float64(stored))
}
