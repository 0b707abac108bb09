package projection

import (
	"fmt"

	"github.com/rappel-loop/rappel/proto/feedevent"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// The kinds of alerts.
const (
	kindResponse = "response"
	kindMetric   = "metric"
)

// AlertChanged tells of what became of an alert, as far as ALERTS does not: that somebody
// looks after it, that it was closed; and of all that a metric's does but its figures.
// ErrUntold says that there is nothing to tell.
func (p *Projector) AlertChanged(o Origin, e *eventsv1.AlertChanged) (Projected, error) {
	a := e.GetAlert()
	t, err := alertStateType(e)
	if err != nil {
		return Projected{}, err
	}
	data := &feedevent.AlertState{
		AlertKey: p.Pseudonyms.alert(a.GetId()), CustomerKey: a.GetCustomerKey(), Kind: kindResponse, Rule: token(a.GetRule()), Team: token(a.GetTeam()),
		Severity: word(a.GetSeverity()), Survey: token(a.GetSurvey()), Revision: a.GetRevision(), State: word(a.GetState()),
		Episode: a.GetEpisode(), Changes: a.GetChanges(), By: actor(e.GetBy()), Until: moment(a.GetAcknowledgement().GetUntil()),
		RaisedAt: moment(a.GetRaisedAt()), Resolution: word(a.GetResolution()), Movement: movement(a.GetMovement()),
	}
	whose := a.GetCustomerKey()
	if a.GetMovement() != nil {
		data.Kind, data.CustomerKey, whose = kindMetric, "", data.AlertKey
	} else if a.GetResponseId() != "" {
		data.ResponseKey = p.Pseudonyms.response(a.GetSurvey(), a.GetResponseId())
	}
	event, err := p.envelope(o, t, whose, "alerting", e.GetAt())
	if err != nil {
		return Projected{}, err
	}
	event.Data = data
	return Projected{Event: event, About: about(data.Survey), Surveys: distinct(nil, data.Survey)}, nil
}

// alertStateType is the type of an event of an alert.
func alertStateType(e *eventsv1.AlertChanged) (feedevent.Type, error) {
	isMetric := e.GetAlert().GetMovement() != nil
	switch e.GetType() {
	case eventsv1.AlertChanged_RAISED:
		if isMetric {
			return feedevent.MetricAlertRaised, nil
		}
		return "", fmt.Errorf("%w: ALERTS tells of it", ErrUntold)
	case eventsv1.AlertChanged_UPDATED:
		return "", fmt.Errorf("%w: it is what it was", ErrUntold)
	case eventsv1.AlertChanged_ACKNOWLEDGED:
		return feedevent.AlertAcknowledged, nil
	case eventsv1.AlertChanged_UNACKNOWLEDGED:
		return feedevent.AlertUnacknowledged, nil
	case eventsv1.AlertChanged_RESOLVED:
		switch {
		case isMetric:
			return feedevent.MetricAlertResolved, nil
		case e.GetAlert().GetResolution() == eventsv1.AlertState_NO_LONGER_MATCHES:
			return "", fmt.Errorf("%w: ALERTS tells of it", ErrUntold)
		}
		return feedevent.AlertClosed, nil
	case eventsv1.AlertChanged_TYPE_UNSPECIFIED:
	}
	return "", ErrUnknownType
}

func movement(m *eventsv1.Movement) *feedevent.Movement {
	if m == nil {
		return nil
	}
	return &feedevent.Movement{
		Measure: token(m.GetMeasure()), Figure: m.GetFigure(), Reference: m.GetReference(), Answers: m.GetAnswers(), ReferenceAnswers: m.GetReferenceAnswers(),
		PValue: m.GetPValue(), WindowSeconds: int64(m.GetWindow().AsDuration().Seconds()), Until: moment(m.GetUntil()), Series: labels(m.GetSeries()),
	}
}
