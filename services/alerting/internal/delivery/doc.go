// Package delivery brings each notification to each of its receivers.
//
// Authority. A delivery is a document in DELIVERIES (package documents), and whether a receiver
// is told anything one in RECEIVERS. What is due, and what waits, is worked out from them by
// every replica; nothing that is due lives in a timer.
//
// Safety. A delivery comes to be by creating a subject that must be empty, under an id that
// is derived from the notification, the receiver and the customer: a notification that is
// handled again makes none. A try is taken under a compare-and-set, with a lease; its outcome
// is another. Who dies between the two costs one more try, under the same id, once the lease
// is over. The bound on doubles is one try for each death in the middle of one, or for each
// answer that came after its lease.
//
// Liveness. What fails is tried again by the schedule of Standard Webhooks, for three days,
// and then given up: it can be ordered again. Tries to one receiver are bounded, so that a slow
// one delays itself alone. A receiver that is disabled, or not configured, has its deliveries
// wait for four days from when each was due, and then given up. Order is not promised: ids and
// timestamps are.
//
// Privacy. No document, log or metric has personal data or a secret. What a customer wrote,
// and their address, is read from ALERTS when it is sent, and kept nowhere.
package delivery
