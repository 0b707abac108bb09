package message

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// words are how things are said in one language. Every field is filled: a test holds both to
// it.
type words struct {
	Severities, Classes, Themes, Resolutions, Measures map[string]string
	// Titles are by kind; %s is how many and about what.
	Titles map[string]string
	// AboutTheme, AboutRule and InSurvey follow how many there are.
	AboutTheme, AboutRule, InSurvey string
	OneAlert, Alerts                string
	// What happened; One is of a single alert.
	LeadOne, Lead, TakenOne, Taken     string
	OldestOne, Oldest, WorstOne, Worst string
	Repeated, Escalated, EscalatedStep string
	Resolved, TestTitle, Test          string
	// Beside what stands: how many are over, and that all others are looked after.
	OverOne, Over, AllTaken                string
	FallbackBeganTitle, FallbackEndedTitle string
	FallbackBegan, FallbackEnded           string
	WaitKnown, WaitUnknown                 string
	More, MoreOne                          string
	Since, By, Callback, CallbackIn        string
	MovedFrom, MovedAbove                  string
	// Next is what to do, by kind; Look is the link's name.
	Next map[string]string
	Look string
	// Rows name what the alerts have in common.
	Rows                 map[string]string
	Footer               string
	Colon, Open, Close   string
	Decimal              string
	Day                  string // a day's layout
	Minutes, Hours, Days string
	// To a customer.
	CustomerTitle, CustomerHello, CustomerHelloName, CustomerText, CustomerBye string
}

func wordsOf(language string) *words {
	if language == "fr" {
		return &french
	}
	return &english
}

func (w *words) theme(name string) string {
	if t := w.Themes[name]; t != "" {
		return t
	}
	return strings.ReplaceAll(name, "_", " ")
}

func (w *words) named(table map[string]string, name string) string {
	if t := table[name]; t != "" {
		return t
	}
	return strings.ReplaceAll(name, "_", " ")
}

// number writes a figure with at most one decimal.
func (w *words) number(v float64) string {
	s := strconv.FormatFloat(v, 'f', 1, 64)
	s = strings.TrimSuffix(s, ".0")
	if s == "-0" {
		s = "0"
	}
	s = strings.Replace(s, "-", "−", 1)
	return strings.Replace(s, ".", w.Decimal, 1)
}

// long says how long something is, in its largest unit.
func (w *words) long(d time.Duration) string {
	switch {
	case d < 2*time.Hour:
		return fmt.Sprintf(w.Minutes, int(d.Round(time.Minute)/time.Minute))
	case d < 48*time.Hour:
		return fmt.Sprintf(w.Hours, int(d.Round(time.Hour)/time.Hour))
	default:
		return fmt.Sprintf(w.Days, int(d.Round(24*time.Hour)/(24*time.Hour)))
	}
}

// when says a moment as seen from another: the hour alone on the same day.
func (w *words) when(t, now time.Time) string {
	if t.Year() == now.Year() && t.YearDay() == now.YearDay() {
		return t.Format("15:04")
	}
	return t.Format(w.Day + " 15:04")
}

// capital begins a sentence.
func capital(s string) string {
	for i, r := range s {
		return strings.ToUpper(string(r)) + s[i+len(string(r)):]
	}
	return s
}
