package wire

import (
	"strings"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// Raised is a raised alert as the domain takes it.
func Raised(m *eventsv1.AlertRaised) callback.Alert {
	received := m.GetScored().GetReceived()
	response := received.GetResponse()
	plan := m.GetCallback()
	return callback.Alert{
		AlertID: m.GetAlertId(), Rule: m.GetRule(), Revision: received.GetRevision(), Correction: m.GetScored().GetCorrection(),
		CustomerKey: received.GetCustomerKey(), Customer: FromCustomer(response.GetCustomer()), Aliases: received.GetAliasKeys(),
		Reason: reasonOf(m, response),
		Queue:  plan.GetQueue(), Skills: plan.GetSkills(), Language: response.GetCustomer().GetLanguage(),
		Severity: callback.Severity(m.GetSeverity()), HeldBack: plan == nil,
		FollowsUp: response.GetCallbackId(), Slots: fromSlots(response.GetCallbackSlots()),
		SlotsTakenBack: len(response.GetCallbackSlots()) == 0 && len(received.GetPrevious().GetCallbackSlots()) > 0,
		RaisedAt:       moment(m.GetRaisedAt()), FirstAttemptWithin: plan.GetFirstAttemptWithin().AsDuration(),
	}
}

// wordsCorrected is the CancelReason where not the customer corrected something.
const wordsCorrected = "what was found in the answer's words was corrected"

// wordsHeldBack is the CancelReason where the customer was spoken to lately.
const wordsHeldBack = "the customer was called lately, and nothing got worse"

// HeldBack is an alert as the domain takes it that was raised and asks for no callback any
// more, or never did: where it is a reason, it no longer counts.
func HeldBack(m *eventsv1.AlertRaised) callback.WithdrawAlert {
	return callback.WithdrawAlert{
		AlertID: m.GetAlertId(), Revision: m.GetScored().GetReceived().GetRevision(), Correction: m.GetScored().GetCorrection(),
		Reason: wordsHeldBack,
	}
}

// Resolved is a resolved alert as the domain takes it.
func Resolved(m *eventsv1.AlertResolved) callback.WithdrawAlert {
	w := callback.WithdrawAlert{
		AlertID: m.GetAlertId(), Revision: m.GetScored().GetReceived().GetRevision(), Correction: m.GetScored().GetCorrection(),
	}
	if w.Correction > 0 {
		w.Reason = wordsCorrected
	}
	return w
}

// Answered is an answer to a follow-up survey as the domain takes it.
func Answered(m *eventsv1.FollowUpAnswered) callback.TakeFollowUp {
	received := m.GetScored().GetReceived()
	response := received.GetResponse()
	f := callback.TakeFollowUp{
		CallbackID: response.GetCallbackId(), Survey: response.GetSurvey(), ResponseID: response.GetId(),
		Revision: received.GetRevision(), Verbatim: verbatims(response), SubmittedAt: moment(response.GetSubmittedAt()),
	}
	for _, a := range m.GetScored().GetScore().GetAnswers() {
		if a.GetMetric() != eventsv1.Metric_METRIC_UNSPECIFIED {
			f.Scores = append(f.Scores, callback.Score{
				Metric: metric(a.GetMetric()), Class: class(a.GetClass()), Satisfaction: a.GetSatisfaction(),
			})
		}
	}
	return f
}

func reasonOf(m *eventsv1.AlertRaised, response *eventsv1.Response) callback.Reason {
	r := callback.Reason{
		Survey: response.GetSurvey(), ResponseID: response.GetId(), Verbatim: verbatims(response),
		Words: wordsOf(m.GetScored().GetScore()), Channel: response.GetChannel(), Touchpoint: response.GetTouchpoint(),
		SubmittedAt: moment(response.GetSubmittedAt()), Priority: int(m.GetCallback().GetPriority()),
	}
	if a := m.GetAnswer(); a != nil {
		r.Metric, r.Class, r.Scale = metric(a.GetMetric()), class(a.GetClass()), fromScale(a.GetScale())
		r.HasValue, r.Value, r.Satisfaction = true, a.GetValue(), a.GetSatisfaction()
	}
	return r
}

// verbatims are the response's texts, one to a line.
func verbatims(r *eventsv1.Response) string {
	var texts []string
	for _, a := range r.GetAnswers() {
		if a.GetVerbatim() != "" {
			texts = append(texts, a.GetVerbatim())
		}
	}
	return strings.Join(texts, "\n")
}
