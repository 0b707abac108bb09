package feed_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/rappel-loop/rappel/proto/feedevent"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/feed"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func TestEveryStreamIsTold(t *testing.T) {
	t.Parallel()
	r := setup(t)
	received := r.answered(1, "r-1001", 2)
	scored := &eventsv1.ResponseScored{
		EventId: "s1-e-r-1001", ScoredAt: timestamppb.New(now), Received: received,
		Score: &eventsv1.Score{WorstClass: eventsv1.Class_DETRACTOR, WorstSatisfaction: 20},
	}
	bucket := received.GetBucket()
	r.put(subject.Score("apres-livraison", bucket), "s", scored)
	r.put(subject.Alert("detractor", bucket), "a", &eventsv1.AlertRaised{
		EventId: "a-1", AlertId: "a", RaisedAt: timestamppb.New(now), Rule: "detractor", Scored: scored, Severity: eventsv1.Severity_HIGH,
		Callback: &eventsv1.CallbackPlan{Queue: "care", Priority: 60},
	})
	r.put(subject.Alert("detractor", bucket), "b", &eventsv1.AlertResolved{
		EventId: "a-2", AlertId: "a", ResolvedAt: timestamppb.New(now), Rule: "detractor", Scored: scored,
	})
	r.put(subject.Alert(subject.FollowUps, bucket), "f", &eventsv1.FollowUpAnswered{EventId: "f-1", AnsweredAt: timestamppb.New(now), Scored: scored})
	r.happened(1, 1, eventsv1.CallbackEvent_OPENED, "care")
	r.settled()

	byType := map[feedevent.Type]feedevent.Event{}
	for _, e := range r.told() {
		byType[e.Type] = e
		require.Equal(t, "1.0", e.SpecVersion)
		require.Equal(t, "application/json", e.DataContentType)
		require.Equal(t, key(1), e.PartitionKey)
		require.NotZero(t, e.Time)
	}
	require.Len(t, byType, 6)
	require.Equal(t, "/rappel/collector", byType[feedevent.ResponseReceived].Source)
	require.Equal(t, key(1), byType[feedevent.ResponseReceived].Subject)
	opened := byType[feedevent.CallbackOpened]
	require.Equal(t, key(1)+"-1", opened.Subject)
	require.Equal(t, "urn:rappel:feed:callback:v1", opened.DataSchema)
	// One response has one pseudonym, wherever it is told of; and it is not the source's id.
	answer := byType[feedevent.ResponseReceived].Data.(*feedevent.Response)
	require.Equal(t, answer.ResponseKey, byType[feedevent.AlertRaised].Data.(*feedevent.Alert).ResponseKey)
	require.Len(t, answer.ResponseKey, 26)
	raised, resolved := byType[feedevent.AlertRaised].Data.(*feedevent.Alert), byType[feedevent.AlertResolved].Data.(*feedevent.Alert)
	require.Equal(t, raised.AlertKey, resolved.AlertKey)
	var subjects []string
	for _, d := range r.stored(subject.Feed) {
		subjects = append(subjects, d.Subject)
		require.NotContains(t, string(d.Data), "r-1001")
		require.NotContains(t, string(d.Data), "Invented")
		require.NotContains(t, string(d.Data), "tard")
		require.NotContains(t, string(d.Data), "amina")
		require.Equal(t, "apres-livraison", d.Headers.Get(subject.HeaderSurveys))
		require.Equal(t, feedevent.MediaType, d.Headers.Get("Content-Type"))
	}
	require.Contains(t, subjects, subject.FeedEvent("response_received", "apres-livraison"))
	require.Contains(t, subjects, subject.FeedEvent("callback_opened", "care"))
}

// What becomes of alerts is told, but not what ALERTS tells of already.
func TestWhatBecomesOfAlertsIsTold(t *testing.T) {
	t.Parallel()
	r := setup(t)
	n := 0
	put := func(what eventsv1.AlertChanged_Type, why eventsv1.AlertState_Resolution, m *eventsv1.Movement) {
		n++
		id := fmt.Sprintf("a-%d", n)
		r.put(subject.AlertState(id), id, &eventsv1.AlertChanged{EventId: id, At: timestamppb.New(now), Type: what, By: "amina", Alert: &eventsv1.AlertState{
			Id: id, CustomerKey: key(1), Survey: "apres-livraison", ResponseId: "r-1", Resolution: why, Movement: m, Comment: "Invented",
		}})
	}
	put(eventsv1.AlertChanged_RAISED, 0, nil)
	put(eventsv1.AlertChanged_ACKNOWLEDGED, 0, nil)
	put(eventsv1.AlertChanged_RESOLVED, eventsv1.AlertState_NO_LONGER_MATCHES, nil)
	put(eventsv1.AlertChanged_RESOLVED, eventsv1.AlertState_BY_HAND, nil)
	put(eventsv1.AlertChanged_RAISED, 0, &eventsv1.Movement{Measure: "NPS"})
	put(eventsv1.AlertChanged_UPDATED, 0, &eventsv1.Movement{Measure: "NPS"})
	put(eventsv1.AlertChanged_RESOLVED, eventsv1.AlertState_NO_LONGER_MATCHES, &eventsv1.Movement{Measure: "NPS"})
	r.settled()
	types := map[feedevent.Type]feedevent.Event{}
	for _, e := range r.told() {
		types[e.Type] = e
		require.Equal(t, "person", e.Data.(*feedevent.AlertState).By)
	}
	require.Len(t, r.told(), 4)
	require.Len(t, types, 4)
	require.Equal(t, key(1), types[feedevent.AlertClosed].Subject)
	metric := types[feedevent.MetricAlertRaised]
	require.Equal(t, metric.Data.(*feedevent.AlertState).AlertKey, metric.Subject)
	require.Equal(t, metric.Subject, metric.PartitionKey)
	require.Empty(t, r.stored(subject.DeadLetters))
	for _, d := range r.stored(subject.Feed) {
		require.NotContains(t, string(d.Data), "amina")
		require.NotContains(t, string(d.Data), "Invented")
	}
}

// What a crash between the storing and the acknowledgement looks like: the same event again.
func TestAnEventDeliveredAgainIsToldOnce(t *testing.T) {
	t.Parallel()
	r := setup(t)
	received := r.answered(1, "r-1", 2)
	r.put(subject.Response("apres-livraison", received.GetBucket()), "again", received)
	r.settled()
	require.Len(t, r.stored(subject.Responses), 2)
	require.Len(t, r.told(), 1)
}

func TestPoisonBecomesADeadLetterAndStopsNobody(t *testing.T) {
	t.Parallel()
	r := setup(t)
	bucket := subject.BucketOf(key(1))
	at := timestamppb.New(now)
	r.put(subject.Response("s", bucket), "no customer", &eventsv1.ResponseReceived{ReceivedAt: at})
	r.put(subject.Response("s", bucket), "no time", &eventsv1.ResponseReceived{CustomerKey: key(1)})
	r.put(subject.Response("s", bucket), "no number", &eventsv1.ResponseReceived{
		CustomerKey: key(1), ReceivedAt: at,
		Response: &eventsv1.Response{Answers: []*eventsv1.Answer{{Metric: eventsv1.Metric_NPS, Value: proto.Float64(math.NaN())}}},
	})
	r.put(subject.Callback(bucket, key(1)), "newer", &eventsv1.CallbackEvent{CustomerKey: key(1), OccurredAt: at, Type: 4711})
	r.put(subject.Callback(bucket, key(1)), "foreign", &eventsv1.DeadLetter{})
	_, err := r.bus.JetStream().Publish(t.Context(), subject.Response("s", bucket), []byte("no event"))
	require.NoError(t, err)
	r.answered(1, "r-1", 2)
	r.settled()
	require.Len(t, r.told(), 1)
	reasons := map[string]int{}
	for _, d := range r.stored(subject.DeadLetters) {
		letter := &eventsv1.DeadLetter{}
		require.NoError(t, d.Decode(letter))
		reasons[letter.GetReason()]++
	}
	require.Equal(t, map[string]int{"unprojectable": 3, "unknown_type": 3}, reasons)
}

// The secret is made once: pseudonyms are the same at every replica and after every restart.
func TestPseudonymsOutliveTheProcess(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	one, two := start(t, b), start(t, b)
	one.answered(1, "r-1", 2)
	one.settled()
	one.stop()
	two.stop()
	three := start(t, b)
	again := three.answered(1, "r-1", 2)
	again.EventId, again.Revision = "e-r-1-2", 2
	three.put(subject.Response("apres-livraison", again.GetBucket()), "2", again)
	three.settled()
	told := three.told()
	require.Len(t, told, 2)
	require.Equal(t, feedevent.ResponseCorrected, told[1].Type)
	require.Equal(t, told[0].Data.(*feedevent.Response).ResponseKey, told[1].Data.(*feedevent.Response).ResponseKey)
	require.Len(t, three.stored(subject.FeedKeys), 1)
}

// Replicas come and go while events come: each customer's stand in FEED in their order, once.
func TestOrderAcrossReplicasAndRestarts(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	const customers, events = 20, 60
	replicas := []replica{start(t, b), start(t, b)}
	l := loop{t, b}
	for no := uint64(1); no <= events; no++ {
		for c := range customers {
			l.happened(c, no, eventsv1.CallbackEvent_ENRICHED, "care")
		}
		if no%20 == 0 {
			replicas[0].stop()
			replicas = append(replicas[1:], start(t, b))
		}
	}
	l.settled()
	requireOrder(t, l.told(), customers, events)
}

func requireOrder(t *testing.T, told []feedevent.Event, customers, events int) {
	t.Helper()
	last := map[string]uint64{}
	for _, e := range told {
		no := e.Data.(*feedevent.Callback).EventNo
		require.Equal(t, last[e.PartitionKey]+1, no, e.PartitionKey)
		last[e.PartitionKey] = no
	}
	require.Len(t, last, customers)
	require.Len(t, told, customers*events)
}

func TestConfigAndDepsAreChecked(t *testing.T) {
	t.Parallel()
	require.NoError(t, feed.DefaultConfig().Validate())
	bad := feed.DefaultConfig()
	bad.Attributes, bad.Source, bad.MaxSubscribers, bad.Heartbeat, bad.Lanes = []string{""}, "", 0, 1, 0
	for _, field := range []string{"attributes", "source", "max_subscribers", "heartbeat", "lanes"} {
		require.ErrorContains(t, bad.Validate(), field)
	}
	for i := range 51 {
		bad.Attributes = append(bad.Attributes, fmt.Sprint(i))
	}
	require.ErrorContains(t, bad.Validate(), "more than 50")
}

// A fallback is about no customer: its name stands where the customer's key does.
func TestFallbacksAreTold(t *testing.T) {
	t.Parallel()
	r := setup(t)
	for n, active := range []bool{true, false} {
		e := &eventsv1.FallbackChanged{
			EventId: fmt.Sprintf("busy-%d", n+1), Name: "busy", Changes: uint64(n + 1), At: timestamppb.New(now), Active: active, Queue: "care",
			WaitSeconds: proto.Float64(15300), Measures: []string{"raise_bar", "not a name"}, Tell: []string{"lead"},
		}
		r.put(subject.Fallback("busy"), e.GetEventId(), e)
	}
	r.settled()
	told := r.told()
	require.Len(t, told, 2)
	require.Equal(t, []feedevent.Type{feedevent.FallbackBegan, feedevent.FallbackEnded}, []feedevent.Type{told[0].Type, told[1].Type})
	require.Equal(t, "busy", told[0].Subject)
	require.Equal(t, "busy", told[0].PartitionKey)
	require.Equal(t, "urn:rappel:feed:fallback:v1", told[0].DataSchema)
	require.Equal(t, []string{"raise_bar"}, told[0].Data.(*feedevent.Fallback).Measures)
	stored := r.stored(subject.Feed)
	require.Equal(t, subject.FeedEvent("fallback_began", "care"), stored[0].Subject)
	require.Equal(t, "care", stored[0].Headers.Get(subject.HeaderQueue))
	require.NotContains(t, string(stored[0].Data), "lead")
}
