// Package bus is JetStream, narrow: publish, compare-and-set, consume, follow.
//
// Authority. The stream is the truth. Publish returns once the event is stored
// as durably as the deployment promises (see Barrier); whoever gets
// ErrUnavailable must assume that the event may or may not be stored, and repeat
// it with the same id.
//
// Safety. PublishAt stores an event only if nothing was stored on its subject
// since the sequence it names. An acknowledgement lost on the way is resolved by
// reading back, from the stream's leader, the event that took the place, and
// comparing event ids: "conflict" means that somebody else was first, never that
// we were and did not hear of it (resolve.go).
//
// Order. Events whose subjects end in the same token are handled one after the
// other, in stream order, as long as their handler succeeds or waits for the
// store. An event that fails for its own sake is retried later, and those behind
// it go on: handlers tell old from new by revision, not by order of arrival. Processes
// share a consumer and split its events; an exclusive one (topology.Consumer) is one
// process's at a time, so that the order holds whatever their number.
//
// Liveness. A handler's error becomes a verdict in one place (verdict.go):
// acknowledge, wait, retry after a while, or give up to DEAD_LETTERS with a
// reason. Deliveries are counted and bounded, so a message that fails for ever
// stops nobody else. While the event store is away or full nothing is counted
// and nothing given up: the lane waits and tries again. Nothing is ever
// negatively acknowledged without a delay. Deliveries at work or in line are
// kept alive with the server, so that slow work is not given to a second worker;
// a handler that hangs loses that favour and the event goes to whoever is next.
//
// Failure. ErrFull and ErrUnavailable say that nothing can be stored now; they
// travel back to the source as backpressure. Every wait for the store is bounded
// (Options.AckTimeout).
package bus
