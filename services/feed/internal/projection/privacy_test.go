package projection

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
)

// allowed are the only fields of text that come out, by their names in package events; of a
// map the names, and the texts by their names, [] being any.
var allowed = []string{
	"AlertRaised.fallback", "AlertRaised.labels", "AlertRaised.labels[other]", "AlertRaised.labels[segment]", "AlertRaised.labels[]", "AlertRaised.rule",
	"AlertRaised.team", "AlertResolved.rule", "AlertState.rule", "AlertState.survey", "AlertState.team", "Attempt.team", "Callback.queue", "CallbackPlan.queue", "FallbackChanged.measures", "FallbackChanged.name", "FallbackChanged.queue", "FollowUp.survey", "Gesture.kind",
	"Holder.team", "Move.from", "Movement.measure", "Movement.series", "Movement.series[other]", "Movement.series[segment]", "Movement.series[]", "PriorityPart.factor", "Reason.channel", "Reason.rule", "Reason.survey", "Reason.touchpoint",
	"Recovery.survey", "Response.attributes[segment]", "Response.channel", "Response.survey", "Response.touchpoint",
	"ResponseScored.scorer_version", "SLA.policy", "SLAOutcome.queue", "SLAOutcome.team", "ThemeFound.theme",
}

// marks fills every text of a message with a mark that tells where it stood.
type marks struct {
	form  string // of a mark, by its number
	names []string
}

func (k *marks) next(name string) string {
	k.names = append(k.names, name)
	return fmt.Sprintf(k.form, len(k.names)-1)
}

func (k *marks) fill(m protoreflect.Message) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		name := string(m.Descriptor().Name()) + "." + string(fd.Name())
		switch {
		case fd.IsMap():
			for key, of := range map[string]string{"segment": "[segment]", "other": "[other]", k.next(name): "[]"} {
				m.Mutable(fd).Map().Set(protoreflect.ValueOfString(key).MapKey(), protoreflect.ValueOfString(k.next(name+of)))
			}
		case fd.IsList():
			list := m.Mutable(fd).List()
			list.Append(k.value(list.NewElement, fd, name))
		default:
			m.Set(fd, k.value(func() protoreflect.Value { return m.NewField(fd) }, fd, name))
		}
	}
}

func (k *marks) value(empty func() protoreflect.Value, fd protoreflect.FieldDescriptor, name string) protoreflect.Value {
	switch fd.Kind() { // the rest has no text
	case protoreflect.MessageKind:
		v := empty()
		if v.Message().Descriptor().ParentFile().Package() != "google.protobuf" {
			k.fill(v.Message())
		}
		return v
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(k.next(name))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(k.next(name)))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(true)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(1)
	default:
		return fd.Default()
	}
}

// TestNoPersonalData fills every text that the loop's events have and looks what comes out:
// what is allowed, and nothing else. A field that is added to an event, or to the projection,
// is met here.
func TestNoPersonalData(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, form := range []string{"markQ%dQ", "Mme Q%dQ, née à Lille", "Q%dQ@example.com", "06 39 98 12 Q%dQ"} {
		k := &marks{form: form}
		p := projector()
		project := func(m proto.Message, how func() (Projected, error)) {
			t.Helper()
			e, err := how()
			require.NoError(t, err, "%T", m)
			body, err := json.Marshal(e.Event)
			require.NoError(t, err)
			text := string(body) + e.About + fmt.Sprint(e.Surveys) + e.Queue
			for _, found := range regexp.MustCompile(`Q(\d+)Q`).FindAllStringSubmatch(text, -1) {
				var n int
				_, err := fmt.Sscan(found[1], &n)
				require.NoError(t, err)
				require.Less(t, n, len(k.names), text)
				require.Contains(t, allowed, k.names[n], "it came out of %T: %s", m, text)
				seen[k.names[n]] = true
			}
		}
		filled := func(m proto.Message) { k.fill(m.ProtoReflect()) }

		received := &eventsv1.ResponseReceived{}
		filled(received)
		received.CustomerKey = customer
		project(received, func() (Projected, error) {
			return p.Received(origin(subject.Responses, received.GetEventId()), received)
		})

		scored := &eventsv1.ResponseScored{}
		filled(scored)
		scored.Received.CustomerKey = customer
		project(scored, func() (Projected, error) { return p.Scored(origin(subject.Scores, scored.GetEventId()), scored) })

		raised := &eventsv1.AlertRaised{}
		filled(raised)
		raised.Scored.Received.CustomerKey = customer
		project(raised, func() (Projected, error) { return p.Raised(origin(subject.Alerts, raised.GetEventId()), raised) })

		resolved := &eventsv1.AlertResolved{}
		filled(resolved)
		resolved.Scored.Received.CustomerKey = customer
		project(resolved, func() (Projected, error) { return p.Resolved(origin(subject.Alerts, resolved.GetEventId()), resolved) })

		answered := &eventsv1.FollowUpAnswered{}
		filled(answered)
		answered.Scored.Received.CustomerKey = customer
		project(answered, func() (Projected, error) { return p.Answered(origin(subject.Alerts, answered.GetEventId()), answered) })

		for _, what := range []eventsv1.AlertChanged_Type{eventsv1.AlertChanged_RAISED, eventsv1.AlertChanged_ACKNOWLEDGED, eventsv1.AlertChanged_RESOLVED} {
			e := &eventsv1.AlertChanged{}
			filled(e)
			e.Type, e.Alert.CustomerKey = what, customer
			project(e, func() (Projected, error) { return p.AlertChanged(origin(subject.AlertStates, e.GetEventId()), e) })
			if what != eventsv1.AlertChanged_RAISED {
				e.Alert.Movement, e.Alert.Resolution = nil, eventsv1.AlertState_BY_HAND
				project(e, func() (Projected, error) { return p.AlertChanged(origin(subject.AlertStates, e.GetEventId()), e) })
			}
		}
		changed := &eventsv1.FallbackChanged{}
		filled(changed)
		if subject.CheckToken(changed.GetName()) != nil {
			_, err := p.Fallback(origin(subject.Fallbacks, changed.GetEventId()), changed)
			require.ErrorIs(t, err, ErrInvalid)
			changed.Name = "busy"
		}
		project(changed, func() (Projected, error) { return p.Fallback(origin(subject.Fallbacks, changed.GetEventId()), changed) })

		for number := range eventsv1.CallbackEvent_Type_name {
			if number == 0 {
				continue
			}
			e := &eventsv1.CallbackEvent{}
			filled(e)
			e.CustomerKey, e.Type = customer, eventsv1.CallbackEvent_Type(number)
			project(e, func() (Projected, error) { return p.Callback(origin(subject.Callbacks, e.GetEventId()), e) })
			e.About, e.Past[0].Id = customer+"-1", customer+"-1" // what is known of an earlier one, too
			project(e, func() (Projected, error) { return p.Callback(origin(subject.Callbacks, e.GetEventId()), e) })
		}
	}
	require.ElementsMatch(t, allowed, slices.Collect(maps.Keys(seen)), "what is allowed does come out")
}

// messages are those of a file, and whether each is an event.
func messages(file interface{ Path() string }) map[string]bool {
	all := map[string]bool{}
	list := file.(protoreflect.FileDescriptor).Messages()
	for i := range list.Len() {
		all[string(list.Get(i).Name())] = list.Get(i).Fields().ByName("event_id") != nil
	}
	return all
}
