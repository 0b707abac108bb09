package projection

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/rappel-loop/rappel/proto/feedevent"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Raised tells of a rule that matched.
func (p *Projector) Raised(o Origin, e *eventsv1.AlertRaised) (Projected, error) {
	data := p.alert(e.GetAlertId(), e.GetRule(), e.GetScored())
	data.Team, data.Labels = token(e.GetTeam()), labels(e.GetLabels())
	data.Fallback = token(e.GetFallback())
	data.Severity, data.Queue, data.Priority = word(e.GetSeverity()), token(e.GetCallback().GetQueue()), e.GetCallback().GetPriority()
	data.HeldBack = word(e.GetHeldBack())
	if a := e.GetAnswer(); a != nil {
		data.Answer = answer(data.Survey, a)
	}
	return p.ofAlert(o, feedevent.AlertRaised, e.GetRaisedAt(), data)
}

// Resolved tells of a rule that no longer matches.
func (p *Projector) Resolved(o Origin, e *eventsv1.AlertResolved) (Projected, error) {
	return p.ofAlert(o, feedevent.AlertResolved, e.GetResolvedAt(), p.alert(e.GetAlertId(), e.GetRule(), e.GetScored()))
}

func (p *Projector) ofAlert(o Origin, t feedevent.Type, at *timestamppb.Timestamp, data *feedevent.Alert) (Projected, error) {
	e, err := p.envelope(o, t, data.CustomerKey, "alerting", at)
	if err != nil {
		return Projected{}, err
	}
	e.Data = data
	return Projected{Event: e, About: about(data.Survey), Surveys: distinct(nil, data.Survey), Queue: data.Queue}, nil
}

func (p *Projector) alert(id, rule string, e *eventsv1.ResponseScored) *feedevent.Alert {
	received := e.GetReceived()
	r := received.GetResponse()
	return &feedevent.Alert{
		CustomerKey: received.GetCustomerKey(), AlertKey: p.Pseudonyms.alert(id), Rule: token(rule), Survey: token(r.GetSurvey()),
		ResponseKey: p.Pseudonyms.response(r.GetSurvey(), r.GetId()), Revision: received.GetRevision(), Correction: e.GetCorrection(),
		Channel: label(r.GetChannel()), Touchpoint: label(r.GetTouchpoint()), SubmittedAt: moment(r.GetSubmittedAt()),
		Attributes: p.attributes(r.GetAttributes()),
	}
}

// labels are what a rule marks its alerts with, as far as the texts are names: they are a
// deployment's own words, and not meant for everybody.
func labels(all map[string]string) map[string]string {
	var some map[string]string
	for name, text := range all {
		if token(name) == "" || token(text) == "" {
			continue
		}
		if some == nil {
			some = map[string]string{}
		}
		some[name] = text
	}
	return some
}
