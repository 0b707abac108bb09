package projection

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/proto/feedevent"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
)

// all projects one sample of every type.
func all(t *testing.T) []Projected {
	t.Helper()
	p := projector()
	var out []Projected
	take := func(e Projected, err error) {
		t.Helper()
		require.NoError(t, err)
		out = append(out, e)
	}
	take(p.Received(origin(subject.Responses, "1"), sampleReceived(1)))
	take(p.Received(origin(subject.Responses, "2"), sampleReceived(2)))
	take(p.Scored(origin(subject.Scores, "3"), sampleScored(0)))
	take(p.Scored(origin(subject.Scores, "4"), sampleScored(1)))
	take(p.Raised(origin(subject.Alerts, "5"), sampleRaised()))
	take(p.Resolved(origin(subject.Alerts, "6"), sampleResolved()))
	take(p.Answered(origin(subject.Alerts, "7"), sampleAnswered()))
	for _, e := range sampleStates() {
		take(p.AlertChanged(origin(subject.AlertStates, e.GetEventId()), e))
	}
	take(p.Fallback(origin(subject.Fallbacks, "8"), sampleFallback(true)))
	take(p.Fallback(origin(subject.Fallbacks, "9"), sampleFallback(false)))
	for number := range eventsv1.CallbackEvent_Type_name {
		if number != 0 {
			e := sampleCallback(eventsv1.CallbackEvent_Type(number))
			take(p.Callback(origin(subject.Callbacks, e.GetEventId()), e))
		}
	}
	order := map[feedevent.Type]int{}
	for i, d := range feedevent.Types() {
		order[d.Type] = i
	}
	slices.SortFunc(out, func(a, b Projected) int { return order[a.Type] - order[b.Type] })
	return out
}

// Every event of a callback has a type of its own in the feed, and every type of the feed is
// made of something. A new type of event without one fails here.
func TestEveryTypeIsMadeOnce(t *testing.T) {
	t.Parallel()
	events := all(t)
	require.Len(t, events, len(feedevent.Types()))
	for i, d := range feedevent.Types() {
		require.Equal(t, d.Type, events[i].Type, "each once, in the order of the table")
		require.Equal(t, d.Schema.URI(), events[i].DataSchema)
		require.NoError(t, subject.CheckToken(string(d.Type)))
		require.NoError(t, subject.CheckToken(events[i].About))
		require.NotEmpty(t, d.When)
	}
	_, err := callbackType(4711)
	require.ErrorIs(t, err, ErrUnknownType)
	_, err = callbackType(eventsv1.CallbackEvent_TYPE_UNSPECIFIED)
	require.ErrorIs(t, err, ErrUnknownType)
}

// Every message that the streams hold is told of by one of the projector's methods: one that
// is added to their files fails here until it is.
func TestEveryEventOfTheStreamsIsKnown(t *testing.T) {
	t.Parallel()
	known := []string{"ResponseReceived", "ResponseScored", "AlertRaised", "AlertResolved", "FollowUpAnswered", "AlertChanged", "CallbackEvent"}
	for _, file := range []interface{ Path() string }{
		eventsv1.File_events_v1_response_proto, eventsv1.File_events_v1_score_proto, eventsv1.File_events_v1_alert_proto,
		eventsv1.File_events_v1_alert_state_proto, eventsv1.File_events_v1_callback_proto,
	} {
		for name, isEvent := range messages(file) {
			require.Equal(t, isEvent, slices.Contains(known, name), name)
		}
	}
}

// What ALERTS tells of already, and figures that hardly moved, are told of once, or not at all.
func TestWhatAnotherStreamTellsOfIsNotToldTwice(t *testing.T) {
	t.Parallel()
	of := func(what eventsv1.AlertChanged_Type, why eventsv1.AlertState_Resolution, m *eventsv1.Movement) error {
		_, err := projector().AlertChanged(origin(subject.AlertStates, "1"), &eventsv1.AlertChanged{
			At: at(1), Type: what, Alert: &eventsv1.AlertState{Id: "a", CustomerKey: customer, Resolution: why, Movement: m},
		})
		return err
	}
	moved := &eventsv1.Movement{}
	require.ErrorIs(t, of(eventsv1.AlertChanged_RAISED, 0, nil), ErrUntold)
	require.ErrorIs(t, of(eventsv1.AlertChanged_UPDATED, 0, nil), ErrUntold)
	require.ErrorIs(t, of(eventsv1.AlertChanged_UPDATED, 0, moved), ErrUntold)
	require.ErrorIs(t, of(eventsv1.AlertChanged_RESOLVED, eventsv1.AlertState_NO_LONGER_MATCHES, nil), ErrUntold)
	require.NoError(t, of(eventsv1.AlertChanged_RESOLVED, eventsv1.AlertState_NO_LONGER_MATCHES, moved))
	for _, why := range []eventsv1.AlertState_Resolution{eventsv1.AlertState_BY_HAND, eventsv1.AlertState_CALLBACK_CLOSED, eventsv1.AlertState_EXPIRED} {
		require.NoError(t, of(eventsv1.AlertChanged_RESOLVED, why, nil))
	}
	require.ErrorIs(t, of(4711, 0, nil), ErrUnknownType)
	require.ErrorIs(t, of(0, 0, nil), ErrUnknownType)
}

func TestTheSameEventGivesTheSameEvent(t *testing.T) {
	t.Parallel()
	p := projector()
	once, err := p.Received(origin(subject.Responses, "1"), sampleReceived(1))
	require.NoError(t, err)
	again, err := p.Received(origin(subject.Responses, "1"), sampleReceived(1))
	require.NoError(t, err)
	require.Equal(t, once, again)
	ids := map[string]bool{}
	for _, e := range all(t) {
		require.Len(t, e.ID, 26)
		require.False(t, ids[e.ID])
		ids[e.ID] = true
	}
	other := projector()
	other.Pseudonyms = NewPseudonyms([]byte("another"))
	elsewhere, err := other.Received(origin(subject.Responses, "1"), sampleReceived(1))
	require.NoError(t, err)
	require.Equal(t, once.ID, elsewhere.ID)
	require.NotEqual(t, once.Data.(*feedevent.Response).ResponseKey, elsewhere.Data.(*feedevent.Response).ResponseKey)
	nameless, err := p.Received(Origin{Stream: subject.Responses, Sequence: 9}, sampleReceived(1))
	require.NoError(t, err)
	require.NotEqual(t, once.ID, nameless.ID)
}

func TestWhatHasNoFormOfANameStaysWhereItIs(t *testing.T) {
	t.Parallel()
	p := projector()
	e := sampleCallback(eventsv1.CallbackEvent_COMPLETED)
	for cause, want := range map[string]string{
		"responsiveness_after_sales/delivery/late": "responsiveness_after_sales/delivery/late",
		"responsiveness_after_sales":               "responsiveness_after_sales",
		"colis perdu de Mme Exemple":               "",
		"responsiveness_after_sales/Mme Exemple":   "",
		"dimension_unspecified":                    "",
		"":                                         "",
	} {
		e.Callback.WrapUp.RootCause = cause
		got, err := p.Callback(origin(subject.Callbacks, "1"), e)
		require.NoError(t, err)
		require.Equal(t, want, got.Data.(*feedevent.Callback).RootCause, cause)
	}
	for text, want := range map[string]string{
		"email": "email", "Livraison à domicile": "Livraison à domicile", "web2": "web2",
		"camille@example.com": "", "+33 6 39 98 12 34": "", strings.Repeat("x", 257): "",
	} {
		require.Equal(t, want, label(text))
	}
	r := sampleReceived(1)
	r.Response.Survey = "not a name"
	got, err := p.Received(origin(subject.Responses, "1"), r)
	require.NoError(t, err)
	require.Equal(t, About, got.About)
	require.Empty(t, got.Surveys)
}

func TestTheTraceGoesOn(t *testing.T) {
	t.Parallel()
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for given, want := range map[string]string{trace: trace, "00-camille@example.com": "", "": ""} {
		o := origin(subject.Responses, "1")
		o.Traceparent = given
		got, err := projector().Received(o, sampleReceived(1))
		require.NoError(t, err)
		require.Equal(t, want, got.Traceparent)
	}
}

// What is written is read, in the types that anybody may use.
func TestEventsAreReadAsTheyWereMade(t *testing.T) {
	t.Parallel()
	for _, e := range all(t) {
		body, err := json.Marshal(e.Event)
		require.NoError(t, err)
		read, err := feedevent.Decode(body)
		require.NoError(t, err)
		require.Equal(t, e.Event, read)
	}
	unknown, err := feedevent.Decode([]byte(`{"type":"tomorrow","data":{"a":1}}`))
	require.NoError(t, err)
	require.JSONEq(t, `{"a":1}`, string(unknown.Data.(json.RawMessage)))
	for _, bad := range []string{"", "[]", `{"type":"alert_raised","data":7}`} {
		_, err := feedevent.Decode([]byte(bad))
		require.Error(t, err, bad)
	}
}
