package message

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Document is what is said of a notification, in parts that every kind of receiver can show.
// Everything in it is plain text.
type Document struct {
	// Title is one line, at most MaxTitle characters.
	Title string
	// Lead is what happened; Next is what to do, and may be empty.
	Lead, Next string
	// Rows are what the alerts have in common.
	Rows []Row
	// Items are the alerts, the worst first; More says how many are left out.
	Items []Item
	More  string
	// Look names URL; both are empty where there is nothing to look at.
	Look, URL string
	// Footer says where it comes from.
	Footer string
	// Text, where it is not empty, stands in place of all but the title: an operator's own.
	Text string
	// HTML likewise, for e-mail: it is safe to be shown.
	HTML string

	colon string
}

// Between is what stands between a row's name and its value.
func (d Document) Between(r Row) string {
	if r.Name == bullet {
		return " "
	}
	return d.colon
}

// bullet stands in place of the name of a row that is one of a list.
const bullet = "•"

// Row is a name and what it is.
type Row struct{ Name, Value string }

// Item is one alert.
type Item struct {
	// Severity is low, medium, high or critical.
	Severity string
	// Head is the alert in a line, Detail what else is known of it.
	Head, Detail string
	// Quotes are the customer's words; Contact is who they are and how they are reached.
	Quotes  []string
	Contact string
}

// MaxTitle is how many characters a title has at most.
const MaxTitle = 140

// shown is how many alerts are shown each for itself.
const shown = 10

// Describe says what the facts are, by the built-in texts.
func Describe(f Facts) Document { return describe(f, wordsOf(f.Language)) }

func describe(f Facts, w *words) Document {
	d := Document{Title: line(title(f, w), MaxTitle), URL: f.URL, colon: w.Colon}
	switch f.Kind {
	case "test":
		d.Lead = w.Test
	case "fallback":
		d.Lead, d.Rows = fallbackText(f, w)
	case "resolved":
		d.Lead, d.Rows = w.Resolved, common(f.Resolved, w)
		d.Items, d.More = items(f.Resolved, f.ResolvedCount, f, w)
	default:
		d.Lead, d.Rows = standing(f, w), common(f.Firing, w)
		if f.FiringCount > taken(f) {
			d.Next = w.Next[f.Kind]
		}
		d.Items, d.More = items(f.Firing, f.FiringCount, f, w)
	}
	if d.URL != "" {
		d.Look = w.Look
	}
	if f.Group != "" {
		d.Footer = fmt.Sprintf(w.Footer, line(f.Route, 64), line(f.Group, 64))
	}
	return d
}

func title(f Facts, w *words) string {
	switch f.Kind {
	case "test":
		return w.TestTitle
	case "fallback":
		if f.Fallback == nil {
			return w.TestTitle
		}
		text := w.FallbackEndedTitle
		if f.Fallback.Active {
			text = w.FallbackBeganTitle
		}
		return fmt.Sprintf(text, f.Fallback.Name, f.Fallback.Queue)
	}
	all, n := f.Firing, f.FiringCount
	if f.Kind == "resolved" {
		all, n = f.Resolved, f.ResolvedCount
	}
	what := w.OneAlert
	if n != 1 {
		what = fmt.Sprintf(w.Alerts, n)
	}
	if theme := shared(all, "theme"); theme != "" {
		what += fmt.Sprintf(w.AboutTheme, w.theme(theme))
	} else if rule := shared(all, "rule"); rule != "" {
		what += fmt.Sprintf(w.AboutRule, rule)
	}
	if survey := shared(all, "survey"); survey != "" {
		what += fmt.Sprintf(w.InSurvey, survey)
	}
	text := fmt.Sprintf(cmp.Or(w.Titles[f.Kind], "%s"), what)
	if f.Kind != "resolved" && (f.Severity == "high" || f.Severity == "critical") {
		text = "[" + capital(w.Severities[f.Severity]) + "] " + text
	}
	return text
}

// taken is how many of the alerts that are listed somebody looks after.
func taken(f Facts) int {
	n := 0
	for _, a := range f.Firing {
		if a.State == "acknowledged" {
			n++
		}
	}
	return n
}

// standing says how it stands.
func standing(f Facts, w *words) string {
	var parts []string
	pick := func(n int, single, several string) string {
		if n == 1 {
			return single
		}
		return fmt.Sprintf(several, n)
	}
	switch {
	case f.Kind == "repeated" && f.ResolvedCount == 0:
		parts = append(parts, w.Repeated)
	case f.Kind == "escalated" && f.Step > 0:
		parts = append(parts, fmt.Sprintf(w.EscalatedStep, f.Step))
	case f.Kind == "escalated":
		parts = append(parts, w.Escalated)
	}
	if f.ResolvedCount > 0 {
		parts = append(parts, pick(f.ResolvedCount, w.OverOne, w.Over))
	}
	taken := taken(f)
	waiting := f.FiringCount - taken
	if waiting == 0 {
		return strings.Join(append(parts, w.AllTaken), " ")
	}
	parts = append(parts, pick(waiting, w.LeadOne, w.Lead), worst(f, waiting, w))
	if taken == 0 {
		parts = append(parts, oldest(f, waiting, w))
	} else {
		text := w.Taken
		if taken == 1 {
			text = w.TakenOne
		}
		parts = append(parts, fmt.Sprintf(text, taken))
	}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), " ")
}

// worst says how bad it is.
func worst(f Facts, waiting int, w *words) string {
	text := w.Worst
	if waiting == 1 {
		text = w.WorstOne
	}
	return fmt.Sprintf(text, w.named(w.Severities, f.Severity))
}

// oldest says since when it waits; nothing where that is a moment.
func oldest(f Facts, waiting int, w *words) string {
	var first time.Time
	for _, a := range f.Firing {
		if first.IsZero() || a.Since.Before(first) {
			first = a.Since
		}
	}
	age := f.At.Sub(first)
	if first.IsZero() || age < time.Minute {
		return ""
	}
	text := w.Oldest
	if waiting == 1 {
		text = w.OldestOne
	}
	return fmt.Sprintf(text, w.when(first, f.At), w.long(age))
}

func fallbackText(f Facts, w *words) (string, []Row) {
	b := f.Fallback
	if b == nil {
		return w.Test, nil
	}
	text := w.FallbackEnded
	if b.Active {
		text = w.FallbackBegan
	}
	lead := fmt.Sprintf(text, line(b.Queue, 64), line(b.Name, 64), w.long(b.Ends))
	switch {
	case b.Wait != nil:
		lead += " " + fmt.Sprintf(w.WaitKnown, w.long(*b.Wait), w.long(b.Begins))
	case b.Active:
		lead += " " + fmt.Sprintf(w.WaitUnknown, w.long(b.Begins))
	}
	if !b.Active {
		return lead, nil
	}
	var rows []Row
	for _, m := range b.Measures {
		rows = append(rows, Row{bullet, capital(line(w.named(w.Measures, m), 200))})
	}
	return lead, rows
}

// rowOrder is how what alerts have in common is listed.
var rowOrder = []string{"theme", "survey", "touchpoint", "channel", "rule", "team", "queue", "customer"}

// common are the rows of the labels that all alerts share.
func common(all []Alert, w *words) []Row {
	var rows []Row
	for _, label := range rowOrder {
		v := shared(all, label)
		if v == "" {
			continue
		}
		if label == "theme" {
			v = w.theme(v)
		}
		rows = append(rows, Row{w.Rows[label], line(v, 100)})
	}
	return rows
}

// shared is the value of a label that all alerts have; empty where they differ.
func shared(all []Alert, label string) string {
	if len(all) == 0 {
		return ""
	}
	v := value(all[0], label)
	for _, a := range all[1:] {
		if value(a, label) != v {
			return ""
		}
	}
	return v
}

func value(a Alert, label string) string {
	switch label {
	case "severity":
		return a.Severity
	case "survey":
		return a.Survey
	case "rule":
		return a.Rule
	case "team":
		return a.Team
	}
	return a.Labels[label]
}

func items(all []Alert, count int, f Facts, w *words) ([]Item, string) {
	var out []Item
	for _, a := range all[:min(len(all), shown)] {
		out = append(out, item(a, all, f, w))
	}
	switch left := count - len(out); {
	case left == 1:
		return out, w.MoreOne
	case left > 1:
		return out, fmt.Sprintf(w.More, left)
	}
	return out, ""
}

// item leaves out what all of them have in common: the rows say that.
func item(a Alert, all []Alert, f Facts, w *words) Item {
	i := Item{Severity: a.Severity}
	differs := func(label string) bool { return shared(all, label) == "" && value(a, label) != "" }
	var head []string
	if differs("severity") {
		head = append(head, capital(w.named(w.Severities, a.Severity)))
	}
	if a.Value != nil {
		text := a.Metric + " " + w.number(*a.Value)
		if a.Class != "" {
			text += " (" + w.named(w.Classes, a.Class) + ")"
		}
		head = append(head, text)
	}
	if a.Movement != nil {
		head = append(head, moved(a.Movement, w))
	}
	if differs("theme") {
		head = append(head, w.theme(a.Theme))
	}
	if differs("survey") {
		head = append(head, a.Survey)
	}
	if len(head) == 0 || differs("rule") {
		head = append(head, a.Rule)
	}
	i.Head = line(strings.Join(head, " · "), 300)
	detail := []string{fmt.Sprintf(w.Since, w.when(a.Since, f.At))}
	switch {
	case a.State == "resolved" && a.Resolution != "":
		detail = append(detail, w.named(w.Resolutions, a.Resolution))
	case a.AcknowledgedBy != "":
		detail = append(detail, fmt.Sprintf(w.By, a.AcknowledgedBy))
	case a.Callback && a.Queue != "":
		detail = append(detail, fmt.Sprintf(w.CallbackIn, a.Queue))
	case a.Callback:
		detail = append(detail, w.Callback)
	}
	i.Detail = line(strings.Join(detail, " · "), 300)
	if c := a.Customer; c != nil {
		i.Contact = line(strings.Join(slices.DeleteFunc([]string{c.Name, c.Phone, c.Email}, func(s string) bool { return s == "" }), " · "), 300)
		for _, v := range c.Verbatims {
			i.Quotes = append(i.Quotes, w.Open+line(v, MaxVerbatim)+w.Close)
		}
	}
	return i
}

func moved(m *Movement, w *words) string {
	measure := w.named(w.Measures, m.Measure)
	if m.Measure != strings.ToLower(m.Measure) {
		measure = m.Measure // NPS, CSAT
	}
	if m.ReferenceAnswers > 0 {
		return fmt.Sprintf(w.MovedFrom, measure, w.number(m.Figure), w.long(m.Window), m.Answers, w.number(m.Reference), m.ReferenceAnswers)
	}
	return fmt.Sprintf(w.MovedAbove, measure, w.number(m.Figure), w.long(m.Window), m.Answers, w.number(m.Reference))
}

// Plain is the document as plain text, without its title.
func (d Document) Plain() string {
	if d.Text != "" {
		return d.Text
	}
	var b strings.Builder
	paragraph := func(s string) {
		if s != "" {
			b.WriteString(s + "\n\n")
		}
	}
	paragraph(d.Lead)
	for _, r := range d.Rows {
		b.WriteString(r.Name + d.Between(r) + r.Value + "\n")
	}
	if len(d.Rows) > 0 {
		b.WriteString("\n")
	}
	for _, i := range d.Items {
		b.WriteString("- " + i.Head + "\n")
		for _, l := range append([]string{i.Detail, i.Contact}, i.Quotes...) {
			if l != "" {
				b.WriteString("  " + l + "\n")
			}
		}
	}
	if len(d.Items) > 0 {
		paragraph(d.More)
		if d.More == "" {
			b.WriteString("\n")
		}
	}
	paragraph(d.Next)
	if d.URL != "" {
		paragraph(d.Look + "\n" + d.URL)
	}
	paragraph(d.Footer)
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// line is a text as one line of at most so many characters, without what a screen would obey.
func line(s string, most int) string {
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.In(r, unicode.Cf) && r != '\u200d':
			return -1
		}
		return r
	}, s)), " ")
	if runes := []rune(s); len(runes) > most {
		return strings.TrimRight(string(runes[:most-1]), " ") + "…"
	}
	return s
}
