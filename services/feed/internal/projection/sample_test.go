package projection

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// The events that the documentation's examples are made of: one customer's story.

const (
	customer = "q7m2k4x5c3zjv6o2ptn4wydeha"
	care     = "care"
	survey   = "apres-livraison"
)

func at(minutes int) *timestamppb.Timestamp {
	return timestamppb.New(time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC).Add(time.Duration(minutes) * time.Minute))
}

func projector() *Projector {
	return &Projector{Source: "/rappel", Attributes: []string{"segment"}, Pseudonyms: NewPseudonyms([]byte("a secret of the tests alone"))}
}

func origin(stream, id string) Origin { return Origin{Stream: stream, Sequence: 1, ID: id} }

func sampleReceived(revision uint32) *eventsv1.ResponseReceived {
	return &eventsv1.ResponseReceived{
		EventId: "received", ReceivedAt: at(int(revision) - 1), Revision: revision, CustomerKey: customer, Bucket: "0af",
		Response: &eventsv1.Response{
			Id: "r-1001", Survey: survey, Channel: "email", Touchpoint: "delivery", SubmittedAt: at(-1), CallbackRequested: true,
			Customer:   &eventsv1.Customer{Id: "C-1042", Name: "Invented Name", Phone: "+33639981234", Email: "invented@example.org"},
			Answers:    []*eventsv1.Answer{{Metric: eventsv1.Metric_NPS, Value: proto.Float64(2)}, {Verbatim: "Livré en retard, remboursez-moi."}},
			Attributes: map[string]string{"segment": "pro", "order": "1042"},
		},
	}
}

func sampleScored(correction uint32) *eventsv1.ResponseScored {
	return &eventsv1.ResponseScored{
		EventId: "scored", ScoredAt: at(0), Received: sampleReceived(1), ScorerVersion: "1", Correction: correction,
		Score: &eventsv1.Score{
			WorstClass: eventsv1.Class_DETRACTOR, WorstSatisfaction: 20, Priority: 74,
			Answers: []*eventsv1.AnswerScore{sampleAnswer()}, Verbatims: []*eventsv1.VerbatimAnalysis{sampleAnalysis(correction > 0)},
			PriorityParts: []*eventsv1.PriorityPart{
				{Factor: "class", Points: 35}, {Factor: "satisfaction", Points: 12}, {Factor: "sentiment", Points: 19}, {Factor: "intents", Points: 8},
			},
		},
	}
}

func sampleAnalysis(corrected bool) *eventsv1.VerbatimAnalysis {
	v := &eventsv1.VerbatimAnalysis{
		Status: eventsv1.VerbatimAnalysis_ANALYSED, Language: "fr", Version: "lexicon-183c1e18 base-5c0f2a11", Themes: sampleThemes(),
		Sentiment: &eventsv1.Sentiment{
			Label: eventsv1.Sentiment_NEGATIVE, Negative: 0.96, Neutral: 0.03, Positive: 0.01,
			Evidence: []*eventsv1.Evidence{{Start: 6, End: 15, Entry: "en retard", Polarity: -1.5}},
		},
		Intents: []*eventsv1.IntentFound{{Intent: eventsv1.Intent_REFUND_ASKED, Evidence: []*eventsv1.Evidence{{Entry: "rembourser"}}}},
	}
	if corrected {
		v.Status, v.CorrectedBy = eventsv1.VerbatimAnalysis_CORRECTED, "sam"
		v.Sentiment = &eventsv1.Sentiment{Label: eventsv1.Sentiment_NEGATIVE, Negative: 1}
	}
	return v
}

func sampleThemes() []*eventsv1.ThemeFound {
	return []*eventsv1.ThemeFound{{
		Dimension: eventsv1.Dimension_RESPONSIVENESS_AFTER_SALES, Theme: "delivery_time", Polarity: eventsv1.Sentiment_NEGATIVE,
		Evidence: []*eventsv1.Evidence{{Start: 6, End: 15, Entry: "en retard"}},
	}}
}

func sampleAnswer() *eventsv1.AnswerScore {
	return &eventsv1.AnswerScore{
		Metric: eventsv1.Metric_NPS, Value: 2, Scale: &eventsv1.Scale{Max: 10}, Class: eventsv1.Class_DETRACTOR, Satisfaction: 20,
		Rule: "NPS 0-10: below 65 is DETRACTOR",
	}
}

func sampleRaised() *eventsv1.AlertRaised {
	return &eventsv1.AlertRaised{
		EventId: "raised", AlertId: "alert", RaisedAt: at(0), Rule: "detractor", Scored: sampleScored(0), Answer: sampleAnswer(),
		Severity: eventsv1.Severity_HIGH, Callback: &eventsv1.CallbackPlan{Queue: care, Priority: 60},
		Team: "lille", Labels: map[string]string{"region": "IDF", "owner": "Sam Exemple, 4e étage"},
	}
}

func sampleFallback(active bool) *eventsv1.FallbackChanged {
	e := &eventsv1.FallbackChanged{
		EventId: "busy-1", Name: "busy", Changes: 1, At: at(0), Active: true, Queue: care, WaitSeconds: proto.Float64(15300),
		BeginsSeconds: 14400, EndsSeconds: 7200, RulesVersion: "2+00000000", Measures: []string{"raise_bar", "tell"}, Tell: []string{"care-lead"},
	}
	if !active {
		e.EventId, e.Changes, e.At, e.Active, e.WaitSeconds = "busy-2", 2, at(95), false, proto.Float64(6600)
	}
	return e
}

func sampleResolved() *eventsv1.AlertResolved {
	return &eventsv1.AlertResolved{EventId: "resolved", AlertId: "alert", ResolvedAt: at(3), Rule: "detractor", Scored: sampleScored(0)}
}

// sampleStates are an alert's events of which the feed tells, and those of a metric's.
func sampleStates() []*eventsv1.AlertChanged {
	of := func(t eventsv1.AlertChanged_Type, s eventsv1.AlertState_State, n int) *eventsv1.AlertChanged {
		return &eventsv1.AlertChanged{EventId: fmt.Sprintf("state-%d", n), At: at(n), Type: t, Alert: &eventsv1.AlertState{
			Id: "alert", Changes: uint64(n), Episode: 1, State: s, Rule: "detractor", Severity: eventsv1.Severity_HIGH, Team: "lille",
			CustomerKey: customer, Survey: survey, ResponseId: "r-1001", Revision: 1, RaisedAt: at(0), Labels: map[string]string{"owner": "Sam Exemple"},
		}}
	}
	held := of(eventsv1.AlertChanged_ACKNOWLEDGED, eventsv1.AlertState_ACKNOWLEDGED, 2)
	held.By, held.Alert.Acknowledgement = "amina", &eventsv1.Acknowledgement{By: "amina", At: at(2), Until: at(122), Comment: "Je rappelle."}
	closed := of(eventsv1.AlertChanged_RESOLVED, eventsv1.AlertState_RESOLVED, 4)
	closed.By, closed.Alert.Resolution, closed.Alert.ResolvedBy, closed.Alert.Comment = "amina", eventsv1.AlertState_BY_HAND, "amina", "Réglé."
	moved := of(eventsv1.AlertChanged_RAISED, eventsv1.AlertState_FIRING, 5)
	back := of(eventsv1.AlertChanged_RESOLVED, eventsv1.AlertState_RESOLVED, 6)
	for _, e := range []*eventsv1.AlertChanged{moved, back} {
		e.Alert.Id, e.Alert.Rule, e.Alert.CustomerKey, e.Alert.ResponseId, e.Alert.Revision = "metric", "nps_falls", "", "", 0
		e.Alert.Movement = &eventsv1.Movement{
			Measure: "NPS", Figure: 12.5, Reference: 31, Answers: 240, ReferenceAnswers: 1100, PValue: 0.002, Window: durationpb.New(24 * time.Hour),
			Until: at(5), Series: map[string]string{"survey": survey, "touchpoint": "Livraison à domicile"},
		}
	}
	moved.Alert.RaisedAt, back.Alert.Movement.Figure, back.Alert.Resolution = at(5), 29, eventsv1.AlertState_NO_LONGER_MATCHES
	return []*eventsv1.AlertChanged{held, of(eventsv1.AlertChanged_UNACKNOWLEDGED, eventsv1.AlertState_FIRING, 3), closed, moved, back}
}

func sampleAnswered() *eventsv1.FollowUpAnswered {
	s := sampleScored(0)
	s.Received.Response.Id, s.Received.Response.Survey, s.Received.Response.CallbackId = "r-2002", "apres-rappel", customer+"-1"
	s.Received.Response.SubmittedAt, s.Received.Response.CallbackRequested = at(1500), false
	return &eventsv1.FollowUpAnswered{EventId: "answered", AnsweredAt: at(1501), Scored: s}
}

// sampleCallback is a callback as it may stand after an event of a type.
func sampleCallback(t eventsv1.CallbackEvent_Type) *eventsv1.CallbackEvent {
	c := &eventsv1.Callback{
		Id: customer + "-1", CustomerKey: customer, Number: 1, State: eventsv1.Callback_PENDING, Queue: care, Priority: 84,
		Customer: sampleReceived(1).GetResponse().GetCustomer(), OpenedAt: at(0), FirstAttemptDue: at(60),
		Reasons: []*eventsv1.Reason{{
			AlertId: "alert", Rule: "detractor", Severity: eventsv1.Severity_HIGH, Survey: survey, ResponseId: "r-1001", Revision: 1,
			Metric: eventsv1.Metric_NPS, Value: proto.Float64(2), Scale: &eventsv1.Scale{Max: 10}, Class: eventsv1.Class_DETRACTOR,
			Satisfaction: proto.Float64(20), Channel: "email", Touchpoint: "delivery", SubmittedAt: at(-1), Verbatim: "Livré en retard.",
			RaisedAt: at(0), Sentiment: eventsv1.Sentiment_NEGATIVE, Themes: sampleThemes(), Intents: []eventsv1.Intent{eventsv1.Intent_REFUND_ASKED},
			RecoveryPriority: 74,
		}},
		Sla: &eventsv1.SLA{
			Policy: "pro", State: eventsv1.SLA_ON_TRACK, FirstAttempt: &eventsv1.SLA_Clock{DueAt: at(60)}, Resolution: &eventsv1.SLA_Clock{DueAt: at(480)},
		},
	}
	e := &eventsv1.CallbackEvent{
		EventId: "event-" + t.String(), EventNo: 4, Type: t, OccurredAt: at(5), Actor: "timer", CustomerKey: customer, Callback: c,
	}
	shape(e)
	return e
}
