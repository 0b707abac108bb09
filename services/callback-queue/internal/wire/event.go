package wire

import (
	"crypto/sha256"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// Event is a decision as it is stored. id is the event's id; the aggregate's
// LastHash becomes the link to the event before.
func Event(e callback.Event, id string) *eventsv1.CallbackEvent {
	return &eventsv1.CallbackEvent{
		EventId: id, EventNo: e.Next.EventNo, PreviousHash: previousHash(e.Next),
		Type:       eventsv1.CallbackEvent_Type(eventsv1.CallbackEvent_Type_value[string(e.Type)]),
		OccurredAt: Stamp(e.At), Actor: e.Actor, Cause: e.Cause,
		CustomerKey: e.Next.CustomerKey, Callback: Callback(e.Next.Callback), TakenAlerts: taken(e.Next.Taken),
		SlaOutcomes: slaOutcomes(e.SLA), Past: past(e.Next.Past), About: e.About,
	}
}

func previousHash(a callback.Aggregate) []byte {
	if a.EventNo <= 1 {
		return nil
	}
	return a.LastHash[:]
}

// Aggregate is the state that a stored event carries; body is the event as it
// was stored and seq its sequence.
func Aggregate(e *eventsv1.CallbackEvent, body []byte, seq uint64) callback.Aggregate {
	a := callback.Aggregate{
		CustomerKey: e.GetCustomerKey(), EventNo: e.GetEventNo(), LastHash: sha256.Sum256(body),
		Callback: FromCallback(e.GetCallback()),
	}
	for _, t := range e.GetTakenAlerts() {
		a.Taken = append(a.Taken, callback.TakenAlert{AlertID: t.GetAlertId(), Revision: t.GetRevision(), Correction: t.GetCorrection(), Resolved: t.GetResolved()})
	}
	a.Past = fromPast(e.GetPast())
	a.Loaded(seq)
	return a
}

func taken(list []callback.TakenAlert) []*eventsv1.TakenAlert {
	out := make([]*eventsv1.TakenAlert, len(list))
	for i, t := range list {
		out[i] = &eventsv1.TakenAlert{AlertId: t.AlertID, Revision: t.Revision, Correction: t.Correction, Resolved: t.Resolved}
	}
	return out
}

func slaOutcomes(list []callback.SLAOutcome) []*eventsv1.SLAOutcome {
	var out []*eventsv1.SLAOutcome
	for _, o := range list {
		out = append(out, &eventsv1.SLAOutcome{
			Target: eventsv1.SLA_Target(eventsv1.SLA_Target_value[string(o.Target)]), Kept: o.Kept, Queue: o.Queue, Team: o.Team, AgentId: o.AgentID, DueAt: Stamp(o.DueAt),
		})
	}
	return out
}
