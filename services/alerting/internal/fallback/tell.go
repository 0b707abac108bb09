package fallback

import (
	"context"
	"time"

	"go.uber.org/zap"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Outbox takes what people are to be told. Both calls are idempotent by the notification's
// id and the receiver: whoever is not sure calls again.
type Outbox interface {
	// Tell tells receivers.
	Tell(ctx context.Context, n *eventsv1.Notification, receivers []string) error
	// TellCustomer tells the customer of an alert, by where that is in ALERTS.
	TellCustomer(ctx context.Context, receiver string, n *eventsv1.Notification, alertSequence uint64) error
}

// tellWithin is how old a change may be of which people are told. It is well below what
// deliveries are kept for, by which the outbox knows what it was given.
const tellWithin = 24 * time.Hour

// teller tells people of changes. Each replica does: what is between the storing of a change
// and the telling of it is told by the next look, of whatever replica.
type teller struct {
	outbox Outbox
	log    *zap.Logger
	told   map[string]uint64 // by fallback: the change that was told last
	failed map[string]uint64 // and the one that the log says could not be
	mute   bool              // the log says that nobody can be told
}

func newTeller(o Outbox, log *zap.Logger) teller {
	return teller{outbox: o, log: log, told: map[string]uint64{}, failed: map[string]uint64{}}
}

func (t *teller) tell(ctx context.Context, e *eventsv1.FallbackChanged, now time.Time) {
	name := e.GetName()
	if len(e.GetTell()) == 0 || t.told[name] == e.GetChanges() || now.Sub(e.GetAt().AsTime()) > tellWithin {
		return
	}
	if t.outbox == nil {
		if !t.mute {
			t.log.Warn("nobody can be told that a fallback has begun or ended: this version has no deliveries", zap.String("fallback", name))
		}
		t.mute = true
		return
	}
	if err := t.outbox.Tell(ctx, notification("fallback-"+e.GetEventId(), e), e.GetTell()); err != nil {
		if t.failed[name] != e.GetChanges() {
			t.log.Warn("people could not be told of a fallback yet; it is tried again", zap.String("fallback", name), zap.Error(err))
		}
		t.failed[name] = e.GetChanges()
		return
	}
	t.told[name] = e.GetChanges()
}

// notification tells of a fallback, under an id.
func notification(id string, e *eventsv1.FallbackChanged) *eventsv1.Notification {
	return &eventsv1.Notification{
		Id: id, Kind: eventsv1.Notification_FALLBACK, Group: "fallback-" + e.GetName(),
		Labels: map[string]string{"fallback": e.GetName(), "queue": e.GetQueue()}, At: e.GetAt(), Fallback: e,
	}
}

// Acknowledge tells the customer of an alert, once, that they were heard and will wait for
// longer, or not be called: alertID is the alert's, and sequence where it is in ALERTS.
func (w *Watcher) Acknowledge(ctx context.Context, receiver, name, alertID string, sequence uint64, at *timestamppb.Timestamp) error {
	if w.deps.Outbox == nil {
		w.unheard.Do(func() {
			w.deps.Log.Warn("no customer can be told that they were heard: this version has no deliveries", zap.String("fallback", name))
		})
		return nil
	}
	e, _ := w.states.Get(name)
	n := notification("heard-"+alertID, e)
	n.At = at
	return w.deps.Outbox.TellCustomer(ctx, receiver, n, sequence)
}
