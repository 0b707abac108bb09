package callback

import "time"

// EventType is what happened; the words are those of the stored enumeration.
type EventType string

// The events.
const (
	// EventOpened: a callback was opened.
	EventOpened EventType = "OPENED"
	// EventEnriched: a reason was added, or brought up to date.
	EventEnriched EventType = "ENRICHED"
	// EventReasonWithdrawn: a reason stopped counting; the callback stays open.
	EventReasonWithdrawn EventType = "REASON_WITHDRAWN"
	// EventAlertNoted: an alert was taken note of; the callback did not change.
	EventAlertNoted EventType = "ALERT_NOTED"
	// EventOffered: it was offered to an agent.
	EventOffered EventType = "OFFERED"
	// EventAccepted: the agent accepted the offer.
	EventAccepted EventType = "ACCEPTED"
	// EventRejected: the agent rejected the offer.
	EventRejected EventType = "REJECTED"
	// EventOfferExpired: the agent did not answer the offer.
	EventOfferExpired EventType = "OFFER_EXPIRED"
	// EventClaimed: an agent took it.
	EventClaimed EventType = "CLAIMED"
	// EventAttemptStarted: a call began.
	EventAttemptStarted EventType = "ATTEMPT_STARTED"
	// EventAttemptEnded: a call ended, and the callback stays open.
	EventAttemptEnded EventType = "ATTEMPT_ENDED"
	// EventCompleted: it was closed with an outcome, by a wrap-up or because the
	// attempt that just ended was the last allowed.
	EventCompleted EventType = "COMPLETED"
	// EventReleased: the agent gave it back.
	EventReleased EventType = "RELEASED"
	// EventLeaseExpired: the agent's lease lapsed and it went back to the queue.
	EventLeaseExpired EventType = "LEASE_EXPIRED"
	// EventWrapUpOverdue: the agent called but has not written the wrap-up in
	// time; it waits for anyone to write it.
	EventWrapUpOverdue EventType = "WRAP_UP_OVERDUE"
	// EventCanceled: it was closed because it was no longer needed.
	EventCanceled EventType = "CANCELED"
	// EventReopened: it had been closed and waits again.
	EventReopened EventType = "REOPENED"
	// EventRescheduled: it may be called from another moment on.
	EventRescheduled EventType = "RESCHEDULED"
	// EventTransferred: it waits in another queue.
	EventTransferred EventType = "TRANSFERRED"
	// EventEscalated: its priority was raised.
	EventEscalated EventType = "ESCALATED"
	// EventAgentLost: the agent who had it, and had not called, is gone.
	EventAgentLost EventType = "AGENT_LOST"
	// EventRequeued: somebody took it back from the agent who had it.
	EventRequeued EventType = "REQUEUED"
	// EventPreferenceEnded: it is no longer kept for one agent.
	EventPreferenceEnded EventType = "PREFERENCE_ENDED"
	// EventSlotEnded: the customer's slot passed without a call.
	EventSlotEnded EventType = "SLOT_ENDED"
	// EventFollowUpAsked: the customer is to be asked how it went.
	EventFollowUpAsked EventType = "FOLLOW_UP_ASKED"
	// EventFollowedUp: the customer has answered. An answer that is bad again is
	// EventReopened, by ActorFollowUp.
	EventFollowedUp EventType = "FOLLOWED_UP"
	// EventUnattended: nobody at their desk can take it.
	EventUnattended EventType = "UNATTENDED"
	// EventAttended: somebody is there again who can.
	EventAttended EventType = "ATTENDED"
	// EventSLAWarned: a target of the SLA is about to be missed. Cause is the target,
	// as it is in the two after.
	EventSLAWarned EventType = "SLA_WARNED"
	// EventSLABreached: a target was missed.
	EventSLABreached EventType = "SLA_BREACHED"
	// EventSLAEscalated: a step of escalation was taken.
	EventSLAEscalated EventType = "SLA_ESCALATED"
)

// Actors that are no person.
const (
	// ActorAlerting raised or resolved an alert.
	ActorAlerting = "alerting"
	// ActorTimer saw a deadline pass.
	ActorTimer = "timer"
	// ActorRouting offered a callback.
	ActorRouting = "routing"
	// ActorFollowUp is the customer, who answered how it went.
	ActorFollowUp = "follow-up"
	// ActorDoNotCall is the list of those who are not to be called.
	ActorDoNotCall = "do-not-call"
)

// Causes that are no identifier.
const (
	// CauseAttemptsUsedUp: the attempt policy allows no further try.
	CauseAttemptsUsedUp = "attempts_used_up"
	// CauseLeaseOver: a hold's lease passed.
	CauseLeaseOver = "lease_over"
	// CauseAgentLost: nothing was heard of the agent for too long.
	CauseAgentLost = "agent_lost"
)

// Event is one decision, to be stored by compare-and-set on the sequence its
// aggregate was loaded at.
type Event struct {
	Type EventType
	// Actor is who did it: an agent's or supervisor's id, or one of the Actor
	// constants.
	Actor string
	// Cause is what led to it: an alert's id, a request's id, one of the Cause
	// constants, or nothing. It is never free text; people's words are in Next.
	Cause string
	// At is the moment of the decision, in UTC.
	At time.Time
	// About is the callback that it is about, where that is one of Next.Past; empty where it
	// is the current one.
	About string
	// SLA are the promises that it decides: percent met is counted of these.
	SLA []SLAOutcome
	// Next is the whole aggregate after the event. Its EventNo is one higher; its
	// Seq and LastHash are still those of the event before: the store's to set.
	Next Aggregate
}
