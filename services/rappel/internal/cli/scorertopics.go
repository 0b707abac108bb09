package cli

import "github.com/rappel-loop/rappel/services/internal/verbatim"

// topics are what eval compares beside the sentiment.
type topics struct {
	letters       string // of PCRG
	churn, urgent bool
}

// topicsOf takes them from an analysis; ok is false where the analyser does not
// look for them.
func topicsOf(*verbatim.Analysis) (t topics, ok bool) { return topics{}, false }
