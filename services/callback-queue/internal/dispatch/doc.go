// Package dispatch brings callbacks to the agents who are at work: it offers each
// to whoever has been free the longest, and tells an agent's client what becomes
// of what they have in hand.
//
// Authority: none. An offer is a commit of the callback's own; the floor says who
// is free, the index what is ready, and both are hints that the commit checks.
//
// Safety: who offers takes the agent's seat first, so that of all replicas one
// offers an agent something at a time. If it dies between, the take ends by itself
// after takeFor; if it dies after the commit, the offer stands and the agent's own
// process finds it.
//
// Liveness: what this process commits is offered at once; what time alone makes
// ready, and what another process could not offer, at the next look. A desk hears
// of changes by signals, which may be lost, and looks by itself every few seconds.
//
// Failure: while the index or the floor is away nothing is offered, and desks stay
// open. An agent of whom nothing is heard is gone after LostAfter, and what they
// had not begun to call goes back; the callback's lease does so too, later, where
// even the floor forgot them.
package dispatch
