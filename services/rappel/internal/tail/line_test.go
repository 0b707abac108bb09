package tail_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/rappel/internal/tail"
)

const key = "abcdefghijklmnopqrstuvwxyz"

var noon = time.Date(2026, 11, 9, 12, 0, 0, 123e6, time.UTC)

// private is everything about the customer that no line may show.
var private = []string{"C-1042", "Clavecin", "+33199004112", "paulette@example.com", "secret words", "secret note", "secret cause"}

func response() *eventsv1.ResponseReceived {
	return &eventsv1.ResponseReceived{
		CustomerKey: key, Bucket: "abc", Revision: 2,
		Response: &eventsv1.Response{
			Id: "r-1", Survey: "apres-livraison", Channel: "email", Touchpoint: "delivery", CallbackRequested: true,
			Customer: &eventsv1.Customer{Id: "C-1042", Name: "Mme Clavecin", Phone: "+33199004112", Email: "paulette@example.com"},
			Answers: []*eventsv1.Answer{
				{Metric: eventsv1.Metric_NPS, Value: proto.Float64(2)},
				{Metric: eventsv1.Metric_CSAT, Value: proto.Float64(7.5), Scale: &eventsv1.Scale{Min: 1, Max: 10}},
				{Verbatim: "secret words"},
			},
			Attributes: map[string]string{"note": "secret note"},
		},
	}
}

func scored() *eventsv1.ResponseScored {
	return &eventsv1.ResponseScored{Received: response(), Score: &eventsv1.Score{
		Answers:    []*eventsv1.AnswerScore{{Metric: eventsv1.Metric_NPS, Value: 2, Scale: &eventsv1.Scale{Max: 10}, Class: eventsv1.Class_DETRACTOR}},
		WorstClass: eventsv1.Class_DETRACTOR, Verbatims: []*eventsv1.VerbatimAnalysis{{}},
	}}
}

// about is the scored answer to a follow-up survey.
func about(callback string) *eventsv1.ResponseScored {
	s := scored()
	s.Received.Response.CallbackId = callback
	return s
}

func called(t eventsv1.CallbackEvent_Type, s eventsv1.Callback_State) *eventsv1.CallbackEvent {
	return &eventsv1.CallbackEvent{Type: t, CustomerKey: key, Actor: "amina", Callback: &eventsv1.Callback{
		Id: key + "-1", State: s, Queue: "general", Priority: 80, Customer: response().GetResponse().GetCustomer(),
		Reasons:  []*eventsv1.Reason{{Verbatim: "secret words"}, {}},
		Holder:   &eventsv1.Holder{AgentId: "amina"},
		Attempts: []*eventsv1.Attempt{{Outcome: eventsv1.Attempt_NO_ANSWER, Note: "secret note"}},
		WrapUp:   &eventsv1.WrapUp{Outcome: eventsv1.WrapUp_RESOLVED, RootCause: "secret cause", Note: "secret note"},
	}}
}

// rang is an event of the SLA.
func rang(t eventsv1.CallbackEvent_Type, cause string) *eventsv1.CallbackEvent {
	e := called(t, eventsv1.Callback_PENDING)
	e.Actor, e.Cause = "timer", cause
	e.Callback.Escalated = &eventsv1.Escalation{By: "timer", Role: "director"}
	e.Callback.Sla = &eventsv1.SLA{
		FirstAttempt: &eventsv1.SLA_Clock{DueAt: timestamppb.New(noon.Add(time.Hour))},
		Resolution:   &eventsv1.SLA_Clock{DueAt: timestamppb.New(noon.Add(24 * time.Hour))},
	}
	return e
}

// followed is an event about how it went.
func followed(t eventsv1.CallbackEvent_Type, s eventsv1.Callback_State, change func(*eventsv1.CallbackEvent)) *eventsv1.CallbackEvent {
	e := called(t, s)
	e.Actor, e.Cause, e.Callback.Holder = "follow-up", "secret cause", nil
	e.Callback.FollowUp = &eventsv1.FollowUp{Survey: "apres-rappel", AskAt: timestamppb.New(noon), AskedAt: timestamppb.New(noon)}
	e.Callback.Recovery = &eventsv1.Recovery{
		Survey: "apres-rappel", ResponseId: "r-1", Metric: eventsv1.Metric_NPS, Before: proto.Float64(20), After: proto.Float64(89.6),
		Class: eventsv1.Class_PROMOTER, Verbatim: "secret words",
	}
	e.Callback.Reopened = &eventsv1.Reopening{Times: 1, By: e.GetActor(), Reason: "secret words"}
	change(e)
	return e
}

// ended is the end of one of the customer's slots, after which there are others.
func ended(left int, notBefore *timestamppb.Timestamp) *eventsv1.CallbackEvent {
	e := called(eventsv1.CallbackEvent_SLOT_ENDED, eventsv1.Callback_PENDING)
	e.Callback.Holder, e.Callback.NotBefore, e.Callback.Slots = nil, notBefore, make([]*eventsv1.Slot, left)
	for i := range e.GetCallback().GetSlots() {
		e.Callback.Slots[i] = &eventsv1.Slot{}
	}
	return e
}

// stands is a change of an alert of which somebody has said something.
func stands(t eventsv1.AlertChanged_Type) *eventsv1.AlertChanged {
	return &eventsv1.AlertChanged{Type: t, By: "amina", Alert: &eventsv1.AlertState{
		Id: "a-1", Rule: "detractor", Severity: eventsv1.Severity_HIGH, CustomerKey: key, Survey: "apres-livraison", Revision: 2,
		ResponseId: "C-1042", Labels: map[string]string{"note": "secret note"}, Resolution: eventsv1.AlertState_BY_HAND, Comment: "secret words",
		Acknowledgement: &eventsv1.Acknowledgement{By: "amina", Comment: "secret cause"},
	}}
}

// told is what people are told of a group of alerts.
func told() *eventsv1.Notification {
	return &eventsv1.Notification{
		Id: "n-1", Kind: eventsv1.Notification_ESCALATED, Route: "care", Severity: eventsv1.Severity_HIGH, Step: 2,
		Labels:     map[string]string{"note": "secret note"},
		Firing:     []*eventsv1.AlertState{stands(eventsv1.AlertChanged_RAISED).GetAlert()},
		MoreFiring: 22, Resolved: []*eventsv1.AlertState{stands(eventsv1.AlertChanged_RESOLVED).GetAlert()},
	}
}

// sent is a delivery of that, tried twice.
func sent(s eventsv1.Delivery_State) *eventsv1.DeliveryChanged {
	return &eventsv1.DeliveryChanged{Delivery: &eventsv1.Delivery{
		Id: "d-1", Receiver: "ops", Kind: "webhook", State: s, Notification: told(), Tries: 2, NextAt: timestamppb.New(noon.Add(time.Minute)),
		Attempts: []*eventsv1.DeliveryAttempt{{}, {Status: 503, Error: "secret words"}},
	}}
}

func delivery(t testing.TB, stream string, m proto.Message) bus.Delivery {
	t.Helper()
	data, err := proto.Marshal(m)
	require.NoError(t, err)
	return bus.Delivery{
		Stream: stream, Sequence: 7, Subject: "rappel.v1.x.abc", Time: noon, Data: data,
		Type: string(m.ProtoReflect().Descriptor().FullName()),
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	answer := &eventsv1.AnswerScore{Metric: eventsv1.Metric_NPS, Value: 2, Scale: &eventsv1.Scale{Max: 10}, Class: eventsv1.Class_DETRACTOR}
	for _, c := range []struct {
		stream string
		event  proto.Message
		want   string
	}{
		{"RESPONSES", response(), "12:00:00.123  abcdefgh  response  revised          apres-livraison · revision 2 · NPS 2, CSAT 7.5 of 1–10 · 1 verbatim · asks to be called · email"},
		{"SCORES", scored(), "12:00:00.123  abcdefgh  score     scored           apres-livraison · revision 2 · NPS 2 of 0–10 detractor · 1 verbatim"},
		{
			"ALERTS", &eventsv1.AlertRaised{Rule: "detractor", Scored: scored(), Answer: answer, Callback: &eventsv1.CallbackPlan{Queue: "general", Priority: 60}},
			"12:00:00.123  abcdefgh  alert     raised           apres-livraison · revision 2 · rule detractor · NPS 2 of 0–10 detractor · queue general · priority 60",
		},
		{
			"ALERTS", &eventsv1.AlertRaised{Rule: "threat", Severity: eventsv1.Severity_CRITICAL, Scored: scored()},
			"12:00:00.123  abcdefgh  alert     raised           apres-livraison · revision 2 · rule threat · severity critical",
		},
		{
			"ALERTS", &eventsv1.AlertRaised{Rule: "detractor", Severity: eventsv1.Severity_MEDIUM, Scored: scored()},
			"12:00:00.123  abcdefgh  alert     raised           apres-livraison · revision 2 · rule detractor",
		},
		{
			"ALERTS", &eventsv1.AlertRaised{Rule: "detractor", HeldBack: eventsv1.AlertRaised_FATIGUE, Scored: scored()},
			"12:00:00.123  abcdefgh  alert     raised           apres-livraison · revision 2 · rule detractor · held back: fatigue",
		},
		{
			"ALERTS", &eventsv1.AlertRaised{Rule: "detractor", Fallback: "busy", Scored: scored()},
			"12:00:00.123  abcdefgh  alert     raised           apres-livraison · revision 2 · rule detractor · fallback busy · held back: fallback",
		},
		{
			"ALERTS", &eventsv1.AlertRaised{Rule: "detractor", Fallback: "busy", Scored: scored(), Callback: &eventsv1.CallbackPlan{Queue: "overflow"}},
			"12:00:00.123  abcdefgh  alert     raised           apres-livraison · revision 2 · rule detractor · fallback busy · queue overflow",
		},
		{
			"FALLBACKS", &eventsv1.FallbackChanged{Name: "busy", Active: true, Queue: "care", WaitSeconds: proto.Float64(15300)},
			"12:00:00.123            fallback  began            fallback busy · predicted wait 4h15m0s · queue care",
		},
		{"FALLBACKS", &eventsv1.FallbackChanged{Name: "busy", Queue: "care"}, "12:00:00.123            fallback  ended            fallback busy · queue care"},
		{"ALERTS", &eventsv1.AlertResolved{Rule: "detractor", Scored: scored()}, "12:00:00.123  abcdefgh  alert     resolved         apres-livraison · revision 2 · rule detractor · detractor"},
		{
			"CALLBACKS", called(eventsv1.CallbackEvent_ATTEMPT_ENDED, eventsv1.Callback_PENDING),
			"12:00:00.123  abcdefgh  callback  attempt_ended    pending · agent amina · no_answer · 2 reasons · queue general · priority 80 · " + key + "-1",
		},
		{
			"CALLBACKS", called(eventsv1.CallbackEvent_COMPLETED, eventsv1.Callback_COMPLETED),
			"12:00:00.123  abcdefgh  callback  completed        completed · agent amina · resolved · 2 reasons · queue general · priority 80 · " + key + "-1",
		},
		{
			"CALLBACKS", rang(eventsv1.CallbackEvent_SLA_WARNED, "FIRST_ATTEMPT"),
			"12:00:00.123  abcdefgh  callback  sla_warned       first attempt due 9 Nov 13:00 · pending · agent amina · 2 reasons · queue general · priority 80 · " + key + "-1",
		},
		{
			"CALLBACKS", rang(eventsv1.CallbackEvent_SLA_BREACHED, "RESOLUTION"),
			"12:00:00.123  abcdefgh  callback  sla_breached     resolution due 10 Nov 12:00 · pending · agent amina · 2 reasons · queue general · priority 80 · " + key + "-1",
		},
		{
			"CALLBACKS", rang(eventsv1.CallbackEvent_SLA_ESCALATED, "RESOLUTION"),
			"12:00:00.123  abcdefgh  callback  sla_escalated    resolution due 10 Nov 12:00 · director should know · pending · agent amina · 2 reasons · queue general · priority 80 · " + key + "-1",
		},
		{
			"CALLBACKS", rang(eventsv1.CallbackEvent_SLA_WARNED, "secret cause"),
			"12:00:00.123  abcdefgh  callback  sla_warned       pending · agent amina · 2 reasons · queue general · priority 80 · " + key + "-1",
		},
		{
			"CALLBACKS", ended(0, nil),
			"12:00:00.123  abcdefgh  callback  slot_ended       no slot left · pending · 2 reasons · queue general · priority 80 · " + key + "-1",
		},
		{
			"CALLBACKS", ended(1, nil),
			"12:00:00.123  abcdefgh  callback  slot_ended       1 slot left · pending · 2 reasons · queue general · priority 80 · " + key + "-1",
		},
		{
			"CALLBACKS", ended(2, timestamppb.New(noon.Add(21*time.Hour))),
			"12:00:00.123  abcdefgh  callback  slot_ended       2 slots left · not before 10 Nov 09:00 · pending · 2 reasons · queue general · priority 80 · " + key + "-1",
		},
		{
			"CALLBACKS", followed(eventsv1.CallbackEvent_FOLLOW_UP_ASKED, eventsv1.Callback_COMPLETED, func(*eventsv1.CallbackEvent) {}),
			"12:00:00.123  abcdefgh  callback  follow_up_asked  apres-rappel · completed · 2 reasons · queue general · priority 80 · " + key + "-1",
		},
		{
			"CALLBACKS", followed(eventsv1.CallbackEvent_FOLLOWED_UP, eventsv1.Callback_COMPLETED, func(*eventsv1.CallbackEvent) {}),
			"12:00:00.123  abcdefgh  callback  followed_up      apres-rappel · NPS 20 → 90 promoter · completed · 2 reasons · queue general · priority 80 · " + key + "-1",
		},
		{
			"CALLBACKS", followed(eventsv1.CallbackEvent_FOLLOWED_UP, eventsv1.Callback_COMPLETED, func(e *eventsv1.CallbackEvent) {
				e.Callback.Recovery = &eventsv1.Recovery{Survey: "apres-rappel", Verbatim: "secret words"}
			}),
			"12:00:00.123  abcdefgh  callback  followed_up      apres-rappel · satisfaction none → none · completed · 2 reasons · queue general · priority 80 · " + key + "-1",
		},
		{
			"CALLBACKS", followed(eventsv1.CallbackEvent_REOPENED, eventsv1.Callback_PENDING, func(e *eventsv1.CallbackEvent) {
				e.Callback.Recovery.After, e.Callback.Recovery.Class = proto.Float64(0), eventsv1.Class_DETRACTOR
			}),
			"12:00:00.123  abcdefgh  callback  reopened         apres-rappel · by follow-up · NPS 20 → 0 detractor · pending · 2 reasons · queue general · priority 80 · " + key + "-1",
		},
		{
			"CALLBACKS", followed(eventsv1.CallbackEvent_REOPENED, eventsv1.Callback_PENDING, func(e *eventsv1.CallbackEvent) { e.Callback.Recovery = nil }),
			"12:00:00.123  abcdefgh  callback  reopened         by follow-up · pending · 2 reasons · queue general · priority 80 · " + key + "-1",
		},
		{
			"CALLBACKS", followed(eventsv1.CallbackEvent_REOPENED, eventsv1.Callback_PENDING, func(e *eventsv1.CallbackEvent) { e.Actor = "sam" }),
			"12:00:00.123  abcdefgh  callback  reopened         pending · 2 reasons · queue general · priority 80 · " + key + "-1",
		},
		{
			"CALLBACKS", called(99, eventsv1.Callback_PENDING),
			"12:00:00.123  abcdefgh  callback  99               pending · agent amina · 2 reasons · queue general · priority 80 · " + key + "-1",
		},
		{
			"ALERTS", &eventsv1.FollowUpAnswered{Scored: about(key + "-1")},
			"12:00:00.123  abcdefgh  alert     answered         apres-livraison · revision 2 · NPS 2 of 0–10 detractor · 1 verbatim · " + key + "-1",
		},
		{"ALERTS", &eventsv1.FollowUpAnswered{}, "12:00:00.123            alert     answered"},
		{"ALERTS", &eventsv1.Scale{}, "12:00:00.123            alert     stored"},
		{"CALLBACKS", &eventsv1.CallbackEvent{Type: eventsv1.CallbackEvent_ALERT_NOTED, CustomerKey: key}, "12:00:00.123  abcdefgh  callback  alert_noted"},
		{
			"DEAD_LETTERS", &eventsv1.DeadLetter{Stream: "SCORES", Sequence: 9, Consumer: "alerting", Reason: "undecodable", Detail: "secret note", Body: []byte("secret words")},
			"12:00:00.123            dead      dead             because undecodable in alerting at SCORES 9",
		},
		{"DEAD_LETTERS", &eventsv1.Redrive{Letter: 7}, "12:00:00.123            dead      redriven         DEAD_LETTERS 7 to abc"},
		{
			"CORRECTIONS", &eventsv1.AnalysisCorrected{
				CustomerKey: key, Survey: "apres-livraison", ResponseId: "secret note", Text: "secret words", By: "secret cause", Number: 3,
				Correction: &eventsv1.Correction{
					Sentiment: eventsv1.Sentiment_NEGATIVE, Themes: &eventsv1.Correction_Themes{Themes: []*eventsv1.ThemeFound{{Theme: "delivery"}}},
					Intents: &eventsv1.Correction_Intents{Intents: []eventsv1.Intent{eventsv1.Intent_CHURN_RISK}},
				},
			},
			"12:00:00.123  abcdefgh  correct   corrected        apres-livraison · correction 3 · negative · churn_risk · about delivery",
		},
		{"CORRECTIONS", &eventsv1.AnalysisCorrected{}, "12:00:00.123            correct   corrected"},
		{
			"ALERT_STATES", stands(eventsv1.AlertChanged_ACKNOWLEDGED),
			"12:00:00.123  abcdefgh  state     acknowledged     apres-livraison · revision 2 · rule detractor · severity high · alert a-1",
		},
		{
			"ALERT_STATES", stands(eventsv1.AlertChanged_RESOLVED),
			"12:00:00.123  abcdefgh  state     resolved         apres-livraison · revision 2 · rule detractor · severity high · by_hand · alert a-1",
		},
		{
			"ALERT_STATES", &eventsv1.AlertChanged{Type: eventsv1.AlertChanged_RAISED, Alert: &eventsv1.AlertState{Id: "a-2", Rule: "nps_drops"}},
			"12:00:00.123            state     raised           rule nps_drops · alert a-2",
		},
		{
			"NOTIFICATIONS", &eventsv1.GroupNotified{Receivers: []string{"ops", "director"}, Notification: told()},
			"12:00:00.123            notice    escalated        severity high · to ops, director · route care · 23 standing · 1 resolved · step 2 · notification n-1",
		},
		{
			"NOTIFICATIONS", &eventsv1.GroupNotified{Group: &eventsv1.GroupState{Route: "care", Firing: []string{"a-1/1"}, Labels: map[string]string{"x": "secret note"}}},
			"12:00:00.123            notice    noted            route care · 1 standing",
		},
		{
			"NOTIFICATIONS", &eventsv1.GroupNotified{Receivers: []string{"ops"}, Notification: &eventsv1.Notification{
				Id: "n-2", Kind: eventsv1.Notification_FALLBACK, Fallback: &eventsv1.FallbackChanged{Name: "busy", Active: true},
			}},
			"12:00:00.123            notice    fallback         fallback busy · to ops · notification n-2",
		},
		{
			"DELIVERIES", sent(eventsv1.Delivery_PENDING),
			"12:00:00.123            delivery  pending          severity high · to ops · route care · 23 standing · 1 resolved · step 2 · try 2 · status 503 · next 9 Nov 12:01:00 · notification n-1 · delivery d-1",
		},
		{
			"DELIVERIES", sent(eventsv1.Delivery_FAILED),
			"12:00:00.123            delivery  failed           severity high · to ops · route care · 23 standing · 1 resolved · step 2 · try 2 · status 503 · notification n-1 · delivery d-1",
		},
		{
			"DELIVERIES", &eventsv1.DeliveryChanged{Delivery: &eventsv1.Delivery{
				Id: "d-2", State: eventsv1.Delivery_DELIVERED, Tries: 1, CustomerSequence: 9, Receiver: "webhooks",
				Attempts: []*eventsv1.DeliveryAttempt{{Status: 200}},
			}},
			"12:00:00.123            delivery  delivered        to webhooks · try 1 · status 200 · delivery d-2",
		},
		{"DELIVERIES", &eventsv1.DeliveryChanged{}, "12:00:00.123            delivery  state_unspecified"},
		{"FEED", &eventsv1.Scale{}, "12:00:00.123            feed      stored"},
	} {
		l, err := tail.Summarize(delivery(t, c.stream, c.event))
		require.NoError(t, err)
		require.Equal(t, c.want, l.Text(time.UTC))
		text, err := json.Marshal(l)
		require.NoError(t, err)
		for _, p := range private {
			require.NotContains(t, string(text)+l.Text(time.UTC), p)
		}
	}
}

func TestTheJSONForm(t *testing.T) {
	t.Parallel()
	l, err := tail.Summarize(delivery(t, "RESPONSES", response()))
	require.NoError(t, err)
	require.Equal(t, []string{"secret words"}, l.Verbatims, "kept for a terminal that asks")
	text, err := json.Marshal(l)
	require.NoError(t, err)
	require.JSONEq(t, `{"time":"2026-11-09T12:00:00.123Z","stream":"RESPONSES","sequence":7,"type":"ResponseReceived","subject":"rappel.v1.x.abc",
	  "summary":{"what":"revised","customer":"`+key+`","survey":"apres-livraison","revision":2,"channel":"email","verbatims":1,"callbackRequested":true,
	  "answers":[{"metric":"NPS","value":2},{"metric":"CSAT","value":7.5,"min":1,"max":10}]}}`, string(text))
	reopened := followed(eventsv1.CallbackEvent_REOPENED, eventsv1.Callback_PENDING, func(e *eventsv1.CallbackEvent) { e.Callback.Recovery.Before = nil })
	l, err = tail.Summarize(delivery(t, "CALLBACKS", reopened))
	require.NoError(t, err)
	text, err = json.Marshal(l.Summary)
	require.NoError(t, err)
	require.JSONEq(t, `{"what":"reopened","customer":"`+key+`","survey":"apres-rappel","queue":"general","priority":80,"callback":"`+key+`-1","state":"pending","reasons":2,
	  "by":"follow-up","recovery":{"metric":"NPS","after":89.6,"class":"promoter"}}`, string(text))
	l, err = tail.Summarize(delivery(t, "CALLBACKS", ended(0, nil)))
	require.NoError(t, err)
	text, err = json.Marshal(l.Summary)
	require.NoError(t, err)
	require.Contains(t, string(text), `"slotsLeft":0`)
	d := delivery(t, "RESPONSES", response())
	d.Data = []byte("\xff")
	_, err = tail.Summarize(d)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "\xff")
}

func TestSinceAndStreams(t *testing.T) {
	t.Parallel()
	got, err := tail.ParseSince("10m", noon)
	require.NoError(t, err)
	require.Equal(t, noon.Add(-10*time.Minute), got)
	got, err = tail.ParseSince("2026-11-09T10:00:00+01:00", noon)
	require.NoError(t, err)
	require.Equal(t, 9, got.UTC().Hour())
	for _, s := range []string{"", "-5m", "yesterday"} {
		_, err = tail.ParseSince(s, noon)
		require.Error(t, err)
	}
	streams, err := tail.ParseStreams("alerts, CALLBACKS,alerts")
	require.NoError(t, err)
	require.Equal(t, []string{"ALERTS", "CALLBACKS"}, streams)
	for _, name := range tail.Usual() {
		require.Contains(t, tail.Streams(), name)
	}
	streams, err = tail.ParseStreams("corrections,alert_states,notifications,deliveries")
	require.NoError(t, err)
	require.Equal(t, []string{"CORRECTIONS", "ALERT_STATES", "NOTIFICATIONS", "DELIVERIES"}, streams)
	_, err = tail.ParseStreams("FEED")
	require.ErrorContains(t, err, "RESPONSES, SCORES")
}
