package feedevent

// Type is what happened; it is also a token of the event's NATS subject.
type Type string

// The types, in the order of the loop.
const (
	ResponseReceived  Type = "response_received"
	ResponseCorrected Type = "response_corrected"
	ResponseScored    Type = "response_scored"
	AnalysisCorrected Type = "analysis_corrected"

	AlertRaised      Type = "alert_raised"
	AlertResolved    Type = "alert_resolved"
	FollowUpAnswered Type = "follow_up_answered"
	FallbackBegan    Type = "fallback_began"
	FallbackEnded    Type = "fallback_ended"

	AlertAcknowledged   Type = "alert_acknowledged"
	AlertUnacknowledged Type = "alert_unacknowledged"
	AlertClosed         Type = "alert_closed"
	MetricAlertRaised   Type = "metric_alert_raised"
	MetricAlertResolved Type = "metric_alert_resolved"

	CallbackOpened          Type = "callback_opened"
	CallbackEnriched        Type = "callback_enriched"
	CallbackReasonWithdrawn Type = "callback_reason_withdrawn"
	CallbackAlertNoted      Type = "callback_alert_noted"
	CallbackOffered         Type = "callback_offered"
	CallbackAccepted        Type = "callback_accepted"
	CallbackRejected        Type = "callback_rejected"
	CallbackOfferExpired    Type = "callback_offer_expired"
	CallbackClaimed         Type = "callback_claimed"
	CallbackAttemptStarted  Type = "callback_attempt_started"
	CallbackAttempted       Type = "callback_attempted"
	CallbackCompleted       Type = "callback_completed"
	CallbackReleased        Type = "callback_released"
	CallbackLeaseExpired    Type = "callback_lease_expired"
	CallbackCanceled        Type = "callback_canceled"
	CallbackWrapUpOverdue   Type = "callback_wrap_up_overdue"
	CallbackReopened        Type = "callback_reopened"
	CallbackRescheduled     Type = "callback_rescheduled"
	CallbackTransferred     Type = "callback_transferred"
	CallbackEscalated       Type = "callback_escalated"
	CallbackAgentLost       Type = "callback_agent_lost"
	CallbackPreferenceEnded Type = "callback_preference_ended"
	CallbackSlotEnded       Type = "callback_slot_ended"
	CallbackUnattended      Type = "callback_unattended"
	CallbackAttended        Type = "callback_attended"
	CallbackRequeued        Type = "callback_requeued"
	SLAWarned               Type = "sla_warned"
	SLABreached             Type = "sla_breached"
	SLAEscalated            Type = "sla_escalated"
	FollowUpAsked           Type = "follow_up_asked"
	FollowedUp              Type = "followed_up"
)

// Schema names the data that events of a type hold.
type Schema string

// The schemas: what an event's data is.
const (
	// OfResponse is a Response.
	OfResponse Schema = "response"
	// OfAlert is an Alert.
	OfAlert Schema = "alert"
	// OfAlertState is an AlertState.
	OfAlertState Schema = "alert_state"
	// OfFallback is a Fallback.
	OfFallback Schema = "fallback"
	// OfCallback is a Callback.
	OfCallback Schema = "callback"
)

// URI is the schema's name in an event's dataschema, with its version.
func (s Schema) URI() string { return "urn:rappel:feed:" + string(s) + ":v1" }

// Description says what a type means.
type Description struct {
	// Type is its name.
	Type Type
	// Schema is what its data is.
	Schema Schema
	// When it happens.
	When string
}

// AboutQueue reports whether the last token of the subject of such an event is a queue; else
// it is a survey.
func (d Description) AboutQueue() bool { return d.Schema == OfCallback || d.Schema == OfFallback }

// Types describes every type, in the order of the loop.
func Types() []Description { return descriptions }

var descriptions = []Description{
	{ResponseReceived, OfResponse, "a customer answered a survey"},
	{ResponseCorrected, OfResponse, "the answer was added to or corrected: the same `responseKey`, a higher `revision`"},
	{ResponseScored, OfResponse, "the answer was classed and its words were analysed"},
	{AnalysisCorrected, OfResponse, "what was found in the customer's words was corrected by somebody: `score.correction` counts, also in each later revision of the answer"},
	{AlertRaised, OfAlert, "a rule matched; again, under the same `alertKey`, for each later revision or correction that matches"},
	{AlertResolved, OfAlert, "the customer corrected the answer, or somebody what was found in it, and the rule no longer matches"},
	{FollowUpAnswered, OfResponse, "a customer answered how their callback went (`callbackId`)"},
	{AlertAcknowledged, OfAlertState, "somebody looks after an alert"},
	{AlertUnacknowledged, OfAlertState, "nobody looks after it any more, and it stands"},
	{AlertClosed, OfAlertState, "an alert about an answer stands no more, for another reason (`resolution`) than a correction, of which `alert_resolved` tells"},
	{MetricAlertRaised, OfAlertState, "a metric moved as a rule describes (`movement`)"},
	{MetricAlertResolved, OfAlertState, "a metric's alert stands no more (`resolution`)"},
	{FallbackBegan, OfFallback, "a queue has too much to do, and what the rules declare for that applies; about no customer"},
	{FallbackEnded, OfFallback, "it has time again, or the rules declare it no more"},
	{CallbackOpened, OfCallback, "a customer is to be called back"},
	{CallbackEnriched, OfCallback, "another reason came, or one was brought up to date"},
	{CallbackReasonWithdrawn, OfCallback, "a reason no longer counts; others do, or the call has begun"},
	{CallbackAlertNoted, OfCallback, "an alert changed nothing"},
	{CallbackOffered, OfCallback, "it was offered to an agent"},
	{CallbackAccepted, OfCallback, "the agent took the offer"},
	{CallbackRejected, OfCallback, "the agent refused the offer"},
	{CallbackOfferExpired, OfCallback, "the agent did not answer the offer"},
	{CallbackClaimed, OfCallback, "an agent took it from the queue"},
	{CallbackAttemptStarted, OfCallback, "a call began"},
	{CallbackAttempted, OfCallback, "a call ended (`attempt.outcome`), and the callback goes on"},
	{CallbackCompleted, OfCallback, "it was closed with an `outcome`"},
	{CallbackReleased, OfCallback, "the agent gave it back"},
	{CallbackLeaseExpired, OfCallback, "the agent let it lie for too long, and it waits again"},
	{CallbackCanceled, OfCallback, "nobody needs the call any more"},
	{CallbackWrapUpOverdue, OfCallback, "the call was made and is not written up"},
	{CallbackReopened, OfCallback, "it had been closed and waits again; `by` is `follow-up` when the customer's answer did it"},
	{CallbackRescheduled, OfCallback, "it may be called from another moment on (`notBefore`)"},
	{CallbackTransferred, OfCallback, "it waits in another queue (`movedFrom`)"},
	{CallbackEscalated, OfCallback, "a supervisor raised its priority"},
	{CallbackAgentLost, OfCallback, "the agent who had it disappeared"},
	{CallbackPreferenceEnded, OfCallback, "it is no longer kept for one agent"},
	{CallbackSlotEnded, OfCallback, "a moment that the customer had chosen passed without a call"},
	{CallbackUnattended, OfCallback, "nobody at their desk can take what is next"},
	{CallbackAttended, OfCallback, "somebody is at their desk again who can take it"},
	{CallbackRequeued, OfCallback, "a supervisor took it back from an agent who is gone"},
	{SLAWarned, OfCallback, "a promise (`target`) is about to be missed"},
	{SLABreached, OfCallback, "a promise (`target`) was missed"},
	{SLAEscalated, OfCallback, "a step of escalation was taken about a promise (`target`)"},
	{FollowUpAsked, OfCallback, "the customer is to be asked how it went (`followUp`)"},
	{FollowedUp, OfCallback, "the customer's score after the callback is known: `recovery`, or `about.recovery` where it is an earlier callback than their present one"},
}

// Describe is the description of a type; ok is false for one that is not known.
func Describe(t Type) (d Description, ok bool) {
	d, ok = byType[t]
	return d, ok
}

var byType = func() map[Type]Description {
	m := make(map[Type]Description, len(descriptions))
	for _, d := range descriptions {
		m[d.Type] = d
	}
	return m
}()
