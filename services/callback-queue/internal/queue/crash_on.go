//go:build crashpoints

package queue

import "github.com/rappel-loop/rappel/services/internal/crashpoint"

// crashPoints are the steps at which the process can be told to die: reserved, decided,
// committed or applied, of a claim, or offered. It is how the end-to-end tests prove that a
// claim and an offer survive a kill between any two steps.
func crashPoints() signals {
	at := func(step string) func() { return func() { crashpoint.Reached(step) } }
	return signals{
		reserved: at("reserved"), claimDecided: at("decided"), claimCommitted: at("committed"), claimApplied: at("applied"),
		offerCommitted: at("offered"),
	}
}
