package callback

// trigger is what moves a callback along one arrow. One command may pull
// several, depending on what it says: an ended attempt retries, wraps up or
// gives up.
type trigger uint8

const (
	open trigger = iota
	offer
	accept
	reject
	offerTimeout
	claim
	start
	concluded
	retry
	giveUp
	complete
	release
	leaseEnd
	withdrawn
	cancel
	reschedule
	reopen
	transfer
	escalate
	agentLost
	preferenceEnd
	ring
	slotEnd
	askSurvey
	followedUp
	unattended
	attended
	forbidden
	openNext
	overtaken
	requeue
	triggerCount
)

// triggers names each trigger's command and says when it is pulled. asked tells
// what an agent or supervisor may ask for from what timers and alerts do.
var triggers = [triggerCount]struct {
	command string
	asked   bool
	when    string
}{
	open:          {"takeAlert", false, "an alert, and no callback is open"},
	offer:         {"offer", true, "offered to one agent, from NotBefore on"},
	accept:        {"accept", true, "the agent accepts in time"},
	reject:        {"reject", true, "the agent rejects the offer"},
	offerTimeout:  {"expireReservation", false, "the agent did not answer the offer"},
	claim:         {"claim", true, "an agent takes it, from NotBefore on"},
	start:         {"startAttempt", true, "the agent starts to call"},
	concluded:     {"endAttempt", true, "reached, wrong number or refused: there is something to write down"},
	retry:         {"endAttempt", true, "no answer, busy, voicemail, technical failure: again after a gap; call later: at the moment named"},
	giveUp:        {"endAttempt", true, "not reached, and the attempt policy is used up: outcome unreachable"},
	complete:      {"complete", true, "outcome, root cause and note are written down"},
	release:       {"release", true, "the agent gives it back"},
	leaseEnd:      {"expireLease", false, "the hold's lease is over; an outcome is never invented"},
	requeue:       {"requeue", true, "somebody takes it back from an agent who is gone"},
	openNext:      {"openNext", false, "a completed callback leaves reasons unanswered, which came when the call had begun or was over"},
	overtaken:     {"expireLease", false, "the wrap-up's lease is over, and the customer has complained again since the call"},
	withdrawn:     {"withdrawAlert", false, "no reason counts any more, and no attempt was ever started"},
	cancel:        {"cancel", true, "somebody decides that no call is needed"},
	reschedule:    {"reschedule", true, "somebody decides from when on to call"},
	reopen:        {"reopen", true, "somebody decides to call after all, soon enough after the close; or the customer's answer to the follow-up is bad again"},
	transfer:      {"transfer", true, "somebody decides on another queue"},
	escalate:      {"escalate", true, "somebody decides that it is more urgent"},
	agentLost:     {"agentLost", false, "nothing is heard of the agent any more, and no call was begun"},
	preferenceEnd: {"endPreference", false, "the time it was kept for one agent is over"},
	slotEnd:       {"endSlot", false, "the customer's slot is over, and nobody called"},
	askSurvey:     {"askFollowUp", false, "the policy asks customers how it went"},
	followedUp:    {"takeFollowUp", false, "the customer has answered how it went"},
	unattended:    {"noteUnattended", false, "nobody at their desk can take it, for a while"},
	attended:      {"noteAttended", false, "somebody is at their desk again who can take it"},
	forbidden:     {"forbid", false, "the customer is on the list of those who are not to be called"},
	ring:          {"checkSLA", false, "a target of the SLA is near, or missed, or has been for long enough for a step"},
}

// arrow is one row of the transition table.
type arrow struct {
	from State
	on   trigger
	to   State
}

// arrows is the transition table: what is not here cannot happen.
var arrows = []arrow{
	{StateUnspecified, open, Pending},
	{StateUnspecified, openNext, Pending},

	{Pending, offer, Reserved},
	{Pending, claim, Assigned},
	{Pending, withdrawn, Canceled},
	{Pending, cancel, Canceled},
	{Pending, reschedule, Pending},
	{Pending, transfer, Pending},
	{Pending, escalate, Pending},
	{Pending, preferenceEnd, Pending},
	{Pending, ring, Pending},
	{Pending, slotEnd, Pending},
	{Pending, followedUp, Pending},
	{Pending, unattended, Pending},
	{Pending, attended, Pending},
	{Pending, forbidden, Canceled},

	{Reserved, accept, Assigned},
	{Reserved, reject, Pending},
	{Reserved, offerTimeout, Pending},
	{Reserved, agentLost, Pending},
	{Reserved, release, Pending},
	{Reserved, withdrawn, Canceled},
	{Reserved, cancel, Canceled},
	{Reserved, transfer, Pending},
	{Reserved, requeue, Pending},
	{Reserved, escalate, Reserved},
	{Reserved, ring, Reserved},
	{Reserved, followedUp, Reserved},
	{Reserved, forbidden, Canceled},

	{Assigned, start, Attempting},
	{Assigned, release, Pending},
	{Assigned, leaseEnd, Pending},
	{Assigned, agentLost, Pending},
	{Assigned, withdrawn, Canceled},
	{Assigned, cancel, Canceled},
	{Assigned, transfer, Pending},
	{Assigned, requeue, Pending},
	{Assigned, escalate, Assigned},
	{Assigned, ring, Assigned},
	{Assigned, followedUp, Assigned},
	{Assigned, forbidden, Canceled},

	{Attempting, concluded, Wrapping},
	{Attempting, retry, Pending},
	{Attempting, giveUp, Completed},
	{Attempting, leaseEnd, Pending},
	{Attempting, cancel, Canceled},
	{Attempting, requeue, Pending},
	{Attempting, escalate, Attempting},
	{Attempting, ring, Attempting},
	{Attempting, followedUp, Attempting},

	{Wrapping, complete, Completed},
	// The customer has been called: going back to pending would call them again.
	// The wrap-up stays with its agent, and anyone may now write it. Who has complained
	// again since is to be called anyway.
	{Wrapping, leaseEnd, Wrapping},
	{Wrapping, overtaken, Pending},
	{Wrapping, cancel, Canceled},
	{Wrapping, requeue, Pending},
	{Wrapping, escalate, Wrapping},
	{Wrapping, ring, Wrapping},
	{Wrapping, followedUp, Wrapping},

	{Completed, reopen, Pending},
	{Completed, askSurvey, Completed},
	{Completed, followedUp, Completed},
	{Canceled, reopen, Pending},
	{Canceled, followedUp, Canceled},
}

// table is arrows by state and trigger; StateUnspecified where there is none.
var table = func() (t [stateCount][triggerCount]State) {
	for _, a := range arrows {
		t[a.from][a.on] = a.to
	}
	return t
}()

// follow moves the callback along the arrow of t. It is the only code that
// assigns a state. It returns a *TransitionError when there is no such arrow.
func (c *Callback) follow(t trigger) error {
	to := StateUnspecified
	if int(c.State) < stateCount {
		to = table[c.State][t]
	}
	if to == StateUnspecified {
		return refused(c.State, triggers[t].command)
	}
	c.State = to
	return nil
}

// refused is the error of a command that has no arrow from s.
func refused(s State, command string) error {
	return &TransitionError{From: s, Command: command, Allowed: Allowed(s)}
}

// Allowed returns the commands somebody may give a callback in state s, in the
// table's order.
func Allowed(s State) []string {
	var names []string
	for _, a := range arrows {
		t := triggers[a.on]
		if a.from != s || !t.asked || (len(names) > 0 && names[len(names)-1] == t.command) {
			continue
		}
		names = append(names, t.command)
	}
	return names
}
