package delivery

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/receiver"
	"github.com/rappel-loop/rappel/services/alerting/internal/sender"
)

// What came of a try, or of a delivery.
const (
	outcomeDelivered  = "delivered"
	outcomeRefused    = "refused"    // with a status
	outcomeUnanswered = "unanswered" // without
)

// metrics count by receiver: their names are the operator's, and few.
type metrics struct {
	tries   *prometheus.CounterVec
	given   *prometheus.CounterVec
	off     *prometheus.CounterVec
	latency *prometheus.HistogramVec
	// Of what waits.
	of              *Deliveries
	pending, oldest *prometheus.Desc
	told            *prometheus.Desc
}

func newMetrics(reg prometheus.Registerer, d *Deliveries) *metrics {
	m := &metrics{
		of: d,
		tries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "delivery_tries_total", Help: "Tries to tell a receiver, by what came of them: delivered, refused (with a status) or unanswered.",
		}, []string{"receiver", "outcome"}),
		given: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deliveries_failed_total", Help: "Deliveries that were given up; rappel notify replay --failed orders them again.",
		}, []string{"receiver"}),
		off: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "receivers_gone_total", Help: "How often a receiver said that it is gone, and was disabled.",
		}, []string{"receiver"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "delivery_latency_seconds", Help: "From when a delivery came to be until the receiver took it.",
			Buckets: []float64{0.1, 0.5, 1, 2.5, 5, 15, 60, 300, 1800, 7200, 36000, 86400, 259200},
		}, []string{"receiver"}),
		pending: prometheus.NewDesc("deliveries_pending", "Deliveries on their way.", []string{"receiver"}, nil),
		oldest:  prometheus.NewDesc("deliveries_oldest_pending_seconds", "How long the oldest delivery on its way has been so; 0 without any.", []string{"receiver"}, nil),
		told:    prometheus.NewDesc("receiver_enabled", "1 for a receiver that is told, 0 for one that is disabled.", []string{"receiver"}, nil),
	}
	if reg != nil {
		reg.MustRegister(m.tries, m.given, m.off, m.latency, m)
	}
	return m
}

// Describe is prometheus.Collector's.
func (m *metrics) Describe(out chan<- *prometheus.Desc) {
	out <- m.pending
	out <- m.oldest
	out <- m.told
}

// Collect is prometheus.Collector's.
func (m *metrics) Collect(out chan<- prometheus.Metric) {
	now := m.of.o.Clock.Now()
	pending, oldest := m.of.live()
	for name, n := range pending {
		age := 0.0
		if t, ok := oldest[name]; ok {
			age = max(0, now.Sub(t).Seconds())
		}
		told := 1.0
		if e, ok := m.of.receivers.Get(name); ok && e.GetDisabled() {
			told = 0
		}
		out <- prometheus.MustNewConstMetric(m.pending, prometheus.GaugeValue, float64(n), name)
		out <- prometheus.MustNewConstMetric(m.oldest, prometheus.GaugeValue, age, name)
		out <- prometheus.MustNewConstMetric(m.told, prometheus.GaugeValue, told, name)
	}
}

// use makes the series of receivers, so that one that was never told shows as 0.
func (m *metrics) use(all []receiver.Config) {
	for _, c := range all {
		for _, outcome := range []string{outcomeDelivered, outcomeRefused, outcomeUnanswered} {
			m.tries.WithLabelValues(c.Name, outcome)
		}
		m.given.WithLabelValues(c.Name)
		m.off.WithLabelValues(c.Name)
		m.latency.WithLabelValues(c.Name)
	}
}

// tried counts a try that ended at a moment.
func (m *metrics) tried(d *eventsv1.Delivery, now time.Time, o sender.Outcome) {
	outcome := outcomeUnanswered
	switch {
	case o.Delivered:
		outcome = outcomeDelivered
		if d.GetReplays() == 0 { // of one that was ordered again it would be how long somebody thought about it
			m.latency.WithLabelValues(d.GetReceiver()).Observe(max(0, now.Sub(d.GetCreatedAt().AsTime()).Seconds()))
		}
	case o.Status != 0:
		outcome = outcomeRefused
	}
	m.tries.WithLabelValues(d.GetReceiver(), outcome).Inc()
}

func (m *metrics) gaveUp(receiver string)   { m.given.WithLabelValues(receiver).Inc() }
func (m *metrics) disabled(receiver string) { m.off.WithLabelValues(receiver).Inc() }
