package collector

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/collector/internal/push"
)

// metrics counts what came of responses. Its labels are fixed: nothing that a
// source writes becomes one.
type metrics struct {
	responses map[ingest.Verdict]prometheus.Counter
	pushes    map[string]map[push.Outcome]prometheus.Counter // by endpoint
	imports   map[eventsv1.Import_State]prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, endpoints []string) *metrics {
	responses := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "responses_total", Help: "Responses, by what came of them.",
	}, []string{"result"})
	pushes := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "pushes_total", Help: "Calls of sources (taken, refused, limited, unavailable), and what came of what they told, by endpoint.",
	}, []string{"endpoint", "result"})
	m := &metrics{
		responses: make(map[ingest.Verdict]prometheus.Counter, len(ingest.Verdicts)),
		pushes:    make(map[string]map[push.Outcome]prometheus.Counter, len(endpoints)),
		imports:   map[eventsv1.Import_State]prometheus.Counter{},
	}
	for _, e := range endpoints {
		m.pushes[e] = make(map[push.Outcome]prometheus.Counter, len(push.Outcomes))
		for _, o := range push.Outcomes {
			m.pushes[e][o] = pushes.WithLabelValues(e, string(o))
		}
	}
	imports := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "imports_total", Help: "Imports that have ended, by how.",
	}, []string{"result"})
	for _, s := range []eventsv1.Import_State{eventsv1.Import_COMPLETED, eventsv1.Import_CANCELLED, eventsv1.Import_FAILED} {
		m.imports[s] = imports.WithLabelValues(strings.ToLower(s.String()))
	}
	for _, v := range ingest.Verdicts {
		m.responses[v] = responses.WithLabelValues(string(v))
	}
	if reg != nil {
		reg.MustRegister(responses, pushes, imports)
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

// unknownHooks counts the calls of sources to endpoints that are not there.
func unknownHooks(reg prometheus.Registerer) func(source string) {
	calls := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "hooks_unknown_total", Help: "Calls to endpoints that are not configured, by the source that their path names.",
	}, []string{"source"})
	if reg != nil {
		reg.MustRegister(calls)
	}
	return func(source string) { calls.WithLabelValues(source).Inc() } // one that is known, or "other"
}

func (m *metrics) pushed(endpoint string, o push.Outcome) { m.pushes[endpoint][o].Inc() }

func (m *metrics) imported(s eventsv1.Import_State) { m.imports[s].Inc() }

func (m *metrics) count(v ingest.Verdict) { m.responses[v].Inc() }
