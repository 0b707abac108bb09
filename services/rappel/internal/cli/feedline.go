package cli

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/rappel-loop/rappel/proto/feedevent"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// feedKeyShown is how much of a customer's key a line shows.
const feedKeyShown = 8

// line is an event as a person reads it: when, who, what, and what is known of it.
func (r *feedReader) line(s style, e feedevent.Event) string {
	fw := feedWordsOf(r.w)
	what := fw.Types[e.Type]
	if what == "" {
		what = string(e.Type) // one that came after this program
	}
	var parts []string
	switch d := e.Data.(type) {
	case *feedevent.Response:
		parts = r.responseParts(fw, d)
	case *feedevent.Alert:
		parts = r.alertParts(fw, d)
	case *feedevent.AlertState:
		parts = r.alertStateParts(fw, d)
	case *feedevent.Fallback:
		parts = fallbackParts(fw, d)
	case *feedevent.Callback:
		parts = r.callbackParts(fw, e.Type, d)
	}
	key := oneLine(e.PartitionKey)
	if len(key) > feedKeyShown {
		key = strings.ToValidUTF8(key[:feedKeyShown], "")
	}
	text := e.Time.In(r.zone).Format("15:04:05") + "  " + pad(key, feedKeyShown) + "  " + paintFeed(s, e.Type, oneLine(what))
	for _, p := range nonEmpty(parts) {
		text += " · " + oneLine(p)
	}
	return text
}

// paintFeed marks what deserves a look.
func paintFeed(s style, t feedevent.Type, what string) string {
	switch t { //nolint:exhaustive // the rest is plain
	case feedevent.AlertRaised, feedevent.MetricAlertRaised, feedevent.FallbackBegan, feedevent.SLAWarned, feedevent.CallbackUnattended, feedevent.CallbackReopened:
		return s.yellow(what)
	case feedevent.SLABreached:
		return s.red(what)
	case feedevent.CallbackCompleted, feedevent.FallbackEnded, feedevent.FollowedUp:
		return s.green(what)
	}
	return what
}

func (r *feedReader) responseParts(fw *feedWords, d *feedevent.Response) []string {
	parts := []string{d.Survey, r.answers(d.Answers), d.Channel}
	if d.Revision > 1 {
		parts = append(parts, fill(fw.Revision, d.Revision))
	}
	if d.CallbackRequested {
		parts = append(parts, fw.AsksToBeCalled)
	}
	if d.Score != nil {
		for _, v := range d.Score.Verbatims {
			parts = append(parts, r.found(v.Themes, v.Intents)...)
		}
		if d.Score.Disagreement != "" {
			parts = append(parts, r.w.topics().Disagrees)
		}
	}
	return append(parts, d.CallbackID)
}

// found is what the customer's words are about, and what they want or announce.
func (r *feedReader) found(themes []feedevent.Theme, intents []string) []string {
	var parts []string
	t := r.w.topics()
	for _, m := range themes {
		parts = append(parts, t.theme(&eventsv1.ThemeFound{
			Theme: m.Theme, Polarity: eventsv1.Sentiment_Label(eventsv1.Sentiment_Label_value[m.Polarity]),
		}))
	}
	for _, i := range intents {
		parts = append(parts, t.Intents[eventsv1.Intent(eventsv1.Intent_value[i])])
	}
	return parts
}

func (r *feedReader) alertParts(fw *feedWords, d *feedevent.Alert) []string {
	rule := d.Rule
	if known := r.w.Rules[rule]; known != "" {
		rule = known
	}
	parts := []string{fill(fw.Rule, rule), r.w.Severities[eventsv1.Severity(eventsv1.Severity_value[d.Severity])], d.Team, d.Survey}
	if d.Answer != nil {
		parts = append(parts, r.answers([]feedevent.Answer{*d.Answer}))
	}
	if d.Queue != "" {
		parts = append(parts, fill(fw.InQueue, d.Queue))
	}
	if d.HeldBack != "" {
		parts = append(parts, fw.HeldBackLately)
	}
	if d.Fallback != "" {
		parts = append(parts, fill(fw.Fallback, d.Fallback))
		if d.Queue == "" {
			parts = append(parts, fw.HeldBack)
		}
	}
	return parts
}

func (r *feedReader) alertStateParts(fw *feedWords, d *feedevent.AlertState) []string {
	rule := d.Rule
	if known := r.w.Rules[rule]; known != "" {
		rule = known
	}
	w := alertWordsOf(r.w)
	parts := []string{fill(fw.Rule, rule), r.w.Severities[eventsv1.Severity(eventsv1.Severity_value[d.Severity])], d.Team, d.Survey}
	if m := d.Movement; m != nil {
		parts = append(parts, m.Measure+" "+figure(m.Figure, r.w.Decimal)+" ("+fill(w.Compared, figure(m.Reference, r.w.Decimal))+")")
	}
	return append(parts, w.Resolutions[eventsv1.AlertState_Resolution(eventsv1.AlertState_Resolution_value[d.Resolution])])
}

func fallbackParts(fw *feedWords, d *feedevent.Fallback) []string {
	parts := []string{d.Name, fill(fw.InQueue, d.Queue)}
	if d.WaitSeconds != nil {
		parts = append(parts, fill(fw.Wait, waitText(time.Duration(*d.WaitSeconds*float64(time.Second)))))
	}
	return append(parts, strings.Join(d.Measures, ", "))
}

func (r *feedReader) callbackParts(fw *feedWords, t feedevent.Type, d *feedevent.Callback) []string {
	parts := []string{r.w.States[eventsv1.Callback_State(eventsv1.Callback_State_value[d.State])]}
	if d.Target != "" {
		parts = append(parts, fw.Targets[d.Target])
	}
	if t == feedevent.CallbackAttempted && d.Attempt != nil {
		parts = append(parts, r.w.Attempts[eventsv1.Attempt_Outcome(eventsv1.Attempt_Outcome_value[d.Attempt.Outcome])])
	}
	if d.Outcome != "" {
		parts = append(parts, r.w.Wraps[eventsv1.WrapUp_Outcome(eventsv1.WrapUp_Outcome_value[d.Outcome])])
	}
	if t == feedevent.CallbackOpened && len(d.Reasons) > 0 {
		parts = append(parts, r.found(d.Reasons[0].Themes, d.Reasons[0].Intents)...)
	}
	recovery, id := d.Recovery, d.CallbackID
	if d.About != nil { // nothing of the present one has changed
		recovery, id, parts = d.About.Recovery, d.About.CallbackID, nil
	}
	if recovery != nil {
		parts = append(parts, fill(fw.Recovered, r.satisfaction(recovery.Before), r.satisfaction(recovery.After)))
	}
	if d.About != nil {
		return append(parts, id)
	}
	if d.Queue != "" {
		parts = append(parts, fill(fw.InQueue, d.Queue))
	}
	return append(parts, fill(r.w.Priority, d.Priority), d.CallbackID)
}

func (r *feedReader) satisfaction(v *float64) string {
	if v == nil {
		return "–"
	}
	return strconv.Itoa(int(math.Round(*v)))
}

// answers are metrics with what they mean, as NPS 2 (détracteur).
func (r *feedReader) answers(all []feedevent.Answer) string {
	texts := make([]string, len(all))
	for i, a := range all {
		texts[i] = a.Metric + " " + strconv.FormatFloat(a.Value, 'f', -1, 64)
		if class := r.w.Classes[eventsv1.Class(eventsv1.Class_value[a.Class])]; class != "" {
			texts[i] += " (" + class + ")"
		}
	}
	return strings.Join(texts, ", ")
}
