package bus

import (
	"errors"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what the bus does. Labels hold stream and consumer names only.
type Metrics struct {
	publish *prometheus.HistogramVec
	handle  *prometheus.HistogramVec
	dead    *prometheus.CounterVec
	retries prometheus.Counter
}

// NewMetrics registers the bus's metrics; a nil registerer registers nothing.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		publish: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "bus_publish_seconds", Help: "Time to an acknowledgement, by kind of event and result.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 3, 10),
		}, []string{"event", "result"}),
		handle: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "bus_handle_seconds", Help: "Time to handle a delivery, by consumer and verdict.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 3, 10),
		}, []string{"consumer", "verdict"}),
		dead: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bus_dead_letters_total", Help: "Messages given up, by stream and reason.",
		}, []string{"stream", "reason"}),
		retries: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "bus_publish_retries_total", Help: "Publishes repeated because no acknowledgement came.",
		}),
	}
	if reg != nil {
		reg.MustRegister(m.publish, m.handle, m.dead, m.retries)
	}
	return m
}

func (m *Metrics) published(subj string, start time.Time, err error) {
	m.publish.WithLabelValues(kind(subj), result(err)).Observe(time.Since(start).Seconds())
}

func (m *Metrics) handled(consumer string, v verdict, start time.Time) {
	name := "retry"
	switch {
	case v.ack:
		name = "ack"
	case v.reason != "":
		name = "terminate"
	}
	m.handle.WithLabelValues(consumer, name).Observe(time.Since(start).Seconds())
}

func (m *Metrics) buried(stream, reason string) { m.dead.WithLabelValues(stream, reason).Inc() }

// kind is the third token of a subject: response, score, alert, callback, dead.
func kind(subj string) string {
	parts := strings.SplitN(subj, ".", 4)
	if len(parts) < 3 {
		return "other"
	}
	return parts[2]
}

func result(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, ErrConflict):
		return "conflict"
	case errors.Is(err, ErrFull):
		return "full"
	default:
		return "unavailable"
	}
}
