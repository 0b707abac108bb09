package collector

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/collector/internal/push"
)

// metrics counts what came of responses. Its labels are fixed: nothing that a
// source writes becomes one.
type metrics struct {
	responses map[ingest.Verdict]prometheus.Counter
	pushes    map[string]map[push.Outcome]prometheus.Counter // by endpoint
}

func newMetrics(reg prometheus.Registerer, endpoints []string) *metrics {
	responses := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "responses_total", Help: "Responses, by what came of them.",
	}, []string{"result"})
	pushes := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pushes_total", Help: "Calls of sources (taken, refused, unavailable), and what came of what they told, by endpoint.",
	}, []string{"endpoint", "result"})
	m := &metrics{
		responses: make(map[ingest.Verdict]prometheus.Counter, len(ingest.Verdicts)),
		pushes:    make(map[string]map[push.Outcome]prometheus.Counter, len(endpoints)),
	}
	for _, e := range endpoints {
		m.pushes[e] = make(map[push.Outcome]prometheus.Counter, len(push.Outcomes))
		for _, o := range push.Outcomes {
			m.pushes[e][o] = pushes.WithLabelValues(e, string(o))
		}
	}
	for _, v := range ingest.Verdicts {
		m.responses[v] = responses.WithLabelValues(string(v))
	}
	if reg != nil {
		reg.MustRegister(responses, pushes)
	}
	return m
}

// ledger shows how many responses are known.
func (m *metrics) ledger(reg prometheus.Registerer, known func() int) {
	if reg != nil {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "ledger_responses", Help: "Responses in the ledger of what was received.",
		}, func() float64 { return float64(known()) }))
	}
}

func (m *metrics) pushed(endpoint string, o push.Outcome) { m.pushes[endpoint][o].Inc() }

func (m *metrics) count(v ingest.Verdict) { m.responses[v].Inc() }
