package projection

import (
	"regexp"
	"strings"

	"github.com/rappel-loop/rappel/proto/feedevent"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Callback tells of what happened to a customer's callbacks.
func (p *Projector) Callback(o Origin, e *eventsv1.CallbackEvent) (Projected, error) {
	t, err := callbackType(e.GetType())
	if err != nil {
		return Projected{}, err
	}
	event, err := p.envelope(o, t, e.GetCustomerKey(), "callback-queue", e.GetOccurredAt())
	if err != nil {
		return Projected{}, err
	}
	data := p.callback(e.GetCallback())
	data.CustomerKey, data.EventNo, data.By = e.GetCustomerKey(), e.GetEventNo(), actor(e.GetActor())
	if t == feedevent.SLAWarned || t == feedevent.SLABreached || t == feedevent.SLAEscalated {
		data.Target = target(e.GetCause()) // other causes are ids
	}
	data.SLAOutcomes, data.About = p.outcomes(e.GetSlaOutcomes()), p.earlier(e)
	switch {
	case data.About != nil:
		event.Subject = data.About.CallbackID
	case data.CallbackID != "":
		event.Subject = data.CallbackID
	}
	event.Data = data
	return Projected{Event: event, About: about(data.Queue), Surveys: data.Surveys, Queue: data.Queue}, nil
}

func (p *Projector) callback(c *eventsv1.Callback) *feedevent.Callback {
	data := &feedevent.Callback{
		CallbackID: callbackID(c.GetId()), State: word(c.GetState()), Queue: token(c.GetQueue()), Priority: c.GetPriority(),
		OpenedAt: moment(c.GetOpenedAt()), NotBefore: moment(c.GetNotBefore()), FirstAttemptDue: moment(c.GetFirstAttemptDue()),
		UnattendedSince: moment(c.GetUnattendedSince()), ClosedAt: moment(c.GetClosedAt()), MoreReasons: c.GetMoreReasons(),
		NextAt: moment(c.GetNextAt()), GivenCents: c.GetGivenCents(),
		SLA: sla(c.GetSla()), Escalation: c.GetEscalated().GetLevel(), MovedFrom: token(c.GetMoved().GetFrom()),
		Reopened: c.GetReopened().GetTimes(), FollowUp: followUp(c.GetFollowUp()), Recovery: p.recovery(c.GetRecovery()),
	}
	for _, r := range c.GetReasons() {
		data.Reasons = append(data.Reasons, p.reason(r))
		data.Surveys = distinct(data.Surveys, token(r.GetSurvey()))
	}
	holder := c.GetHolder()
	if holder == nil {
		holder = c.GetLastHolder()
	}
	data.AgentKey, data.Team = p.Pseudonyms.agent(holder.GetAgentId()), token(holder.GetTeam())
	if n := len(c.GetAttempts()); n > 0 {
		data.Attempts, data.Attempt = n, p.attempt(c.GetAttempts()[n-1])
	}
	p.wrapUp(data, c.GetWrapUp())
	return data
}

func (p *Projector) reason(r *eventsv1.Reason) feedevent.Reason {
	out := feedevent.Reason{
		AlertKey: p.Pseudonyms.alert(r.GetAlertId()), Rule: token(r.GetRule()), Severity: word(r.GetSeverity()),
		Survey: token(r.GetSurvey()), ResponseKey: p.Pseudonyms.response(r.GetSurvey(), r.GetResponseId()), Revision: r.GetRevision(),
		Metric: word(r.GetMetric()), Class: word(r.GetClass()), Channel: label(r.GetChannel()), Touchpoint: label(r.GetTouchpoint()),
		SubmittedAt: moment(r.GetSubmittedAt()), Withdrawn: r.GetWithdrawn(), FollowsUp: r.GetFollowsUp(), RaisedAt: moment(r.GetRaisedAt()),
		Unanswered: r.GetUnanswered(), Correction: r.GetCorrection(), Sentiment: word(r.GetSentiment()), Themes: themes(r.GetThemes()),
		Disagreement: word(r.GetDisagreement()), RecoveryPriority: r.GetRecoveryPriority(),
	}
	for _, i := range r.GetIntents() {
		out.Intents = distinct(out.Intents, word(i))
	}
	if r.GetMetric() != eventsv1.Metric_METRIC_UNSPECIFIED {
		out.Value, out.Scale, out.Satisfaction = r.Value, scale(r.GetScale()), r.Satisfaction
	}
	return out
}

func (p *Projector) attempt(a *eventsv1.Attempt) *feedevent.Attempt {
	return &feedevent.Attempt{
		Number: a.GetNumber(), AgentKey: p.Pseudonyms.agent(a.GetAgentId()), Team: token(a.GetTeam()), StartedAt: moment(a.GetStartedAt()),
		EndedAt: moment(a.GetEndedAt()), Outcome: word(a.GetOutcome()), CallAgainAt: moment(a.GetCallAgainAt()),
	}
}

func (p *Projector) wrapUp(data *feedevent.Callback, w *eventsv1.WrapUp) {
	data.Outcome, data.RootCause, data.FirstContact = word(w.GetOutcome()), rootCause(w.GetRootCause()), w.GetFirstContact()
	if g := w.GetGesture(); g != nil {
		data.Goodwill = &feedevent.Gesture{Kind: token(g.GetKind()), Cents: g.GetCents(), Currency: currency.FindString(g.GetCurrency())}
	}
}

// outcomes are the promises that an event decides.
func (p *Projector) outcomes(list []*eventsv1.SLAOutcome) []feedevent.SLAOutcome {
	var all []feedevent.SLAOutcome
	for _, o := range list {
		all = append(all, feedevent.SLAOutcome{
			Target: word(o.GetTarget()), Kept: o.GetKept(), Queue: token(o.GetQueue()), Team: token(o.GetTeam()),
			AgentKey: p.Pseudonyms.agent(o.GetAgentId()), DueAt: moment(o.GetDueAt()),
		})
	}
	return all
}

// earlier is the callback that an event is about where that is not the customer's present
// one; nothing else of those before comes out.
func (p *Projector) earlier(e *eventsv1.CallbackEvent) *feedevent.Earlier {
	id := callbackID(e.GetAbout())
	if id == "" {
		return nil
	}
	out := &feedevent.Earlier{CallbackID: id}
	for _, past := range e.GetPast() {
		if past.GetId() == id {
			out.ClosedAt, out.Recovery = moment(past.GetClosedAt()), p.recovery(past.GetRecovery())
		}
	}
	return out
}

func (p *Projector) recovery(r *eventsv1.Recovery) *feedevent.Recovery {
	if r == nil {
		return nil
	}
	return &feedevent.Recovery{
		Survey: token(r.GetSurvey()), ResponseKey: p.Pseudonyms.response(r.GetSurvey(), r.GetResponseId()), Revision: r.GetRevision(),
		Metric: word(r.GetMetric()), Before: r.Before, After: r.After, Class: word(r.GetClass()), At: moment(r.GetAt()),
	}
}

var (
	currency = regexp.MustCompile(`^[A-Z]{3}$`)
	// node is one word of a root cause's name.
	node = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)
)

// rootCause is a cause's name, if it has the form of one: a dimension and the words below it.
// Where none are configured agents write free words, which stay where they are.
func rootCause(name string) string {
	parts := strings.Split(name, "/")
	if eventsv1.Dimension_value[strings.ToUpper(parts[0])] == 0 {
		return ""
	}
	for _, part := range parts {
		if !node.MatchString(part) {
			return ""
		}
	}
	return name
}

func sla(s *eventsv1.SLA) *feedevent.SLA {
	if s == nil {
		return nil
	}
	return &feedevent.SLA{
		Policy: token(s.GetPolicy()), State: word(s.GetState()), FirstAttempt: clock(s.GetFirstAttempt()),
		Resolution: clock(s.GetResolution()), PausedUntil: moment(s.GetPausedUntil()),
	}
}

func clock(c *eventsv1.SLA_Clock) *feedevent.Clock {
	if c == nil {
		return nil
	}
	return &feedevent.Clock{
		DueAt: moment(c.GetDueAt()), WarnedAt: moment(c.GetWarnedAt()), BreachedAt: moment(c.GetBreachedAt()),
		EndedAt: moment(c.GetEndedAt()), Kept: c.GetKept(),
	}
}

func followUp(f *eventsv1.FollowUp) *feedevent.FollowUp {
	if f == nil {
		return nil
	}
	return &feedevent.FollowUp{Survey: token(f.GetSurvey()), AskAt: moment(f.GetAskAt()), AskedAt: moment(f.GetAskedAt())}
}
