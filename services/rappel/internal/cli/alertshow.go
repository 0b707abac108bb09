package cli

import (
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

func (d *desk) showAlertCommand() *cobra.Command {
	resp := &alertingv1.GetAlertResponse{}
	return d.showByID(d.alertArguments, alertPath, resp, func(w io.Writer) error { return d.printAlert(w, resp) })
}

func (d *desk) printAlert(out io.Writer, resp *alertingv1.GetAlertResponse) error {
	_, terminal := d.terminal(out)
	s := style{on: terminal && d.getenv("NO_COLOR") == ""}
	w, a := alertWordsOf(d.w), resp.GetAlert().GetAlert()
	lines := [][2]string{
		{w.State, d.standing(a)},
		{w.Severity, w.Severities[a.GetSeverity()]},
		{w.Rule, oneLine(a.GetRule())},
		{w.Team, oneLine(a.GetTeam())},
		{w.About, d.alertAbout(a)},
		{w.Customer, oneLine(a.GetCustomerKey())},
		{w.Response, d.ofResponse(a)},
		{w.Raised, d.raisedAt(a)},
		{w.Expires, d.expires(a)},
		{w.Labels, labelList(a)},
		{w.Notified, d.toldOf(resp.GetAlert())},
		{w.Groups, oneLine(strings.Join(resp.GetAlert().GetGroups(), ", "))},
	}
	width := 0
	for _, l := range lines {
		width = max(width, cells(l[0]))
	}
	var b strings.Builder
	b.WriteString(s.bold(oneLine(a.GetId())) + "\n")
	for _, l := range lines {
		if l[1] != "" {
			b.WriteString("  " + s.dim(pad(l[0], width)) + "  " + l[1] + "\n")
		}
	}
	b.WriteString("\n" + s.bold(w.History) + "\n")
	for _, e := range resp.GetHistory() {
		b.WriteString("  " + s.dim(d.date(e.GetAt())) + "  " + d.changeLine(e) + "\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// standing is an alert's state, with who and until when, or why it stands no more.
func (d *desk) standing(a *eventsv1.AlertState) string {
	w := alertWordsOf(d.w)
	parts := []string{w.States[a.GetState()]}
	if h := a.GetAcknowledgement(); h != nil {
		parts = append(parts, fill(w.By, oneLine(h.GetBy())))
		if h.GetUntil() != nil {
			parts = append(parts, fill(w.Until, d.date(h.GetUntil())))
		}
		parts = append(parts, oneLine(h.GetComment()))
	}
	if a.GetState() == eventsv1.AlertState_RESOLVED {
		parts = append(parts, w.Resolutions[a.GetResolution()])
		if a.GetResolvedBy() != "" {
			parts = append(parts, fill(w.By, oneLine(a.GetResolvedBy())))
		}
		parts = append(parts, oneLine(a.GetComment()))
	}
	return strings.Join(nonEmpty(parts), ", ")
}

func (d *desk) ofResponse(a *eventsv1.AlertState) string {
	if a.GetResponseId() == "" {
		return ""
	}
	return oneLine(a.GetSurvey()) + " " + oneLine(a.GetResponseId()) + ", " + fill(alertWordsOf(d.w).Revision, a.GetRevision())
}

func (d *desk) raisedAt(a *eventsv1.AlertState) string {
	if a.GetRaisedAt() == nil {
		return ""
	}
	text := d.date(a.GetRaisedAt())
	if a.GetEpisode() > 1 {
		text += ", " + fill(alertWordsOf(d.w).Episode, a.GetEpisode())
	}
	return text
}

func (d *desk) expires(a *eventsv1.AlertState) string {
	if a.GetState() == eventsv1.AlertState_RESOLVED || a.GetExpiresAt() == nil {
		return ""
	}
	return d.date(a.GetExpiresAt())
}

func labelList(a *eventsv1.AlertState) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(a.GetLabels())) {
		all = append(all, oneLine(name)+"="+oneLine(a.GetLabels()[name]))
	}
	return strings.Join(all, " ")
}

// toldOf says whether people are told of an alert, and why not.
func (d *desk) toldOf(l *alertingv1.Alert) string {
	w := alertWordsOf(d.w)
	if !l.GetAlert().GetNotify() {
		return w.ToldNobody
	}
	parts := []string{w.Told}
	for _, h := range l.GetHeldBack() {
		text := w.NotTold + d.w.Colon
		switch h.GetReason() {
		case alertingv1.HeldBack_SILENCED:
			text += fill(w.Silenced, oneLine(h.GetBy()))
		case alertingv1.HeldBack_INHIBITED:
			text += fill(w.Inhibited, oneLine(h.GetBy()))
		case alertingv1.HeldBack_MUTED:
			text += fill(w.Muted, oneLine(h.GetBy()))
		case alertingv1.HeldBack_REASON_UNSPECIFIED:
		}
		if h.GetUntil() != nil {
			text += " " + fill(w.Until, d.date(h.GetUntil()))
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// changeLine is one event of an alert's history.
func (d *desk) changeLine(e *eventsv1.AlertChanged) string {
	w, a := alertWordsOf(d.w), e.GetAlert()
	parts := []string{w.Changes[e.GetType()]}
	switch e.GetType() {
	case eventsv1.AlertChanged_RAISED, eventsv1.AlertChanged_UPDATED:
		if a.GetMovement() != nil {
			parts = append(parts, d.alertAbout(a))
		} else {
			parts = append(parts, fill(w.Revision, a.GetRevision()), w.Severities[a.GetSeverity()])
		}
	case eventsv1.AlertChanged_RESOLVED:
		parts = append(parts, w.Resolutions[a.GetResolution()], oneLine(a.GetComment()))
	case eventsv1.AlertChanged_ACKNOWLEDGED:
		parts = append(parts, oneLine(a.GetAcknowledgement().GetComment()))
	case eventsv1.AlertChanged_UNACKNOWLEDGED, eventsv1.AlertChanged_TYPE_UNSPECIFIED:
	}
	if e.GetBy() != "" {
		parts = append(parts, fill(w.By, oneLine(e.GetBy())))
	}
	return strings.Join(nonEmpty(parts), ", ")
}
