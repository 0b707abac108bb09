package wire

import (
	"google.golang.org/protobuf/types/known/durationpb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// Callback is a callback as it is stored and shown; nil stays nil.
func Callback(c *callback.Callback) *eventsv1.Callback {
	if c == nil {
		return nil
	}
	m := &eventsv1.Callback{
		Id: c.ID, CustomerKey: c.CustomerKey, Number: c.Number,
		State: eventsv1.Callback_State(c.State), Customer: customer(c.Customer),
		MoreReasons: uint32(c.MoreReasons), MorePriority: int32(c.MorePriority),
		Queue: c.Queue, Skills: c.Skills, Language: c.Language, Priority: int32(c.Priority),
		OpenedAt: Stamp(c.OpenedAt), UpdatedAt: Stamp(c.UpdatedAt), NotBefore: Stamp(c.NotBefore),
		FirstAttemptDue: Stamp(c.FirstAttemptDue), ClosedAt: Stamp(c.ClosedAt),
		Holder: holder(c.Holder), LastHolder: holder(c.LastHolder), WrapUp: wrapUp(c.WrapUp),
		CancelReason: c.CancelReason, ClosedBy: c.ClosedBy, Reopened: reopening(c.Reopened),
		Moved: moved(c.Moved), Escalated: escalated(c.Escalated), Preferred: preferred(c.Preferred),
		Sla: sla(c.SLA), FollowUp: followUp(c.FollowUp), Recovery: recovery(c.Recovery),
		UnattendedSince: Stamp(c.UnattendedSince), Slots: slots(c.Slots), Wish: slots(c.Wish), AliasKeys: c.Aliases,
		NextAt: Stamp(c.NextAt), Country: c.Country, Zones: c.Zones, GivenCents: c.GivenCents,
	}
	for _, d := range c.Declined {
		m.Declined = append(m.Declined, &eventsv1.Decline{AgentId: d.AgentID, At: Stamp(d.At)})
	}
	for i := range c.Reasons {
		m.Reasons = append(m.Reasons, reason(&c.Reasons[i]))
	}
	for i := range c.Attempts {
		m.Attempts = append(m.Attempts, attempt(&c.Attempts[i]))
	}
	return m
}

func customer(c callback.Customer) *eventsv1.Customer {
	if c == (callback.Customer{}) {
		return nil
	}
	return &eventsv1.Customer{Id: c.ID, Name: c.Name, Phone: c.Phone, Email: c.Email, Language: c.Language, TimeZone: c.TimeZone}
}

func reopening(r *callback.Reopening) *eventsv1.Reopening {
	if r == nil {
		return nil
	}
	return &eventsv1.Reopening{
		Times: uint32(r.Times), At: Stamp(r.At), By: r.By, Reason: r.Reason, AfterAttempt: uint32(r.AfterAttempt),
	}
}

func moved(m *callback.Move) *eventsv1.Move {
	if m == nil {
		return nil
	}
	return &eventsv1.Move{From: m.From, At: Stamp(m.At), By: m.By, Reason: m.Reason}
}

func escalated(e *callback.Escalation) *eventsv1.Escalation {
	if e == nil {
		return nil
	}
	return &eventsv1.Escalation{
		Level: uint32(e.Level), Points: uint32(e.Points), Added: uint32(e.Added),
		At: Stamp(e.At), By: e.By, Reason: e.Reason, Role: e.Role,
	}
}

func preferred(p *callback.Preference) *eventsv1.Preference {
	if p == nil {
		return nil
	}
	return &eventsv1.Preference{AgentId: p.AgentID, Until: Stamp(p.Until)}
}

func slots(list []callback.Slot) []*eventsv1.Slot {
	var all []*eventsv1.Slot
	for _, s := range list {
		all = append(all, &eventsv1.Slot{From: Stamp(s.From), To: Stamp(s.To)})
	}
	return all
}

func gesture(g callback.Gesture) *eventsv1.Gesture {
	if g == (callback.Gesture{}) {
		return nil
	}
	return &eventsv1.Gesture{Kind: g.Kind, Cents: g.Cents, Currency: g.Currency}
}

func followUp(f *callback.FollowUp) *eventsv1.FollowUp {
	if f == nil {
		return nil
	}
	return &eventsv1.FollowUp{Survey: f.Survey, AskAt: Stamp(f.AskAt), AskedAt: Stamp(f.AskedAt)}
}

func recovery(r *callback.Recovery) *eventsv1.Recovery {
	if r == nil {
		return nil
	}
	m := &eventsv1.Recovery{
		Survey: r.Survey, ResponseId: r.ResponseID, Revision: r.Revision,
		Metric: eventsv1.Metric(eventsv1.Metric_value[string(r.Metric)]),
		Class:  eventsv1.Class(eventsv1.Class_value[string(r.Class)]), Verbatim: r.Verbatim, At: Stamp(r.At),
	}
	if r.HasBefore {
		m.Before = &r.Before
	}
	if r.HasAfter {
		m.After = &r.After
	}
	return m
}

func holder(h *callback.Holder) *eventsv1.Holder {
	if h == nil {
		return nil
	}
	return &eventsv1.Holder{
		AgentId: h.AgentID, RequestId: h.RequestID, Token: h.Token, Since: Stamp(h.Since),
		LeaseExpiresAt: Stamp(h.LeaseExpiresAt), EndedAt: Stamp(h.EndedAt), EndReason: h.EndReason, Team: h.Team,
	}
}

func reason(r *callback.Reason) *eventsv1.Reason {
	m := &eventsv1.Reason{
		AlertId: r.AlertID, Rule: r.Rule, Survey: r.Survey, ResponseId: r.ResponseID, Revision: r.Revision,
		Metric: eventsv1.Metric(eventsv1.Metric_value[string(r.Metric)]),
		Class:  eventsv1.Class(eventsv1.Class_value[string(r.Class)]),
		Scale:  scale(r.Scale), Verbatim: r.Verbatim, Channel: r.Channel, Touchpoint: r.Touchpoint,
		SubmittedAt: Stamp(r.SubmittedAt), Priority: int32(r.Priority), Withdrawn: r.Withdrawn,
		Severity: eventsv1.Severity(r.Severity), FollowsUp: r.FollowsUp, Correction: r.Correction,
		Queue: r.Queue, Skills: r.Skills, RaisedAt: Stamp(r.RaisedAt), Unanswered: r.Unanswered,
	}
	putWords(m, &r.Words)
	if r.HasValue {
		m.Value, m.Satisfaction = &r.Value, &r.Satisfaction
	}
	if r.FirstAttemptWithin > 0 {
		m.FirstAttemptWithin = durationpb.New(r.FirstAttemptWithin)
	}
	return m
}

func scale(s callback.Scale) *eventsv1.Scale {
	if s == (callback.Scale{}) {
		return nil
	}
	m := &eventsv1.Scale{Min: s.Min, Max: s.Max}
	if s.LowerIsBetter {
		m.Direction = eventsv1.Direction_LOWER_IS_BETTER
	}
	return m
}

func attempt(a *callback.Attempt) *eventsv1.Attempt {
	return &eventsv1.Attempt{
		Number: uint32(a.Number), AgentId: a.AgentID, Team: a.Team, Token: a.Token,
		StartedAt: Stamp(a.StartedAt), EndedAt: Stamp(a.EndedAt),
		Outcome:     eventsv1.Attempt_Outcome(eventsv1.Attempt_Outcome_value[string(a.Outcome)]),
		CallAgainAt: Stamp(a.CallAgainAt), Note: a.Note,
	}
}

func wrapUp(w *callback.WrapUp) *eventsv1.WrapUp {
	if w == nil {
		return nil
	}
	return &eventsv1.WrapUp{
		Outcome:   eventsv1.WrapUp_Outcome(eventsv1.WrapUp_Outcome_value[string(w.Outcome)]),
		RootCause: w.RootCause, Note: w.Note, AgentId: w.AgentID, At: Stamp(w.At), FirstContact: w.FirstContact, Gesture: gesture(w.Gesture),
	}
}
