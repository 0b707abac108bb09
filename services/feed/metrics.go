package feed

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rappel-loop/rappel/proto/feedevent"
)

// metrics count what the feed tells. Labels are types of events and ways of delivery. An event
// told again is counted once, within the stream's duplicate window.
type metrics struct {
	events    *prometheus.CounterVec
	delay     prometheus.Histogram
	delivered *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "events_total", Help: "Events stored in FEED, by type.",
		}, []string{"type"}),
		delay: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "delay_seconds", Help: "From an event's storing in its own stream to its storing in FEED.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 10),
		}),
		delivered: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "delivered_total", Help: "Events sent to subscribers, by way.",
		}, []string{"way"}),
	}
	if reg != nil {
		reg.MustRegister(m.events, m.delay, m.delivered)
	}
	return m
}

func (m *metrics) told(t feedevent.Type, after time.Duration) {
	m.events.WithLabelValues(string(t)).Inc()
	m.delay.Observe(after.Seconds())
}

func (m *metrics) sent(way string) { m.delivered.WithLabelValues(way).Inc() }

// subscribers shows how many follow.
func (m *metrics) subscribers(reg prometheus.Registerer, count func() int) {
	if reg == nil {
		return
	}
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "subscribers", Help: "Subscribers that follow this process now.",
	}, func() float64 { return float64(count()) }))
}
