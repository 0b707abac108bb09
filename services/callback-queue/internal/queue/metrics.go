package queue

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// Metrics counts what the queue does.
type Metrics struct {
	events        *prometheus.CounterVec
	claims        *prometheus.HistogramVec
	conflicts     prometheus.Counter
	outdated      prometheus.Counter
	applyFailures prometheus.Counter
	catchUp       prometheus.Gauge
	restarts      *prometheus.CounterVec
}

// NewMetrics registers the queue's metrics; a nil registerer registers nothing.
// The error names a metric that is registered already.
func NewMetrics(reg prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "callback_events_total", Help: "Events committed, by type.",
		}, []string{"type"}),
		claims: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "callback_claim_seconds", Help: "Time to answer a claim, by result.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 12),
		}, []string{"result"}),
		conflicts: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "callback_conflicts_total", Help: "Decisions taken again because the callback had moved on.",
		}),
		outdated: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "callback_index_outdated_total", Help: "Reservations that the truth refused.",
		}),
		applyFailures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "callback_index_apply_failures_total", Help: "Changes the index did not take at once.",
		}),
		catchUp: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "callback_index_catch_up_seconds", Help: "How long the last catching up of the index took.",
		}),
		restarts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "callback_index_restarts_total", Help: "How often the projector began again, by reason.",
		}, []string{"reason"}),
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.events, m.claims, m.conflicts, m.outdated, m.applyFailures, m.catchUp, m.restarts} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("metrics of the queue: %w", err)
		}
	}
	return m, nil
}

func (m *Metrics) event(e callback.Event) { m.events.WithLabelValues(string(e.Type)).Inc() }

func (m *Metrics) caughtUp(took time.Duration) { m.catchUp.Set(took.Seconds()) }

func (m *Metrics) restarted(err error) {
	reason := "failure"
	switch {
	case errors.Is(err, errIndexLost), errors.Is(err, ErrIndexIncomplete):
		reason = "index_lost"
	case errors.Is(err, errIndexForeign), errors.Is(err, errStreamChanged):
		reason = "other_stream"
	case errors.Is(err, ErrIndexWentBack):
		reason = "index_went_back"
	}
	m.restarts.WithLabelValues(reason).Inc()
}

func (m *Metrics) claimed(start time.Time, err error) {
	result := "claimed"
	switch {
	case err == nil:
	case errors.Is(err, ErrNoneReady):
		result = "none_ready"
	case errors.Is(err, ErrIndexIncomplete):
		result = "rebuilding"
	default:
		result = "error"
	}
	m.claims.WithLabelValues(result).Observe(time.Since(start).Seconds())
}
