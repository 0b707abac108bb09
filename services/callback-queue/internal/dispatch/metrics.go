package dispatch

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// Metrics counts what the dispatcher does.
type Metrics struct {
	offers *prometheus.CounterVec
	delay  prometheus.Histogram
	agents *prometheus.GaugeVec
}

// NewMetrics registers the dispatcher's metrics; a nil registerer registers
// nothing. The error names a metric that is registered already.
func NewMetrics(reg prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		offers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "callback_offers_total", Help: "Offers to agents, by what came of making them.",
		}, []string{"result"}),
		delay: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "callback_offer_delivery_seconds", Help: "From an offer's commit to its sending on the agent's stream.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
		}),
		agents: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "callback_agents_at_work", Help: "Agents at work with any replica, by status.",
		}, []string{"status"}),
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.offers, m.delay, m.agents} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("metrics of the dispatcher: %w", err)
		}
	}
	return m, nil
}

func (m *Metrics) offered(err error) {
	result := "made"
	switch {
	case errors.Is(err, queue.ErrNoneReady), errors.Is(err, callback.ErrDeclined):
		result = "none_ready"
	case err != nil:
		result = "failed"
	}
	m.offers.WithLabelValues(result).Inc()
}

func (m *Metrics) failed() { m.offers.WithLabelValues("failed").Inc() }

func (m *Metrics) sent(after time.Duration) { m.delay.Observe(after.Seconds()) }

// statusNames are the labels of the agents' gauge.
var statusNames = map[floor.Status]string{floor.Available: "available", floor.Busy: "busy", floor.Away: "away"}

func (m *Metrics) atDesk(seats []floor.Seat, now time.Time) {
	count := map[floor.Status]int{}
	for i := range seats {
		count[seats[i].StatusAt(now)]++
	}
	for status, name := range statusNames {
		m.agents.WithLabelValues(name).Set(float64(count[status]))
	}
}
