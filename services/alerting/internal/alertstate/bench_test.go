package alertstate_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/alertstate"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// typical is an alert as most are: every label that is always there, and one of its rule's.
func typical(n int) *eventsv1.AlertChanged {
	customer := fmt.Sprintf("%026d", n)
	a := &eventsv1.AlertState{
		Id: fmt.Sprintf("a-%024x", n), Changes: 1, Episode: 1, State: eventsv1.AlertState_FIRING, Rule: "detractor", RulesVersion: "1+0a1b2c3d",
		Severity: eventsv1.Severity_HIGH, Team: "care", Notify: true, CustomerKey: customer, Bucket: "0af", Survey: "apres-livraison",
		ResponseId: fmt.Sprintf("r-%d", n), Revision: 1, AlertSequence: uint64(n), Callback: true,
		Answer:   &eventsv1.AnswerCited{Metric: eventsv1.Metric_NPS, Value: 2, Class: "DETRACTOR"},
		RaisedAt: timestamppb.New(t0), UpdatedAt: timestamppb.New(t0), ExpiresAt: timestamppb.New(t0.Add(alertstate.Longest)),
		Labels: map[string]string{
			"kind": "response", "rule": "detractor", "severity": "high", "team": "care", "survey": "apres-livraison", "touchpoint": "delivery",
			"channel": "email", "theme": "delivery_time", "dimension": "responsiveness_after_sales", "customer": customer, "metric": "NPS",
			"class": "detractor", "queue": "default", "region": "IDF",
		},
	}
	return &eventsv1.AlertChanged{EventId: a.Id + "-1-0123456789abcdef", At: a.RaisedAt, Type: eventsv1.AlertChanged_RAISED, Alert: a}
}

// BenchmarkStanding measures what an alert that stands costs a replica in memory, and how
// fast they are read at the start.
func BenchmarkStanding(b *testing.B) {
	const many = 50_000
	on := testkit.Bus(b)
	for n := range many {
		e := typical(n)
		_, err := on.Append(b.Context(), bus.Event{Subject: subject.AlertState(e.GetAlert().GetId()), ID: e.GetEventId(), Body: e})
		require.NoError(b, err)
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for b.Loop() {
		before, began := heap(), time.Now()
		r := alertstate.New(alertstate.Options{Bus: on, Log: zap.NewNop(), Clock: clock.NewManual(t0)})
		stop := follow(b, r)
		took := time.Since(began)
		stop()
		b.ReportMetric(float64(heap()-before)/many, "B/alert")
		b.ReportMetric(many/took.Seconds(), "alerts/s")
		runtime.KeepAlive(r)
	}
}
