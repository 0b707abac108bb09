// Package survey is what a survey of one's own asks: data, a YAML file a survey,
// checked when it is read. It is pure but for the reading of files.
//
// A survey begins with one question on a scale, which can be answered by one click in a
// mail. What comes next goes by what the answer means (package metric): bad, middle or
// good, as docs/scoring.md has it.
package survey

import (
	"strings"

	"github.com/rappel-loop/rappel/services/internal/metric"
)

// Language of a page.
type Language string

// The languages that customers are asked in; French is what is spoken where nothing else
// is known.
const (
	French  Language = "fr"
	English Language = "en"
)

// Text is one text in each language.
type Text struct {
	French  string
	English string
}

// In is the text in a language. In French what a sign is parted from by a space stays on
// its line with it.
func (t Text) In(l Language) string {
	if l == English {
		return t.English
	}
	return unbroken.Replace(t.French)
}

var unbroken = strings.NewReplacer(" ?", "\u00a0?", " !", "\u00a0!", " :", "\u00a0:", " ;", "\u00a0;", "« ", "«\u00a0", " »", "\u00a0»")

// Given says that there is one.
func (t Text) Given() bool { return t != Text{} }

// ByMood is a text for each way the first question can be answered; Any stands in for
// those that are not given.
type ByMood struct {
	Bad    Text
	Middle Text
	Good   Text
	Any    Text
}

// Of is the text for a mood.
func (b ByMood) Of(m metric.Mood) Text {
	t := b.Any
	switch m {
	case metric.Bad:
		t = b.Bad
	case metric.Middle:
		t = b.Middle
	case metric.Good:
		t = b.Good
	case metric.NoMood:
	}
	if !t.Given() {
		return b.Any
	}
	return t
}

// Survey is one; it is immutable.
type Survey struct {
	// Name is the responses' survey.
	Name string
	// Where its name stands, as apres-achat.yaml:2.
	Where string
	// From says who asks.
	From Text
	// Title and Intro head the page.
	Title Text
	Intro Text
	// Channel and Touchpoint of the responses, unless an invitation says others.
	Channel    string
	Touchpoint string
	// Question is the first, on a scale.
	Question Question
	// FollowUp asks for words, by what the first answer means.
	FollowUp ByMood
	// More is asked beside that, up to 10.
	More []Question
	// Callback offers a call; absent offers none.
	Callback *Callback
	// Consent says what becomes of the answers, and stands above the button.
	Consent Text
	// Purpose is what that comes to, in a word or two of the deployment's own, recorded with
	// each answer: up to 64 characters.
	Purpose string
	// Privacy is where more about that stands: a URL.
	Privacy Text
	// Thanks ends it.
	Thanks ByMood
	// ValidDays is how many days a link can be used, 1 to 366; 30 when absent.
	ValidDays int
	// Open lets anybody answer; absent lets only those who have a link.
	Open *Open
}

// FollowUpID is the question id of the words that FollowUp asks for.
const FollowUpID = "why"
