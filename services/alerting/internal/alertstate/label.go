package alertstate

import (
	"strings"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// The kinds of alerts, as the label kind has them.
const (
	KindResponse = "response"
	KindMetric   = "metric"
)

// SeverityWord is a severity as rules and labels write it: low, medium, high or critical.
func SeverityWord(s eventsv1.Severity) string { return strings.ToLower(severity(s).String()) }

// labels are what an alert of a response is known by: its rule's own, and those that are
// always there, which win.
func labels(e *eventsv1.AlertRaised) map[string]string {
	r := e.GetScored().GetReceived()
	all := make(map[string]string, len(e.GetLabels())+12)
	for name, text := range e.GetLabels() {
		set(all, name, text)
	}
	set(all, "kind", KindResponse)
	set(all, "rule", e.GetRule())
	set(all, "severity", SeverityWord(e.GetSeverity()))
	set(all, "team", e.GetTeam())
	set(all, "survey", r.GetResponse().GetSurvey())
	set(all, "touchpoint", sourced(r.GetResponse().GetTouchpoint()))
	set(all, "channel", sourced(r.GetResponse().GetChannel()))
	set(all, "customer", r.GetCustomerKey())
	set(all, "queue", e.GetCallback().GetQueue())
	if a := e.GetAnswer(); a != nil {
		set(all, "metric", word(a.GetMetric()))
		set(all, "class", strings.ToLower(word(a.GetClass())))
	}
	if theme := themeOf(e.GetScored().GetScore()); theme != nil {
		set(all, "theme", theme.GetTheme())
		set(all, "dimension", strings.ToLower(word(theme.GetDimension())))
	}
	return all
}

// set notes a label unless it is empty.
func set(all map[string]string, name, text string) {
	if text != "" {
		all[name] = text
	}
}

// themeOf is the first theme that is spoken of badly, else the first; nil for none.
func themeOf(s *eventsv1.Score) *eventsv1.ThemeFound {
	var first *eventsv1.ThemeFound
	for _, v := range s.GetVerbatims() {
		for _, t := range v.GetThemes() {
			if t.GetPolarity() == eventsv1.Sentiment_NEGATIVE {
				return t
			}
			if first == nil {
				first = t
			}
		}
	}
	return first
}

// maxSourced bounds a source's word, in bytes.
const maxSourced = 128

// sourced is a source's own word unless it looks like what reaches a person: a mapping may
// have gone wrong, and nothing personal may be in an alert.
func sourced(s string) string {
	digits := 0
	for _, r := range s {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	if len(s) > maxSourced || digits > 4 || strings.ContainsRune(s, '@') {
		return ""
	}
	return s
}

// word is the name of a value; nothing for the unspecified one.
func word[E interface {
	~int32
	String() string
}](v E) string {
	if v == 0 {
		return ""
	}
	return v.String()
}
