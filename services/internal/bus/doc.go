// Package bus is JetStream, narrow: publish, compare-and-set, consume, follow.
//
// Authority. The stream is the truth. Publish returns once the event is stored
// as durably as the deployment promises (see Barrier); whoever gets an error
// must assume that the event may or may not be stored, and repeat it with the
// same id.
//
// Safety. PublishAt stores an event only if nothing was stored on its subject
// since the sequence it names. An acknowledgement lost on the way is resolved by
// reading the subject back and comparing event ids, so "conflict" means that
// somebody else was first.
//
// Liveness. A handler's error becomes a verdict in one place (verdict.go):
// acknowledge, retry after a while, or give up to DEAD_LETTERS with a reason.
// Deliveries are counted and bounded, so a message that fails for ever stops
// nobody else. Nothing is ever negatively acknowledged without a delay.
//
// Failure. ErrFull and ErrUnavailable say that nothing can be stored now; they
// travel back to the source as backpressure.
package bus
