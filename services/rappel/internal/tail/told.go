package tail

import (
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// corrected fills in what somebody says a verbatim means; not the words, and not who says so.
func (l *Line) corrected(e *eventsv1.AnalysisCorrected) {
	c := e.GetCorrection()
	l.Summary = Summary{What: "corrected", Customer: e.GetCustomerKey(), Survey: e.GetSurvey(), Correction: e.GetNumber()}
	if e.GetText() != "" {
		l.Verbatims = []string{e.GetText()}
	}
	if c.GetSentiment() != eventsv1.Sentiment_LABEL_UNSPECIFIED {
		l.Summary.Sentiments = []string{strings.ToLower(c.GetSentiment().String())}
	}
	for _, t := range c.GetThemes().GetThemes() {
		l.Summary.Themes = append(l.Summary.Themes, t.GetTheme())
	}
	for _, i := range c.GetIntents().GetIntents() {
		l.Summary.Intents = append(l.Summary.Intents, strings.ToLower(i.String()))
	}
}

// changed fills in what became of an alert; not what somebody said of it.
func (l *Line) changed(e *eventsv1.AlertChanged) {
	a := e.GetAlert()
	l.Summary = Summary{
		What: strings.ToLower(e.GetType().String()), Customer: a.GetCustomerKey(), Survey: a.GetSurvey(), Revision: a.GetRevision(),
		Correction: a.GetCorrection(), Rule: a.GetRule(), Severity: severityName(a.GetSeverity()), Alert: a.GetId(),
	}
	if e.GetType() == eventsv1.AlertChanged_RESOLVED && a.GetResolution() != eventsv1.AlertState_RESOLUTION_UNSPECIFIED {
		l.Summary.Outcome = strings.ToLower(a.GetResolution().String())
	}
}

// notified fills in what people are told of a group, and who is.
func (l *Line) notified(e *eventsv1.GroupNotified) {
	n := e.GetNotification()
	if n == nil {
		g := e.GetGroup()
		l.Summary = Summary{What: "noted", Route: g.GetRoute(), Firing: len(g.GetFiring()) + int(g.GetMoreFiring()), Step: g.GetStep()}
		return
	}
	l.notification(n)
	l.Summary.What, l.Summary.Receivers = strings.ToLower(n.GetKind().String()), e.GetReceivers()
}

// notification fills in what it is about. The fallback is of one that began or ended.
func (l *Line) notification(n *eventsv1.Notification) {
	l.Summary = Summary{
		Notification: n.GetId(), Route: n.GetRoute(), Severity: severityName(n.GetSeverity()), Step: n.GetStep(), Fallback: n.GetFallback().GetName(),
		Firing: len(n.GetFiring()) + int(n.GetMoreFiring()), Resolved: len(n.GetResolved()) + int(n.GetMoreResolved()),
	}
}

// delivered fills in how far a delivery is; not what went wrong, which is a receiver's words.
func (l *Line) delivered(e *eventsv1.DeliveryChanged) {
	d := e.GetDelivery()
	l.notification(d.GetNotification())
	l.Summary.What, l.Summary.Delivery, l.Summary.Try = strings.ToLower(d.GetState().String()), d.GetId(), d.GetTries()
	if d.GetReceiver() != "" {
		l.Summary.Receivers = []string{d.GetReceiver()}
	}
	if attempts := d.GetAttempts(); len(attempts) > 0 {
		l.Summary.Status = attempts[len(attempts)-1].GetStatus()
	}
	if d.GetState() == eventsv1.Delivery_PENDING && d.GetTries() > 0 {
		l.Summary.NextAt = moment(d.GetNextAt())
	}
}

// moment is a time, nil where there is none.
func moment(t *timestamppb.Timestamp) *time.Time {
	if t == nil {
		return nil
	}
	at := t.AsTime()
	return &at
}

func severityName(s eventsv1.Severity) string {
	if s == eventsv1.Severity_SEVERITY_UNSPECIFIED {
		return ""
	}
	return strings.ToLower(s.String())
}
