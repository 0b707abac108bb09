package queue

import "github.com/rappel-loop/rappel/services/callback-queue/internal/callback"

// signals tell a test that a step has been reached, so that it need not sleep,
// and let it fail there. In production they are nil and cost a comparison.
type signals struct {
	// reserved: the index has given an entry to a claim, nothing is committed.
	reserved signal
	// claimDecided: the domain has decided a claim, nothing is committed.
	claimDecided signal
	// claimCommitted: the claim is stored, the index does not know yet.
	claimCommitted signal
	// claimApplied: the index knows, the agent has no answer yet.
	claimApplied signal
	// offerCommitted: an offer is stored, neither the index nor the agent know yet.
	offerCommitted signal
	// reset: the projector has emptied the index and begins to build it.
	reset signal
	// complete: the projector has caught up.
	complete signal
	// walking: the projector has stopped reading the stream, being alone.
	walking signal
	// flushed: the projector has brought events it followed into the index.
	flushed signal
	// watched: the watcher has handled what was due.
	watched signal
}

type signal func()

func (s signal) fire() {
	if s != nil {
		s()
	}
}

// onOffer fires a signal for an offer only.
func (s signal) onOffer(cmd callback.Command) {
	if _, offer := cmd.(callback.Offer); offer {
		s.fire()
	}
}

// on fires a signal for the commands of a claim only.
func (s signal) on(cmd callback.Command) {
	if _, claim := cmd.(callback.Claim); claim {
		s.fire()
	}
}
