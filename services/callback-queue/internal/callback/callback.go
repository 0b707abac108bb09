package callback

import (
	"iter"
	"time"
)

// Callback is the task to call a customer back.
type Callback struct {
	// ID is `<customer_key>-<number>`; Number is 1 for the customer's first.
	ID          string
	CustomerKey string
	Number      uint32
	// State is where it stands; only the transition table changes it.
	State State
	// Customer is whom to call.
	Customer Customer
	// Country and Zones are where the customer's phone number may be, as the policy's
	// Locate said when it was taken.
	Country string
	Zones   []string
	// Aliases are further pseudonyms of the customer, at most MaxAliases.
	Aliases []string
	// Reasons is why, in the order they came, at most MaxReasons. Withdrawn ones
	// stay, so that an agent sees what happened; they do not count.
	Reasons []Reason
	// MoreReasons counts the reasons beyond MaxReasons, and MorePriority is the
	// most urgent of them, 0 to 100: all that is kept of them.
	MoreReasons  int
	MorePriority int
	// Queue is the queue it waits in; a transfer changes it, a step of the SLA, and a worse
	// reason.
	Queue string
	// Moved is the last transfer; nil when there was none.
	Moved *Move
	// Language is the language to speak, a BCP 47 tag; empty when unknown.
	Language string
	// Skills are what the agent must have, from the worst reason that names any.
	Skills []string
	// Priority is 0 to 100, higher is more urgent; priority.go has the formula.
	Priority int
	// Escalated is set once somebody raised the priority.
	Escalated *Escalation
	// OpenedAt is the callback's age: no requeue, retry or transfer resets it.
	OpenedAt time.Time
	// UpdatedAt is when it last changed.
	UpdatedAt time.Time
	// NotBefore is when it may first be claimed or offered; zero means at once.
	NotBefore time.Time
	// Slots are the customer's that are to come, or under way, in order: the callback
	// waits for the first. Wish is what they were as the customer gave them last, in
	// order: the same again are no new wish. At most MaxSlots each.
	Slots, Wish []Slot
	// FirstAttemptDue is when the first attempt should have been started: the SLA's
	// first target, which it orders the queue by.
	FirstAttemptDue time.Time
	// SLA is what the customer was promised; nil for what was opened before there
	// were any.
	SLA *SLA
	// ClosedAt is when it was completed or canceled; zero while open.
	ClosedAt time.Time
	// Holder is who has it in hand; nil in Pending and in the terminal states.
	Holder *Holder
	// LastHolder is the hold before the present moment, ended; nil when there
	// was none. It lets a repeated command be told from a late one.
	LastHolder *Holder
	// UnattendedSince is since when it is known that nobody at their desk can take it;
	// zero unless it waits, and that was noted.
	UnattendedSince time.Time
	// Preferred is whom it is kept for; nil unless Pending and kept for somebody.
	Preferred *Preference
	// Declined are those who were offered it and did not take it, or gave it back, the
	// latest last.
	Declined []Decline
	// Attempts are the tries, oldest first; the last one is running while the
	// state is Attempting. At most MaxAttemptsKept.
	Attempts []Attempt
	// WrapUp is what it came to; nil unless Completed.
	WrapUp *WrapUp
	// GivenCents is what the customer was given by the wrap-ups before the last reopening,
	// in hundredths of the currency.
	GivenCents int64
	// FollowUp asks how it went; nil unless Completed, and the policy asks.
	FollowUp *FollowUp
	// Recovery is what the customer answered; nil until they have.
	Recovery *Recovery
	// NextAt is when the customer's next callback is to be opened, because this one leaves
	// reasons unanswered; zero unless Completed, and it does.
	NextAt time.Time
	// CancelReason is why it was canceled; empty unless Canceled.
	CancelReason string
	// Reopened is set once it was closed and opened again.
	Reopened *Reopening
	// ClosedBy is who completed or canceled it; empty while open, when the
	// attempt policy completed it, and when the customer's correction, or the list of
	// who is not to be called, canceled it.
	ClosedBy string
}

// Holder is one agent's hold on a callback.
type Holder struct {
	AgentID string
	// Team is the agent's when they got it; empty when it was not known.
	Team string
	// RequestID is the request that got the hold; may be empty.
	RequestID string
	// Token fences the hold: the stream sequence of the commit that gave it. The
	// commit itself carries 0; Aggregate.Loaded fills it in.
	Token uint64
	// Since is when the hold was given.
	Since time.Time
	// LeaseExpiresAt is when the hold lapses unless the agent goes on; zero once
	// a wrap-up is overdue, which has no further deadline.
	LeaseExpiresAt time.Time
	// EndedAt and EndReason are set on a LastHolder only: when the hold ended,
	// and why in the agent's words, empty when they gave none.
	EndedAt   time.Time
	EndReason string
}

// MaxAttemptsKept bounds Callback.Attempts. Tries that do not count are
// forgotten first; it is no less than any policy's MaxAttempts.
const MaxAttemptsKept = 20

// Attempt is one try to reach the customer.
type Attempt struct {
	// Number is 1 for the callback's first.
	Number  int
	AgentID string
	// Team is the agent's, as in the hold; empty when it was not known.
	Team string
	// Token is the hold's in which the attempt was made.
	Token     uint64
	StartedAt time.Time
	// EndedAt is zero while the attempt runs, and Outcome empty.
	EndedAt time.Time
	Outcome AttemptOutcome
	// CallAgainAt is the moment the customer named; only with CallLater.
	CallAgainAt time.Time
	// Note is what the agent wants remembered.
	Note string
}

// Running reports whether the attempt has not ended.
func (a *Attempt) Running() bool { return a.EndedAt.IsZero() }

// WrapUp is what was written down after the call.
type WrapUp struct {
	Outcome Outcome
	// RootCause is the name of one of the policy's causes, or free words where it
	// has none.
	RootCause string
	Note      string
	// FirstContact says that it was resolved the first time the customer was
	// spoken to.
	FirstContact bool
	// Gesture is what the customer was given.
	Gesture Gesture
	// AgentID is who wrote it; empty when the attempt policy closed the callback.
	AgentID string
	At      time.Time
}

// ReadyAt is when a pending callback may first be claimed or offered; zero in
// every other state.
func (c *Callback) ReadyAt() time.Time {
	if c.State != Pending {
		return time.Time{}
	}
	return later(c.OpenedAt, c.NotBefore)
}

// DueAt is the callback's next deadline: the end of the hold's lease, of the time it
// is kept for one agent, or of the customer's slot, the next bell of its SLA, or,
// once it is completed, the moment to open the next, or to ask how it went. It is zero
// when there is none.
func (c *Callback) DueAt() time.Time {
	at, _ := c.deadline()
	return at
}

// DueCommand is the command to give at DueAt; nil when there is no deadline.
func (c *Callback) DueCommand() Command {
	_, cmd := c.deadline()
	return cmd
}

// deadline is the first there is, and its command; an older one goes before the
// SLA's at the same moment. Nothing goes before the opening of the next callback.
func (c *Callback) deadline() (at time.Time, cmd Command) {
	switch {
	case !c.NextAt.IsZero():
		return c.NextAt, OpenNext{}
	case c.Holder != nil && !c.Holder.LeaseExpiresAt.IsZero() && c.State == Reserved:
		at, cmd = c.Holder.LeaseExpiresAt, ExpireReservation{}
	case c.Holder != nil && !c.Holder.LeaseExpiresAt.IsZero():
		at, cmd = c.Holder.LeaseExpiresAt, ExpireLease{}
	case c.State == Pending && c.Preferred != nil:
		at, cmd = c.Preferred.Until, EndPreference{}
	}
	if end := c.slotEnd(); !end.IsZero() && (at.IsZero() || end.Before(at)) {
		at, cmd = end, EndSlot{}
	}
	if ask := c.askAt(); !ask.IsZero() {
		at, cmd = ask, AskFollowUp{}
	}
	if c.SLA != nil && !c.SLA.NextAt.IsZero() && (at.IsZero() || c.SLA.NextAt.Before(at)) {
		at, cmd = c.SLA.NextAt, CheckSLA{}
	}
	return at, cmd
}

// WrapUpOverdue reports whether the agent who called let the wrap-up's lease
// pass. The callback stays theirs to complete, and anybody else's too.
func (c *Callback) WrapUpOverdue() bool {
	return c.State == Wrapping && c.Holder != nil && c.Holder.LeaseExpiresAt.IsZero()
}

// Tries counts the ended attempts that were real tries, up to MaxAttemptsKept;
// after a reopening, and after a call whose wrap-up was never written, those made since.
func (c *Callback) Tries() int {
	n := 0
	for range c.tries() {
		n++
	}
	return n
}

// tries are what Tries counts, oldest first.
func (c *Callback) tries() iter.Seq[*Attempt] {
	before := 0
	if c.Reopened != nil {
		before = c.Reopened.AfterAttempt
	}
	for i := range c.Attempts {
		if t, _ := c.Attempts[i].Outcome.trigger(false); t == concluded && c.State.Open() && c.State != Wrapping {
			before = max(before, c.Attempts[i].Number)
		}
	}
	return func(yield func(*Attempt) bool) {
		for i := range c.Attempts {
			a := &c.Attempts[i]
			if a.Number > before && !a.Running() && a.Outcome.counts() && !yield(a) {
				return
			}
		}
	}
}

// lastAttempt is the newest attempt, nil when there is none.
func (c *Callback) lastAttempt() *Attempt {
	if len(c.Attempts) == 0 {
		return nil
	}
	return &c.Attempts[len(c.Attempts)-1]
}

// lastToken is the token of the present hold, else of the one before it; 0 when
// nobody ever held the callback.
func (c *Callback) lastToken() uint64 {
	switch {
	case c.Holder != nil:
		return c.Holder.Token
	case c.LastHolder != nil:
		return c.LastHolder.Token
	default:
		return 0
	}
}

// reason is the index of an alert's reason, -1 when it is not there.
func (c *Callback) reason(alertID string) int {
	if c == nil {
		return -1
	}
	for i := range c.Reasons {
		if c.Reasons[i].AlertID == alertID {
			return i
		}
	}
	return -1
}

// later is the later of two moments; the zero time is before every other.
func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
