package cli

import "github.com/rappel-loop/rappel/services/internal/verbatim"

// topics are what eval compares beside the sentiment.
type topics struct {
	letters       string // of PCRG
	churn, urgent bool
}

// topicsOf takes them from an analysis.
func topicsOf(a *verbatim.Analysis) (t topics) {
	for i := range a.Themes {
		t.letters += a.Themes[i].Dimension.Letter()
	}
	for i := range a.Intents {
		t.churn = t.churn || a.Intents[i].Intent == verbatim.ChurnRisk
		t.urgent = t.urgent || a.Intents[i].Intent == verbatim.Urgent
	}
	return t
}
