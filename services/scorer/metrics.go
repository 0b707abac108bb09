package scorer

import (
	"github.com/prometheus/client_golang/prometheus"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// metrics count what was scored. Labels are enums only. A response delivered
// again is counted once, within the stream's duplicate window.
type metrics struct {
	responses prometheus.Counter
	answers   *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		responses: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "responses_total", Help: "Revisions of responses scored.",
		}),
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "answers_total", Help: "Answers scored, by metric and class.",
		}, []string{"metric", "class"}),
	}
	if reg != nil {
		reg.MustRegister(m.responses, m.answers)
	}
	return m
}

func (m *metrics) scored(e *eventsv1.ResponseScored) {
	m.responses.Inc()
	for _, a := range e.GetScore().GetAnswers() {
		m.answers.WithLabelValues(a.GetMetric().String(), a.GetClass().String()).Inc()
	}
}
