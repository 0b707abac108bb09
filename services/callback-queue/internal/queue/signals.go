package queue

// signals tell a test that a step of a command has been reached. In production
// they are nil and cost a comparison.
type signals struct {
	// reserved: the index has given an entry, nothing is committed.
	reserved signal
	// decided: the domain has decided, nothing is committed.
	decided signal
	// committed: the event is stored, the index does not know yet.
	committed signal
	// complete: the projector has caught up.
	complete signal
}

type signal func()

func (s signal) fire() {
	if s != nil {
		s()
	}
}
