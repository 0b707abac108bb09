package wire

import (
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// FromCallback reads what Callback wrote; nil stays nil.
func FromCallback(m *eventsv1.Callback) *callback.Callback {
	if m == nil {
		return nil
	}
	c := &callback.Callback{
		ID: m.GetId(), CustomerKey: m.GetCustomerKey(), Number: m.GetNumber(),
		State: callback.State(m.GetState()), Customer: FromCustomer(m.GetCustomer()),
		MoreReasons: int(m.GetMoreReasons()), MorePriority: int(m.GetMorePriority()),
		Queue: m.GetQueue(), Skills: m.GetSkills(), Language: m.GetLanguage(), Priority: int(m.GetPriority()),
		OpenedAt: moment(m.GetOpenedAt()), UpdatedAt: moment(m.GetUpdatedAt()), NotBefore: moment(m.GetNotBefore()),
		FirstAttemptDue: moment(m.GetFirstAttemptDue()), ClosedAt: moment(m.GetClosedAt()),
		Holder: fromHolder(m.GetHolder()), LastHolder: fromHolder(m.GetLastHolder()), WrapUp: fromWrapUp(m.GetWrapUp()),
		CancelReason: m.GetCancelReason(), ClosedBy: m.GetClosedBy(), Reopened: fromReopening(m.GetReopened()),
		Moved: fromMove(m.GetMoved()), Escalated: fromEscalation(m.GetEscalated()), Preferred: fromPreference(m.GetPreferred()),
		SLA: fromSLA(m.GetSla()), Slots: fromSlots(m.GetSlots()), FollowUp: fromFollowUp(m.GetFollowUp()), Recovery: fromRecovery(m.GetRecovery()),
		UnattendedSince: moment(m.GetUnattendedSince()), Wish: fromSlots(m.GetWish()), Aliases: m.GetAliasKeys(),
		NextAt: moment(m.GetNextAt()), Country: m.GetCountry(), Zones: m.GetZones(), GivenCents: m.GetGivenCents(),
	}
	for _, d := range m.GetDeclined() {
		c.Declined = append(c.Declined, callback.Decline{AgentID: d.GetAgentId(), At: moment(d.GetAt())})
	}
	for _, r := range m.GetReasons() {
		c.Reasons = append(c.Reasons, fromReason(r))
	}
	for _, a := range m.GetAttempts() {
		c.Attempts = append(c.Attempts, fromAttempt(a))
	}
	return c
}

// FromCustomer is a customer in the domain's words.
func FromCustomer(m *eventsv1.Customer) callback.Customer {
	return callback.Customer{
		ID: m.GetId(), Name: m.GetName(), Phone: m.GetPhone(), Email: m.GetEmail(),
		Language: m.GetLanguage(), TimeZone: m.GetTimeZone(),
	}
}

func fromReopening(m *eventsv1.Reopening) *callback.Reopening {
	if m == nil {
		return nil
	}
	return &callback.Reopening{
		Times: int(m.GetTimes()), At: moment(m.GetAt()), By: m.GetBy(), Reason: m.GetReason(), AfterAttempt: int(m.GetAfterAttempt()),
	}
}

func fromMove(m *eventsv1.Move) *callback.Move {
	if m == nil {
		return nil
	}
	return &callback.Move{From: m.GetFrom(), At: moment(m.GetAt()), By: m.GetBy(), Reason: m.GetReason()}
}

func fromEscalation(m *eventsv1.Escalation) *callback.Escalation {
	if m == nil {
		return nil
	}
	return &callback.Escalation{
		Level: int(m.GetLevel()), Points: int(m.GetPoints()), Added: int(m.GetAdded()),
		At: moment(m.GetAt()), By: m.GetBy(), Reason: m.GetReason(), Role: m.GetRole(),
	}
}

func fromPreference(m *eventsv1.Preference) *callback.Preference {
	if m == nil {
		return nil
	}
	return &callback.Preference{AgentID: m.GetAgentId(), Until: moment(m.GetUntil())}
}

func fromSlots(list []*eventsv1.Slot) []callback.Slot {
	var slots []callback.Slot
	for _, s := range list {
		slots = append(slots, callback.Slot{From: moment(s.GetFrom()), To: moment(s.GetTo())})
	}
	return slots
}

// Gesture is a gesture in the domain's words; the zero one for nil.
func Gesture(m *eventsv1.Gesture) callback.Gesture {
	return callback.Gesture{Kind: m.GetKind(), Cents: m.GetCents(), Currency: m.GetCurrency()}
}

func fromFollowUp(m *eventsv1.FollowUp) *callback.FollowUp {
	if m == nil {
		return nil
	}
	return &callback.FollowUp{Survey: m.GetSurvey(), AskAt: moment(m.GetAskAt()), AskedAt: moment(m.GetAskedAt())}
}

func fromRecovery(m *eventsv1.Recovery) *callback.Recovery {
	if m == nil {
		return nil
	}
	return &callback.Recovery{
		Survey: m.GetSurvey(), ResponseID: m.GetResponseId(), Revision: m.GetRevision(), Metric: metric(m.GetMetric()),
		Before: m.GetBefore(), After: m.GetAfter(), HasBefore: m.Before != nil, HasAfter: m.After != nil,
		Class: class(m.GetClass()), Verbatim: m.GetVerbatim(), At: moment(m.GetAt()),
	}
}

func fromHolder(m *eventsv1.Holder) *callback.Holder {
	if m == nil {
		return nil
	}
	return &callback.Holder{
		AgentID: m.GetAgentId(), RequestID: m.GetRequestId(), Token: m.GetToken(), Since: moment(m.GetSince()),
		LeaseExpiresAt: moment(m.GetLeaseExpiresAt()), EndedAt: moment(m.GetEndedAt()), EndReason: m.GetEndReason(), Team: m.GetTeam(),
	}
}

func fromReason(m *eventsv1.Reason) callback.Reason {
	r := callback.Reason{
		AlertID: m.GetAlertId(), Rule: m.GetRule(), Survey: m.GetSurvey(), ResponseID: m.GetResponseId(), Revision: m.GetRevision(),
		Metric: metric(m.GetMetric()), Class: class(m.GetClass()), Scale: fromScale(m.GetScale()),
		Verbatim: m.GetVerbatim(), Channel: m.GetChannel(), Touchpoint: m.GetTouchpoint(),
		SubmittedAt: moment(m.GetSubmittedAt()), Priority: int(m.GetPriority()), Withdrawn: m.GetWithdrawn(),
		Severity: callback.Severity(m.GetSeverity()), FollowsUp: m.GetFollowsUp(),
		Queue: m.GetQueue(), Skills: m.GetSkills(), FirstAttemptWithin: m.GetFirstAttemptWithin().AsDuration(),
		RaisedAt: moment(m.GetRaisedAt()), Unanswered: m.GetUnanswered(),
		Correction: m.GetCorrection(), Words: fromWords(m),
	}
	if m.Value != nil {
		r.HasValue, r.Value, r.Satisfaction = true, m.GetValue(), m.GetSatisfaction()
	}
	return r
}

func metric(m eventsv1.Metric) callback.Metric {
	if m == eventsv1.Metric_METRIC_UNSPECIFIED {
		return ""
	}
	return callback.Metric(m.String())
}

func class(c eventsv1.Class) callback.Class {
	if c == eventsv1.Class_CLASS_UNSPECIFIED {
		return ""
	}
	return callback.Class(c.String())
}

func fromScale(m *eventsv1.Scale) callback.Scale {
	return callback.Scale{
		Min: m.GetMin(), Max: m.GetMax(),
		LowerIsBetter: m.GetDirection() == eventsv1.Direction_LOWER_IS_BETTER,
	}
}

func fromAttempt(m *eventsv1.Attempt) callback.Attempt {
	return callback.Attempt{
		Number: int(m.GetNumber()), AgentID: m.GetAgentId(), Team: m.GetTeam(), Token: m.GetToken(),
		StartedAt: moment(m.GetStartedAt()), EndedAt: moment(m.GetEndedAt()),
		Outcome: AttemptOutcome(m.GetOutcome()), CallAgainAt: moment(m.GetCallAgainAt()), Note: m.GetNote(),
	}
}

func fromWrapUp(m *eventsv1.WrapUp) *callback.WrapUp {
	if m == nil {
		return nil
	}
	return &callback.WrapUp{
		Outcome: Outcome(m.GetOutcome()), RootCause: m.GetRootCause(), Note: m.GetNote(),
		AgentID: m.GetAgentId(), At: moment(m.GetAt()), FirstContact: m.GetFirstContact(), Gesture: Gesture(m.GetGesture()),
	}
}

// AttemptOutcome is an attempt's outcome in the domain's words; unspecified is
// empty.
func AttemptOutcome(o eventsv1.Attempt_Outcome) callback.AttemptOutcome {
	if o == eventsv1.Attempt_OUTCOME_UNSPECIFIED {
		return ""
	}
	return callback.AttemptOutcome(o.String())
}

// Outcome is a callback's outcome in the domain's words; unspecified is empty.
func Outcome(o eventsv1.WrapUp_Outcome) callback.Outcome {
	if o == eventsv1.WrapUp_OUTCOME_UNSPECIFIED {
		return ""
	}
	return callback.Outcome(o.String())
}
