package alertstate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/documents"
)

// Reasons of the dead letters that the consumers make.
const (
	reasonInvalid     = "invalid_event"
	reasonUnknownType = "unknown_type"
)

// contended is after how long an event is handled again whose alert others changed all the
// while.
const contended = 200 * time.Millisecond

var errNoAlert = errors.New("it names no alert, or no revision of a response")

// TakeAlert handles an event of ALERTS, and returns once what it makes of its alert is
// stored. Answers to follow-up surveys are about no alert and are passed over.
func (b *Book) TakeAlert(ctx context.Context, d bus.Delivery) error {
	switch d.Type {
	case nameOf[*eventsv1.AlertRaised]():
		e := &eventsv1.AlertRaised{}
		return b.take(ctx, d, e, func(now *alert) *change { return raised(now, e, d.Sequence, b.o.Clock.Now()) })
	case nameOf[*eventsv1.AlertResolved]():
		e := &eventsv1.AlertResolved{}
		return b.take(ctx, d, e, func(now *alert) *change { return lapsed(now, e, b.o.Clock.Now()) })
	case nameOf[*eventsv1.FollowUpAnswered]():
		return nil
	}
	return bus.Terminate(reasonUnknownType, fmt.Errorf("an event of type %q", d.Type))
}

// ofAlerts is an event of ALERTS that is about an alert.
type ofAlerts interface {
	proto.Message
	GetAlertId() string
	GetScored() *eventsv1.ResponseScored
}

func (b *Book) take(ctx context.Context, d bus.Delivery, e ofAlerts, decide func(now *alert) *change) error {
	if err := d.Decode(e); err != nil {
		return err
	}
	if subject.CheckToken(e.GetAlertId()) != nil || e.GetScored().GetReceived().GetRevision() == 0 {
		return bus.Terminate(reasonInvalid, errNoAlert)
	}
	_, err := b.update(ctx, e.GetAlertId(), func(now *alert) (*change, error) { return decide(now), nil })
	return verdict(err)
}

// verdict is what becomes of an event whose change came to err.
func verdict(err error) error {
	if errors.Is(err, documents.ErrContended) {
		return bus.Postpone(contended)
	}
	return err
}

// TakeCallback handles an event of CALLBACKS, and returns once every alert that a callback
// was for which is closed by it is resolved. What a callback that is opened again was for
// stays resolved: whoever opens it again knows of it, and it is in its queue. Other events are
// not even decoded.
//
// A reason that was withdrawn has an alert that no longer matches, of which ALERTS tells; one
// that the last call did not answer goes on in the customer's next callback.
func (b *Book) TakeCallback(ctx context.Context, d bus.Delivery) error {
	if d.Type == nameOf[*eventsv1.CallbackEvent]() && !closes(d.Data) {
		return nil
	}
	e := &eventsv1.CallbackEvent{}
	if err := d.Decode(e); err != nil {
		return err
	}
	for _, c := range closings(e) {
		_, err := b.update(ctx, c.alertID, func(now *alert) (*change, error) { return called(now, c, b.o.Clock.Now()), nil })
		if err != nil {
			return verdict(err)
		}
	}
	return nil
}

// closings are what the close of a callback says of the alerts that it was for. A callback
// lists the first of its reasons only; of those beyond it the customer's alerts remember the
// ids.
func closings(e *eventsv1.CallbackEvent) []closing {
	var all []closing
	listed := map[string]bool{}
	bucket := ""
	if subject.CheckCustomerKey(e.GetCustomerKey()) == nil {
		bucket = subject.BucketOf(e.GetCustomerKey())
	}
	for _, r := range e.GetCallback().GetReasons() {
		listed[r.GetAlertId()] = true
		if r.GetWithdrawn() || r.GetUnanswered() || subject.CheckToken(r.GetAlertId()) != nil {
			continue
		}
		all = append(all, closing{
			alertID: r.GetAlertId(), rule: r.GetRule(), survey: r.GetSurvey(), responseID: r.GetResponseId(),
			customerKey: e.GetCustomerKey(), bucket: bucket, severity: r.GetSeverity(), order: order{r.GetRevision(), r.GetCorrection()},
		})
	}
	if e.GetCallback().GetMoreReasons() == 0 {
		return all
	}
	for _, t := range e.GetTakenAlerts() {
		if listed[t.GetAlertId()] || t.GetResolved() || subject.CheckToken(t.GetAlertId()) != nil {
			continue
		}
		all = append(all, closing{
			alertID: t.GetAlertId(), beyond: true, severity: eventsv1.Severity_CRITICAL, order: order{t.GetRevision(), t.GetCorrection()},
		})
	}
	return all
}

// typeField is the number of CallbackEvent.type.
const typeField = 4

// closes reports whether an event of a callback says that it was completed or canceled. It
// looks at the outermost fields only. What cannot be read is for decoding to refuse.
func closes(body []byte) bool {
	for len(body) > 0 {
		number, kind, n := protowire.ConsumeTag(body)
		if n < 0 {
			return true
		}
		body = body[n:]
		if number == typeField && kind == protowire.VarintType {
			v, _ := protowire.ConsumeVarint(body)
			t := eventsv1.CallbackEvent_Type(v)
			return t == eventsv1.CallbackEvent_COMPLETED || t == eventsv1.CallbackEvent_CANCELED
		}
		if n = protowire.ConsumeFieldValue(number, kind, body); n < 0 {
			return true
		}
		body = body[n:]
	}
	return false
}

// nameOf is a message's full name.
func nameOf[M proto.Message]() string {
	var m M
	return string(m.ProtoReflect().Descriptor().FullName())
}
