package scorer

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// metrics count what was scored. Labels are enums and versions only. A response delivered
// again is counted once, within the stream's duplicate window.
type metrics struct {
	responses     prometheus.Counter
	answers       *prometheus.CounterVec
	verbatims     *prometheus.CounterVec
	disagreements *prometheus.CounterVec
	corrected     prometheus.Counter
	took          prometheus.Histogram
	model         *prometheus.GaugeVec
	trainings     *prometheus.CounterVec
	unreadable    prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	by := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &metrics{
		responses:     counter("responses_total", "Revisions of responses scored."),
		answers:       by("answers_total", "Answers scored, by metric and class.", "metric", "class"),
		verbatims:     by("verbatims_total", "Verbatims read, by language and sentiment.", "language", "sentiment"),
		disagreements: by("disagreements_total", "Responses whose score and words disagree.", "kind"),
		corrected:     counter("corrected_total", "Revisions of responses scored again with corrections."),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "score_seconds", Help: "Time to score one revision of a response, verbatims included.",
			Buckets: prometheus.ExponentialBuckets(1e-5, 4, 8),
		}),
		model:      prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "model", Help: "1 for the model in use, by its version."}, []string{"version"}),
		trainings:  by("trainings_total", "Trainings, by what came of them: promoted, kept, failed.", "result"),
		unreadable: counter("model_unreadable_total", "Models that could not be taken into use."),
	}
	for _, result := range []string{"promoted", "kept", "failed"} {
		m.trainings.WithLabelValues(result)
	}
	if reg != nil {
		reg.MustRegister(m.responses, m.answers, m.verbatims, m.disagreements, m.corrected, m.took, m.model, m.trainings, m.unreadable)
	}
	return m
}

func (m *metrics) scored(e *eventsv1.ResponseScored) {
	if e.GetCorrection() > 0 {
		m.corrected.Inc()
		return
	}
	m.responses.Inc()
	for _, a := range e.GetScore().GetAnswers() {
		m.answers.WithLabelValues(a.GetMetric().String(), a.GetClass().String()).Inc()
	}
	for _, v := range e.GetScore().GetVerbatims() {
		m.verbatims.WithLabelValues(v.GetLanguage(), strings.ToLower(v.GetSentiment().GetLabel().String())).Inc()
	}
	if d := e.GetScore().GetDisagreement(); d != eventsv1.Disagreement_DISAGREEMENT_UNSPECIFIED {
		m.disagreements.WithLabelValues(strings.ToLower(d.String())).Inc()
	}
}

// uses notes which model is in use.
func (m *metrics) uses(version string) {
	m.model.Reset()
	m.model.WithLabelValues(version).Set(1)
}
