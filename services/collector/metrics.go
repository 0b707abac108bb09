package collector

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
)

// metrics counts what came of responses. Its labels are fixed: nothing that a
// source writes becomes one.
type metrics struct {
	responses map[ingest.Verdict]prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, known func() int) *metrics {
	responses := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "responses_total", Help: "Responses, by what came of them.",
	}, []string{"result"})
	m := &metrics{responses: make(map[ingest.Verdict]prometheus.Counter, len(ingest.Verdicts))}
	for _, v := range ingest.Verdicts {
		m.responses[v] = responses.WithLabelValues(string(v))
	}
	if reg != nil {
		reg.MustRegister(responses, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "ledger_responses", Help: "Responses in the ledger of what was received.",
		}, func() float64 { return float64(known()) }))
	}
	return m
}

func (m *metrics) count(v ingest.Verdict) { m.responses[v].Inc() }
