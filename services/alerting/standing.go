package alerting

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/alertstate"
)

// standing counts the alerts that stand, when it is asked. Every replica knows of all.
type standing struct {
	alerts *alertstate.Book
	desc   *prometheus.Desc
}

// stand has the alerts of a book counted.
func (m *metrics) stand(reg prometheus.Registerer, alerts *alertstate.Book) {
	if reg == nil {
		return
	}
	reg.MustRegister(standing{alerts: alerts, desc: prometheus.NewDesc("alerts_standing",
		"Alerts that stand, as this replica knows them: each knows of all.", []string{"state", "severity"}, nil)})
}

// Describe and Collect are prometheus.Collector's.
func (s standing) Describe(to chan<- *prometheus.Desc) { to <- s.desc }

// Collect tells of every state and severity, those of which there is none as well.
func (s standing) Collect(to chan<- prometheus.Metric) {
	counts := s.alerts.Counts()
	for _, state := range []eventsv1.AlertState_State{eventsv1.AlertState_FIRING, eventsv1.AlertState_ACKNOWLEDGED} {
		for _, severity := range []eventsv1.Severity{eventsv1.Severity_LOW, eventsv1.Severity_MEDIUM, eventsv1.Severity_HIGH, eventsv1.Severity_CRITICAL} {
			to <- prometheus.MustNewConstMetric(s.desc, prometheus.GaugeValue, float64(counts[alertstate.Class{State: state, Severity: severity}]),
				strings.ToLower(state.String()), alertstate.SeverityWord(severity))
		}
	}
}
