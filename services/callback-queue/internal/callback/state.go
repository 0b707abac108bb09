package callback

// State is where a callback stands. The values are stored in the stream and in
// the index: never renumber them.
type State uint8

// The states of a callback. docs/state-machine.md draws every arrow between them.
const (
	// StateUnspecified is the zero value; no stored callback has it.
	StateUnspecified State = iota
	// Pending waits for an agent, at once or from NotBefore on.
	Pending
	// Reserved is offered to one agent, for a short time.
	Reserved
	// Assigned is held by an agent who has not started to call yet.
	Assigned
	// Attempting is being called right now.
	Attempting
	// Wrapping has been called; the outcome is still to be written down.
	Wrapping
	// Completed is closed with an outcome. Terminal, but for a reopening.
	Completed
	// Canceled was closed without the call being needed any more. Terminal, but
	// for a reopening.
	Canceled
)

// stateCount is one more than the highest state.
const stateCount = int(Canceled) + 1

var stateNames = [stateCount]string{
	"none", "pending", "reserved", "assigned", "attempting", "wrapping", "completed", "canceled",
}

// String is the state's word in messages and documents: "pending" and so on,
// "none" for the zero value, "unknown" for a number that is no state.
func (s State) String() string {
	if int(s) >= stateCount {
		return "unknown"
	}
	return stateNames[s]
}

// Open reports whether work on the callback remains: every state but the
// terminal ones.
func (s State) Open() bool { return s >= Pending && s <= Wrapping }

// Held reports whether one agent has the callback in hand, or is being offered it.
func (s State) Held() bool { return s >= Reserved && s <= Wrapping }

// Terminal reports whether the callback is closed: nothing can happen to it any
// more, but that somebody reopens it.
func (s State) Terminal() bool { return s == Completed || s == Canceled }
