package callback

import "time"

// Command asks for one change. The commands of this package are all there are.
type Command interface {
	// Name is the command's name in messages, as startAttempt.
	Name() string
	// check returns what is wrong with the command itself, whatever the state.
	check() error
	// apply changes the draft, or says why not.
	apply(d *draft) (EventType, error)
}

// TakeAlert takes a raised alert: it opens a callback, adds a reason to the open
// one, or brings the reason up to date that the alert gave before.
type TakeAlert struct{ Alert Alert }

// WithdrawAlert takes a resolved alert: the customer corrected the response.
type WithdrawAlert struct {
	AlertID string
	// Revision is the revision of the response that no longer matches. At the
	// revision the alert was raised at, the withdrawal wins.
	Revision uint32
	// Correction is how many corrections of its analysis were known.
	Correction uint32
	// Reason becomes the CancelReason if nothing else counts; a default is used
	// when it is empty.
	Reason string
}

// Offer reserves a pending callback for one agent.
type Offer struct {
	AgentID string
	// RequestID makes the offer repeatable; optional.
	RequestID string
	// Team is the agent's; empty when it is not known.
	Team string
}

// Accept takes an offer, in time.
type Accept struct {
	AgentID string
	// Token is the hold's; 0 means not given: the agent's id alone must match.
	// So it is in every command that has one.
	Token uint64
}

// Reject declines an offer.
type Reject struct {
	AgentID string
	Token   uint64
	// Reason is the agent's, up to 200 characters; optional.
	Reason string
}

// ExpireReservation ends an offer that was not answered in time.
type ExpireReservation struct{}

// Claim takes a pending callback without an offer.
type Claim struct {
	AgentID string
	// RequestID makes the claim repeatable; without one a repeat is refused, as
	// the callback is no longer pending.
	RequestID string
	// Team is the agent's; empty when it is not known.
	Team string
}

// StartAttempt says that the agent is calling.
type StartAttempt struct {
	AgentID string
	Token   uint64
}

// EndAttempt says what came of the call.
type EndAttempt struct {
	AgentID string
	Token   uint64
	Outcome AttemptOutcome
	// CallAgainAt is the moment the customer named; with CallLater and only then.
	// It must be to come, and within the policy's CallAgainWithin.
	CallAgainAt time.Time
	// Note is up to 4000 characters; optional.
	Note string
}

// Complete closes a callback whose call is over.
type Complete struct {
	AgentID string
	Token   uint64
	// Outcome is any but Unreachable, which is the attempt policy's to give.
	Outcome Outcome
	// RootCause is why it had happened, 1 to 200 characters; one of the policy's
	// causes where it has some.
	RootCause string
	// Note is what was said and promised, 1 to 4000 characters.
	Note string
	// Gesture is what the customer was given, within what the agent's Role may give;
	// its Currency is the policy's. Optional.
	Gesture Gesture
	Role    string
}

// Release gives a callback back to the queue, with its age.
type Release struct {
	AgentID string
	Token   uint64
	// Reason is the agent's, up to 200 characters; optional.
	Reason string
}

// Cancel closes a callback that nobody needs any more.
type Cancel struct {
	// Reason is 1 to 200 characters.
	Reason string
	// By is who decided it.
	By string
}

// Reopen puts a closed callback back into the queue, within the policy's
// ReopenWithin of its closing, unless the customer has had another since.
type Reopen struct {
	// Reason is 1 to 200 characters.
	Reason string
	// By is who decided it.
	By string
}

// Reschedule moves the moment from which a waiting callback may be called.
type Reschedule struct {
	// NotBefore is that moment, within the policy's CallAgainWithin; the zero time
	// and one that is past mean at once.
	NotBefore time.Time
	// CustomerAsked says that the customer chose the moment: the SLA's clocks stand
	// still until then. Else they go on.
	CustomerAsked bool
	// By is who decided it.
	By string
}

// Transfer puts a callback that nobody is calling into another queue, with its
// age. Whoever had it in hand has it no longer.
type Transfer struct {
	// Queue is where it goes: 1 to 64 letters, digits, _ or -.
	Queue string
	// Reason is 1 to 200 characters.
	Reason string
	// By is who decided it.
	By string
}

// Escalate raises an open callback's priority above what its reasons ask for.
type Escalate struct {
	// Points are added to the priority, 1 to 100; it is never over 100.
	Points int
	// Role is who should know of it, at most 64 letters, digits, _ or -; optional.
	Role string
	// Reason is 1 to 200 characters.
	Reason string
	// By is who decided it.
	By string
}

// ExpireLease ends the hold of an agent who went silent.
type ExpireLease struct{}

// AgentLost gives back what an agent who is gone had not begun to call.
type AgentLost struct{ AgentID string }

// EndPreference gives a callback that was kept for one agent to whoever comes.
type EndPreference struct{}

// Name is agentLost.
func (AgentLost) Name() string { return "agentLost" }

// Name is endPreference.
func (EndPreference) Name() string { return "endPreference" }

// Name is takeAlert.
func (TakeAlert) Name() string { return "takeAlert" }

// Name is withdrawAlert.
func (WithdrawAlert) Name() string { return "withdrawAlert" }

// Name is offer.
func (Offer) Name() string { return "offer" }

// Name is accept.
func (Accept) Name() string { return "accept" }

// Name is reject.
func (Reject) Name() string { return "reject" }

// Name is expireReservation.
func (ExpireReservation) Name() string { return "expireReservation" }

// Name is claim.
func (Claim) Name() string { return "claim" }

// Name is startAttempt.
func (StartAttempt) Name() string { return "startAttempt" }

// Name is endAttempt.
func (EndAttempt) Name() string { return "endAttempt" }

// Name is complete.
func (Complete) Name() string { return "complete" }

// Name is release.
func (Release) Name() string { return "release" }

// Name is cancel.
func (Cancel) Name() string { return "cancel" }

// Name is reopen.
func (Reopen) Name() string { return "reopen" }

// Name is reschedule.
func (Reschedule) Name() string { return "reschedule" }

// Name is transfer.
func (Transfer) Name() string { return "transfer" }

// Name is escalate.
func (Escalate) Name() string { return "escalate" }

// Name is expireLease.
func (ExpireLease) Name() string { return "expireLease" }
