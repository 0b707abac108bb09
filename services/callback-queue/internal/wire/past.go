package wire

import (
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

func past(list []callback.Past) []*eventsv1.PastCallback {
	var out []*eventsv1.PastCallback
	for i := range list {
		p := &list[i]
		m := &eventsv1.PastCallback{
			Id: p.ID, ClosedAt: Stamp(p.ClosedAt), CalledAt: Stamp(p.CalledAt), Severity: eventsv1.Severity(p.Severity), Recovery: recovery(p.Recovery),
		}
		for _, s := range p.Before {
			m.Before = append(m.Before, &eventsv1.PastCallback_Score{
				Metric: eventsv1.Metric(eventsv1.Metric_value[string(s.Metric)]),
				Class:  eventsv1.Class(eventsv1.Class_value[string(s.Class)]), Satisfaction: s.Satisfaction,
			})
		}
		out = append(out, m)
	}
	return out
}

func fromPast(list []*eventsv1.PastCallback) []callback.Past {
	var out []callback.Past
	for _, m := range list {
		p := callback.Past{
			ID: m.GetId(), ClosedAt: moment(m.GetClosedAt()), CalledAt: moment(m.GetCalledAt()), Severity: callback.Severity(m.GetSeverity()),
			Recovery: fromRecovery(m.GetRecovery()),
		}
		for _, s := range m.GetBefore() {
			p.Before = append(p.Before, callback.Score{Metric: metric(s.GetMetric()), Class: class(s.GetClass()), Satisfaction: s.GetSatisfaction()})
		}
		out = append(out, p)
	}
	return out
}
