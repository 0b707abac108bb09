package sender

import (
	"strings"

	"github.com/rappel-loop/rappel/services/alerting/internal/message"
)

// teamsMost is how large a message may be: Teams refuses more than 28 KB.
// https://learn.microsoft.com/microsoftteams/limits-specifications-teams
const teamsMost = 27 << 10

// A card is written in text runs, which know no markup: no link or mention comes of data.
type run struct {
	Type   string `json:"type"`
	Text   string `json:"text"`
	Weight string `json:"weight,omitempty"`
	Size   string `json:"size,omitempty"`
	Italic bool   `json:"italic,omitempty"`
	Subtle bool   `json:"isSubtle,omitempty"`
}

type element struct {
	Type    string    `json:"type"`
	Inlines []run     `json:"inlines,omitempty"`
	Items   []element `json:"items,omitempty"`
	Style   string    `json:"style,omitempty"`
	Spacing string    `json:"spacing,omitempty"`
}

type action struct {
	Type  string `json:"type"`
	Title string `json:"title"`
	URL   string `json:"url"`
}

type card struct {
	Schema  string            `json:"$schema"`
	Type    string            `json:"type"`
	Version string            `json:"version"`
	MSTeams map[string]string `json:"msteams"`
	Body    []element         `json:"body"`
	Actions []action          `json:"actions,omitempty"`
}

type attachment struct {
	ContentType string `json:"contentType"`
	Content     card   `json:"content"`
}

type teamsMessage struct {
	Type        string       `json:"type"`
	Attachments []attachment `json:"attachments"`
}

var styles = map[string]string{"critical": "attention", "high": "warning", "medium": "emphasis", "low": "emphasis"}

// teams is the body for a workflow that posts to a channel when a webhook request is received.
func teams(d message.Document) ([]byte, error) {
	for _, p := range []*string{&d.Title, &d.Lead, &d.Next, &d.More, &d.Look, &d.Footer} {
		*p = cut(*p, teamsLine)
	}
	body, err := encoded(teamsCard(d))
	for err == nil && len(body) > teamsMost {
		switch { // each round leaves something out, down to what always fits
		case len(d.Items) > 1:
			d.Items, d.More = d.Items[:len(d.Items)/2], "…"
		case len([]rune(d.Text)) > teamsLine:
			d.Text = cut(d.Text, len([]rune(d.Text))/2)
		case len(d.Items)+len(d.Rows) > 0:
			d.Rows, d.Items = nil, nil
		default:
			return body, nil
		}
		body, err = encoded(teamsCard(d))
	}
	return body, err
}

// teamsLine is how many characters a part has at most that is never left out.
const teamsLine = 600

func teamsCard(d message.Document) teamsMessage {
	c := card{
		Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.4",
		MSTeams: map[string]string{"width": "Full"},
	}
	add := func(spacing string, runs ...run) {
		c.Body = append(c.Body, element{Type: "RichTextBlock", Inlines: runs, Spacing: spacing})
	}
	text := func(s string) run { return run{Type: "TextRun", Text: s} }
	title := text(d.Title)
	title.Weight, title.Size = "Bolder", "Large"
	add("", title)
	if d.Text != "" {
		for l := range strings.SplitSeq(strings.TrimRight(d.Text, "\n"), "\n") {
			if l == "" {
				l = "\u00a0" // an empty run is refused
			}
			add("None", text(l))
		}
		return teamsMessage{"message", []attachment{{"application/vnd.microsoft.card.adaptive", c}}}
	}
	if d.Lead != "" {
		add("", text(d.Lead))
	}
	for _, r := range d.Rows {
		name := text(r.Name + d.Between(r))
		name.Weight = "Bolder"
		add("Small", name, text(r.Value))
	}
	for _, i := range d.Items {
		c.Body = append(c.Body, teamsItem(i))
	}
	for _, s := range []string{d.More, d.Next} {
		if s != "" {
			add("", text(s))
		}
	}
	if d.Footer != "" {
		footer := text(d.Footer)
		footer.Subtle, footer.Size = true, "Small"
		add("", footer)
	}
	if d.URL != "" {
		c.Actions = []action{{"Action.OpenUrl", d.Look, d.URL}}
	}
	return teamsMessage{"message", []attachment{{"application/vnd.microsoft.card.adaptive", c}}}
}

func teamsItem(i message.Item) element {
	e := element{Type: "Container", Style: styles[i.Severity]}
	add := func(r run) {
		e.Items = append(e.Items, element{Type: "RichTextBlock", Inlines: []run{r}, Spacing: "None"})
	}
	add(run{Type: "TextRun", Text: i.Head, Weight: "Bolder"})
	for _, s := range []string{i.Detail, i.Contact} {
		if s != "" {
			add(run{Type: "TextRun", Text: s, Subtle: true})
		}
	}
	for _, q := range i.Quotes {
		add(run{Type: "TextRun", Text: q, Italic: true})
	}
	return e
}
