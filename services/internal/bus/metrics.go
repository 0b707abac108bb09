package bus

import (
	"errors"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what the bus does. Labels hold kinds of events, stream names,
// consumer names and reasons only.
type Metrics struct {
	publish *prometheus.HistogramVec
	handle  *prometheus.HistogramVec
	dead    *prometheus.CounterVec
	retries prometheus.Counter

	// byKind holds publish's observers, looked up once: a lookup by labels costs
	// more than the observation.
	byKind map[string]*[len(results)]prometheus.Observer
}

// results are what can come of a publish, in the order of resultOf.
var results = [...]string{"ok", "conflict", "full", "unavailable", "refused"}

// kinds are the kinds of events that the bus carries.
var kinds = [...]string{"response", "score", "alert", "callback", "agent", "feed", "dead", "other"}

// NewMetrics registers the bus's metrics; a nil registerer registers nothing.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		publish: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "bus_publish_seconds", Help: "Time to an acknowledgement, by kind of event and result.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 3, 10),
		}, []string{"event", "result"}),
		handle: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "bus_handle_seconds", Help: "Time of one try to handle a delivery, by consumer and verdict.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 3, 10),
		}, []string{"consumer", "verdict"}),
		dead: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bus_dead_letters_total", Help: "Messages given up, by stream and reason.",
		}, []string{"stream", "reason"}),
		retries: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "bus_publish_retries_total", Help: "Publishes repeated because no acknowledgement came.",
		}),
		byKind: make(map[string]*[len(results)]prometheus.Observer, len(kinds)),
	}
	for _, k := range kinds {
		var observers [len(results)]prometheus.Observer
		for i, r := range results {
			observers[i] = m.publish.WithLabelValues(k, r)
		}
		m.byKind[k] = &observers
	}
	if reg != nil {
		reg.MustRegister(m.publish, m.handle, m.dead, m.retries)
	}
	return m
}

func (m *Metrics) published(subj string, start time.Time, err error) {
	m.byKind[kind(subj)][resultOf(err)].Observe(time.Since(start).Seconds())
}

// handler observes the tries of one consumer.
func (m *Metrics) handler(consumer string) *[len(verdictNames)]prometheus.Observer {
	var o [len(verdictNames)]prometheus.Observer
	for i, name := range verdictNames {
		o[i] = m.handle.WithLabelValues(consumer, name)
	}
	return &o
}

func (m *Metrics) buried(stream, reason string) { m.dead.WithLabelValues(stream, reason).Inc() }

// kind is what a subject holds: one of kinds.
func kind(subj string) string {
	rest, ok := strings.CutPrefix(subj, "rappel.")
	if !ok {
		return "other"
	}
	version, rest, _ := strings.Cut(rest, ".")
	if version == "feed" {
		return "feed"
	}
	k, _, _ := strings.Cut(rest, ".")
	switch k {
	case "response", "score", "alert", "callback", "agent", "dead":
		return k
	}
	return "other"
}

func resultOf(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, ErrConflict):
		return 1
	case errors.Is(err, ErrFull):
		return 2
	case errors.Is(err, ErrUnavailable):
		return 3
	default:
		return 4
	}
}
