package message

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Kinds are all kinds of notifications.
func Kinds() []eventsv1.Notification_Kind {
	return []eventsv1.Notification_Kind{
		eventsv1.Notification_NEW, eventsv1.Notification_REPEATED, eventsv1.Notification_ESCALATED,
		eventsv1.Notification_RESOLVED, eventsv1.Notification_TEST, eventsv1.Notification_FALLBACK,
	}
}

// Sample is a made-up notification of a kind: nobody in it exists.
func Sample(kind eventsv1.Notification_Kind, now time.Time) *eventsv1.Notification {
	n := &eventsv1.Notification{Id: "sample", Kind: kind, At: timestamppb.New(now)}
	switch kind {
	case eventsv1.Notification_TEST, eventsv1.Notification_KIND_UNSPECIFIED:
		return n
	case eventsv1.Notification_FALLBACK:
		wait := 2700.0
		n.Fallback = &eventsv1.FallbackChanged{
			Name: "rush", Queue: "default", Active: true, WaitSeconds: &wait, BeginsSeconds: 1800, EndsSeconds: 900,
			Measures: []string{"raise_bar", "acknowledge_customer"},
		}
		return n
	default:
	}
	n.Group, n.Route, n.Labels = "sample", "default", map[string]string{"survey": "after-delivery", "theme": "delivery_time"}
	n.Severity = eventsv1.Severity_CRITICAL
	alerts := []*eventsv1.AlertState{
		sampleAlert("sample-1", "legal-threat", eventsv1.Severity_CRITICAL, 0, now.Add(-12*time.Minute)),
		sampleAlert("sample-2", "detractor", eventsv1.Severity_HIGH, 2, now.Add(-35*time.Minute)),
		{
			Id: "sample-3", Episode: 1, Rule: "nps-drop", Severity: eventsv1.Severity_HIGH, State: eventsv1.AlertState_FIRING,
			Labels: map[string]string{"rule": "nps-drop", "severity": "high", "survey": "after-delivery", "theme": "delivery_time", "kind": "metric"},
			Movement: &eventsv1.Movement{
				Measure: "NPS", Figure: -4, Reference: 18.5, Answers: 212, ReferenceAnswers: 1930, PValue: 0.004,
				Window: durationpb.New(24 * time.Hour), Until: timestamppb.New(now),
			},
			RaisedAt: timestamppb.New(now.Add(-5 * time.Minute)),
		},
	}
	if kind == eventsv1.Notification_RESOLVED {
		for _, a := range alerts {
			a.State, a.Resolution = eventsv1.AlertState_RESOLVED, eventsv1.AlertState_CALLBACK_CLOSED
		}
		alerts[2].Resolution = eventsv1.AlertState_NO_LONGER_MATCHES
		n.Resolved = alerts
		return n
	}
	if kind == eventsv1.Notification_ESCALATED {
		n.Step = 2
	}
	n.Firing, n.MoreFiring = alerts, 9
	return n
}

func sampleAlert(id, rule string, severity eventsv1.Severity, score float64, since time.Time) *eventsv1.AlertState {
	return &eventsv1.AlertState{
		Id: id, Episode: 1, Rule: rule, Severity: severity, State: eventsv1.AlertState_FIRING, Survey: "after-delivery", Callback: true,
		Labels: map[string]string{
			"rule": rule, "severity": lower(severity.String()), "survey": "after-delivery", "theme": "delivery_time", "touchpoint": "delivery",
			"channel": "email", "metric": "NPS", "class": "DETRACTOR", "queue": "default", "kind": "response",
		},
		Answer:   &eventsv1.AnswerCited{Metric: eventsv1.Metric_NPS, Value: score, Class: "DETRACTOR"},
		RaisedAt: timestamppb.New(since),
	}
}

// SampleOptions are for whom a sample is put into words; customers lets it hold a made-up
// customer.
func SampleOptions(customers bool) Options {
	o := Options{Delivery: "dlv-sample", Receiver: "sample", Language: "en"}
	if customers {
		o.Customers = SampleCustomers()
	}
	return o
}

// SampleCustomers are made up; the number is one that France keeps for fiction.
func SampleCustomers() map[string]*Customer {
	return map[string]*Customer{"sample-1": {
		Name: "C. Exemple", Phone: "+33 6 39 98 00 01", Email: "client@example.org",
		Verbatims: []string{"Livré avec trois semaines de retard, je consulte un avocat."},
	}}
}
