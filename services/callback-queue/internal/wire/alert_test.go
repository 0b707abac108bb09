package wire_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/wire"
)

var raisedAt = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

func raised() *eventsv1.AlertRaised {
	nps := 2.0
	return &eventsv1.AlertRaised{
		EventId: "e-1", AlertId: "a-1", RaisedAt: timestamppb.New(raisedAt), Rule: "detractor",
		Callback: &eventsv1.CallbackPlan{
			Queue: "care", Priority: 50, Skills: []string{"refunds"}, FirstAttemptWithin: durationpb.New(2 * time.Hour),
		},
		Scored: &eventsv1.ResponseScored{Received: &eventsv1.ResponseReceived{
			Revision: 3, CustomerKey: "abcdefghijklmnopqrstuvwxyz",
			Response: &eventsv1.Response{
				Id: "r-1", Survey: "apres-livraison", Channel: "email", Touchpoint: "delivery",
				Customer: &eventsv1.Customer{
					Id: "C-1", Name: "Invented Name", Phone: "+33612345678", Email: "a@example.org",
					Language: "fr", TimeZone: "Europe/Paris",
				},
				Answers: []*eventsv1.Answer{
					{Metric: eventsv1.Metric_NPS, Value: &nps},
					{Verbatim: "Livré en retard."},
					{Verbatim: "Et personne au téléphone."},
				},
				SubmittedAt: timestamppb.New(raisedAt.Add(-time.Minute)),
			},
		}},
		Answer: &eventsv1.AnswerScore{
			Metric: eventsv1.Metric_NPS, Value: 2, Class: eventsv1.Class_DETRACTOR, Satisfaction: 20,
			Scale: &eventsv1.Scale{Max: 10},
		},
	}
}

func TestARaisedAlertIsTakenWhole(t *testing.T) {
	t.Parallel()
	require.Equal(t, callback.Alert{
		AlertID: "a-1", Rule: "detractor", Revision: 3, CustomerKey: "abcdefghijklmnopqrstuvwxyz",
		Customer: callback.Customer{
			ID: "C-1", Name: "Invented Name", Phone: "+33612345678", Email: "a@example.org",
			Language: "fr", TimeZone: "Europe/Paris",
		},
		Reason: callback.Reason{
			Survey: "apres-livraison", ResponseID: "r-1", Metric: callback.NPS, Class: callback.Detractor,
			Value: 2, HasValue: true, Scale: callback.Scale{Max: 10}, Satisfaction: 20,
			Verbatim: "Livré en retard.\nEt personne au téléphone.", Channel: "email", Touchpoint: "delivery",
			SubmittedAt: raisedAt.Add(-time.Minute), Priority: 50,
		},
		Queue: "care", Skills: []string{"refunds"}, Language: "fr", RaisedAt: raisedAt, FirstAttemptWithin: 2 * time.Hour,
	}, wire.Raised(raised()))
}

func TestAnAlertAboutNoMetricHasNoValue(t *testing.T) {
	t.Parallel()
	m := raised()
	m.Answer, m.RaisedAt = nil, nil
	m.Callback.FirstAttemptWithin = nil
	got := wire.Raised(m)
	require.False(t, got.Reason.HasValue)
	require.Empty(t, got.Reason.Metric)
	require.Empty(t, got.Reason.Class)
	require.Zero(t, got.Reason.Scale)
	require.Zero(t, got.RaisedAt)
	require.Zero(t, got.FirstAttemptWithin)
}

func TestAnEmptyAlertIsNoPanic(t *testing.T) {
	t.Parallel()
	require.Zero(t, wire.Raised(&eventsv1.AlertRaised{}).AlertID)
}
