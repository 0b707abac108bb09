package projection

import (
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// decided is what becomes of a promise.
func decided(target eventsv1.SLA_Target, kept bool, team, agent string, due int) []*eventsv1.SLAOutcome {
	return []*eventsv1.SLAOutcome{{Target: target, Kept: kept, Queue: care, Team: team, AgentId: agent, DueAt: at(due)}}
}

// shape gives a sample what its type of event is about.
func shape(e *eventsv1.CallbackEvent) {
	c := e.GetCallback()
	held := func(s eventsv1.Callback_State) {
		c.State, e.Actor = s, "amina"
		c.Holder = &eventsv1.Holder{AgentId: "amina", Team: "lille", Since: at(4)}
	}
	called := func(s eventsv1.Callback_State, outcome eventsv1.Attempt_Outcome) {
		held(s)
		a := &eventsv1.Attempt{Number: 1, AgentId: "amina", Team: "lille", StartedAt: at(5), Outcome: outcome, Note: "Rappeler demain."}
		if outcome != eventsv1.Attempt_OUTCOME_UNSPECIFIED {
			a.EndedAt = at(7)
		}
		c.Attempts = []*eventsv1.Attempt{a}
	}
	completed := func() {
		called(eventsv1.Callback_COMPLETED, eventsv1.Attempt_REACHED)
		c.Holder, c.LastHolder, c.ClosedAt = nil, c.Holder, at(12)
		c.WrapUp = &eventsv1.WrapUp{
			Outcome: eventsv1.WrapUp_RESOLVED, RootCause: "responsiveness_after_sales/delivery/late", Note: "Excuses.", FirstContact: true,
			Gesture: &eventsv1.Gesture{Kind: "voucher", Cents: 1500, Currency: "EUR"},
		}
		c.Sla.State = eventsv1.SLA_KEPT
		c.Sla.FirstAttempt.EndedAt, c.Sla.FirstAttempt.Kept = at(5), true
		c.Sla.Resolution.EndedAt, c.Sla.Resolution.Kept = at(12), true
		c.FollowUp = &eventsv1.FollowUp{Survey: "apres-rappel", AskAt: at(1452)}
	}
	switch e.GetType() {
	case eventsv1.CallbackEvent_OPENED, eventsv1.CallbackEvent_ENRICHED, eventsv1.CallbackEvent_ALERT_NOTED:
		e.Actor, e.Cause, e.EventNo = "alerting", "alert", 1
	case eventsv1.CallbackEvent_REASON_WITHDRAWN:
		e.Actor, e.Cause, c.Reasons[0].Withdrawn = "alerting", "alert", true
	case eventsv1.CallbackEvent_OFFERED:
		held(eventsv1.Callback_RESERVED)
		e.Actor = "routing"
	case eventsv1.CallbackEvent_ACCEPTED, eventsv1.CallbackEvent_CLAIMED:
		held(eventsv1.Callback_ASSIGNED)
	case eventsv1.CallbackEvent_REJECTED, eventsv1.CallbackEvent_RELEASED:
		held(eventsv1.Callback_PENDING)
		c.Holder, c.LastHolder = nil, c.Holder
	case eventsv1.CallbackEvent_ATTEMPT_STARTED:
		called(eventsv1.Callback_ATTEMPTING, eventsv1.Attempt_OUTCOME_UNSPECIFIED)
	case eventsv1.CallbackEvent_ATTEMPT_ENDED:
		called(eventsv1.Callback_WRAPPING, eventsv1.Attempt_REACHED)
		c.Sla.FirstAttempt.EndedAt, c.Sla.FirstAttempt.Kept = at(5), true
		e.SlaOutcomes = decided(eventsv1.SLA_FIRST_ATTEMPT, true, "lille", "amina", 60)
	case eventsv1.CallbackEvent_WRAP_UP_OVERDUE:
		called(eventsv1.Callback_WRAPPING, eventsv1.Attempt_REACHED)
		e.Actor = "timer"
	case eventsv1.CallbackEvent_COMPLETED:
		completed()
		e.SlaOutcomes = decided(eventsv1.SLA_RESOLUTION, true, "lille", "amina", 480)
	case eventsv1.CallbackEvent_FOLLOW_UP_ASKED:
		completed()
		e.Actor, c.FollowUp.AskedAt = "timer", at(1452)
	case eventsv1.CallbackEvent_FOLLOWED_UP, eventsv1.CallbackEvent_REOPENED:
		completed()
		e.Actor, c.FollowUp.AskedAt = "follow-up", at(1452)
		c.Recovery = &eventsv1.Recovery{
			Survey: "apres-rappel", ResponseId: "r-2002", Revision: 1, Metric: eventsv1.Metric_NPS,
			Before: proto.Float64(20), After: proto.Float64(90), Class: eventsv1.Class_PROMOTER, At: at(1500), Verbatim: "Merci.",
		}
		if e.GetType() == eventsv1.CallbackEvent_REOPENED {
			c.State, c.WrapUp, c.ClosedAt, c.Reopened = eventsv1.Callback_PENDING, nil, nil, &eventsv1.Reopening{Times: 1, By: "follow-up"}
			c.GivenCents = 1500
			c.Recovery.After, c.Recovery.Class = proto.Float64(10), eventsv1.Class_DETRACTOR
		}
	case eventsv1.CallbackEvent_CANCELED:
		c.State, c.ClosedAt, c.CancelReason, e.Actor = eventsv1.Callback_CANCELED, at(5), "Déjà réglé.", "sam"
	case eventsv1.CallbackEvent_RESCHEDULED:
		c.NotBefore, e.Actor = at(120), "sam"
	case eventsv1.CallbackEvent_TRANSFERRED:
		c.Queue, c.Moved, e.Actor = "experts", &eventsv1.Move{From: care, At: at(5), By: "sam", Reason: "Technique."}, "sam"
	case eventsv1.CallbackEvent_ESCALATED, eventsv1.CallbackEvent_SLA_ESCALATED:
		c.Escalated = &eventsv1.Escalation{Level: 1, Points: 30, Added: 30, At: at(5), By: "sam", Reason: "Client de longue date."}
		e.Actor = "sam"
		if e.GetType() == eventsv1.CallbackEvent_SLA_ESCALATED {
			e.Actor, e.Cause, c.Sla.State = "timer", "FIRST_ATTEMPT", eventsv1.SLA_BREACHED
			c.Sla.FirstAttempt.WarnedAt, c.Sla.FirstAttempt.BreachedAt = at(48), at(60)
		}
	case eventsv1.CallbackEvent_SLA_WARNED:
		e.Cause, c.Sla.State, c.Sla.FirstAttempt.WarnedAt, e.OccurredAt = "FIRST_ATTEMPT", eventsv1.SLA_AT_RISK, at(48), at(48)
	case eventsv1.CallbackEvent_SLA_BREACHED:
		e.Cause, c.Sla.State, c.Sla.FirstAttempt.WarnedAt = "FIRST_ATTEMPT", eventsv1.SLA_BREACHED, at(48)
		c.Sla.FirstAttempt.BreachedAt, e.OccurredAt = at(60), at(60)
		e.SlaOutcomes = decided(eventsv1.SLA_FIRST_ATTEMPT, false, "", "", 60)
	case eventsv1.CallbackEvent_UNATTENDED:
		e.Actor, c.UnattendedSince = "routing", at(4)
	case eventsv1.CallbackEvent_ATTENDED:
		e.Actor = "routing"
	case eventsv1.CallbackEvent_REQUEUED:
		e.Actor = "sam"
	case eventsv1.CallbackEvent_OFFER_EXPIRED, eventsv1.CallbackEvent_LEASE_EXPIRED, eventsv1.CallbackEvent_AGENT_LOST,
		eventsv1.CallbackEvent_PREFERENCE_ENDED, eventsv1.CallbackEvent_SLOT_ENDED:
		// the timer, and nothing else
	}
}
