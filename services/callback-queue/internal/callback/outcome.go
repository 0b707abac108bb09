package callback

// AttemptOutcome is what came of one try; empty while it runs.
type AttemptOutcome string

// The outcomes of an attempt.
const (
	// Reached: the customer answered and was spoken to.
	Reached AttemptOutcome = "REACHED"
	// NoAnswer: nobody picked up.
	NoAnswer AttemptOutcome = "NO_ANSWER"
	// Busy: the line was engaged.
	Busy AttemptOutcome = "BUSY"
	// VoicemailLeft: a message was left.
	VoicemailLeft AttemptOutcome = "VOICEMAIL_LEFT"
	// WrongNumber: the number is not the customer's.
	WrongNumber AttemptOutcome = "WRONG_NUMBER"
	// Refused: the customer does not want to talk.
	Refused AttemptOutcome = "REFUSED"
	// CallLater: the customer named another moment.
	CallLater AttemptOutcome = "CALL_LATER"
	// TechnicalFailure: no call was made, or it is not known what came of it.
	TechnicalFailure AttemptOutcome = "TECHNICAL_FAILURE"
)

// counts reports whether the outcome is of a real try, which the attempt policy
// counts.
func (o AttemptOutcome) counts() bool { return o != TechnicalFailure && o != "" }

// trigger is the arrow that an attempt ended with o takes; usedUp says that the
// attempt policy allows no further try. Only a try that found nobody gives up: a
// customer who named a moment is called then, and a failure of ours was no try.
// ok is false for a word that is no outcome.
func (o AttemptOutcome) trigger(usedUp bool) (t trigger, ok bool) {
	switch o {
	case Reached, WrongNumber, Refused:
		return concluded, true
	case CallLater, TechnicalFailure:
		return retry, true
	case NoAnswer, Busy, VoicemailLeft:
		if usedUp {
			return giveUp, true
		}
		return retry, true
	default:
		return 0, false
	}
}

// Outcome is what a completed callback came to.
type Outcome string

// The outcomes of a callback.
const (
	// Resolved: the customer's problem is settled.
	Resolved Outcome = "RESOLVED"
	// PartlyResolved: some of it is.
	PartlyResolved Outcome = "PARTLY_RESOLVED"
	// Unresolved: it is not.
	Unresolved Outcome = "UNRESOLVED"
	// NoActionNeeded: there was nothing to settle.
	NoActionNeeded Outcome = "NO_ACTION_NEEDED"
	// Unreachable: every try allowed was made. The attempt policy gives it, and
	// no agent can.
	Unreachable Outcome = "UNREACHABLE"
)

// writable reports whether an agent may write the outcome into a wrap-up.
func (o Outcome) writable() bool {
	switch o {
	case Resolved, PartlyResolved, Unresolved, NoActionNeeded:
		return true
	case Unreachable:
		return false
	default:
		return false
	}
}
