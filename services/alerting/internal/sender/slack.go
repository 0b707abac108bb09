package sender

import (
	"strings"

	"github.com/rappel-loop/rappel/services/alerting/internal/message"
)

// Slack's bounds: https://docs.slack.dev/reference/block-kit/blocks/
const (
	slackHeader  = 150  // characters of a header
	slackSection = 3000 // of a section
	slackField   = 2000
	slackFields  = 10
	slackBlocks  = 50
)

type block struct {
	Type     string      `json:"type"`
	Text     *slackText  `json:"text,omitempty"`
	Fields   []slackText `json:"fields,omitempty"`
	Elements []slackText `json:"elements,omitempty"`
}

type slackText struct {
	Type string `json:"type"`
	Text string `json:"text"`
	// Verbatim keeps Slack from making links and mentions of plain text.
	Verbatim bool `json:"verbatim,omitempty"`
}

// slackEscape is all that Slack asks for: without < there is no mention and no link.
// https://docs.slack.dev/messaging/formatting-message-text/#escaping
var slackEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// mrkdwn is text in Slack's markup that holds escaped data.
func mrkdwn(s string, most int) *slackText {
	return &slackText{Type: "mrkdwn", Text: cut(s, most), Verbatim: true}
}

// slack is the body for an incoming webhook.
func slack(d message.Document) ([]byte, error) {
	blocks := []block{{Type: "header", Text: &slackText{Type: "plain_text", Text: cut(d.Title, slackHeader)}}}
	section := func(s string) {
		if s = strings.TrimSpace(s); s != "" && len(blocks) < slackBlocks-2 {
			blocks = append(blocks, block{Type: "section", Text: mrkdwn(s, slackSection)})
		}
	}
	if d.Text != "" {
		for _, part := range parts(slackEscape.Replace(d.Text), slackSection) {
			section(part)
		}
	} else {
		section(slackEscape.Replace(d.Lead))
		var fields []slackText
		for _, r := range d.Rows[:min(len(d.Rows), slackFields)] {
			fields = append(fields, *mrkdwn("*"+slackEscape.Replace(r.Name)+"*"+d.Between(r)+slackEscape.Replace(r.Value), slackField))
		}
		if len(fields) > 0 {
			blocks = append(blocks, block{Type: "section", Fields: fields})
		}
		for _, i := range d.Items {
			section(slackItem(i))
		}
		section(slackEscape.Replace(d.More))
		section(slackEscape.Replace(d.Next))
		if d.URL != "" {
			section("<" + slackEscape.Replace(strings.ReplaceAll(d.URL, "|", "%7C")) + "|" + slackEscape.Replace(d.Look) + ">")
		}
		if d.Footer != "" {
			blocks = append(blocks, block{Type: "context", Elements: []slackText{*mrkdwn(slackEscape.Replace(d.Footer), slackField)}})
		}
	}
	return encoded(struct {
		Text   string  `json:"text"`
		Blocks []block `json:"blocks"`
	}{slackEscape.Replace(d.Title), blocks})
}

// marks of a severity in a chat: a colour says more than a word, and the word is there too.
var marks = map[string]string{"critical": "🔴", "high": "🟠", "medium": "🟡", "low": "⚪"}

func slackItem(i message.Item) string {
	lines := []string{marks[i.Severity] + " *" + slackEscape.Replace(i.Head) + "*"}
	for _, s := range []string{i.Detail, i.Contact} {
		if s != "" {
			lines = append(lines, slackEscape.Replace(s))
		}
	}
	for _, q := range i.Quotes {
		lines = append(lines, "> "+slackEscape.Replace(q))
	}
	return strings.Join(lines, "\n")
}

// cut is a text of at most so many characters, which ends with no broken escape.
func cut(s string, most int) string {
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	s = string(runes[:most-1])
	if i := strings.LastIndexByte(s, '&'); i >= 0 && !strings.Contains(s[i:], ";") {
		s = s[:i]
	}
	return s + "…"
}

// parts is a text in pieces of at most so many characters, cut between lines where it can.
func parts(s string, most int) []string {
	var all []string
	for runes := []rune(s); len(runes) > 0; {
		n := min(len(runes), most)
		if n < len(runes) {
			if i := strings.LastIndexByte(string(runes[:n]), '\n'); i > 0 {
				n = len([]rune(string(runes[:n])[:i])) + 1
			}
		}
		all, runes = append(all, string(runes[:n])), runes[n:]
	}
	return all
}
