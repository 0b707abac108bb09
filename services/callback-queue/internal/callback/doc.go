// Package callback is the domain of the callback queue: what a callback is, what
// may happen to it, and what each of its moments means.
//
// The aggregate is the customer, because the rule that must never break is about
// the customer: at most one open callback, so nobody is called twice for what
// one call can settle. Further alerts become reasons of the open callback.
//
// [Policy.Decide] is the only door. It takes the aggregate as last stored, a
// command and the present moment, and returns the event to store, which carries
// the whole aggregate after it; or it says why there is nothing to store. It is
// pure: it reads no clock, keeps nothing, and leaves its input as it was. Safety
// across processes comes from storing the event by compare-and-set on the
// sequence the aggregate was loaded at; a decision that lost is taken again on
// what won.
//
// State moves only through the transition table in table.go;
// docs/state-machine.md is printed from it.
//
// Every command may be repeated after a lost answer. A repeat by the very caller
// whose command was stored returns [ErrNoChange], and the caller answers with the
// callback as it now stands.
package callback
