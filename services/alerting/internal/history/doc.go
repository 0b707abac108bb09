// Package history reads what had happened to a customer when one of their responses was
// first received: what the conditions of rules call history (package rule).
//
// As of. Each part is a function of what is stored and of one moment, and of nothing else.
// So every revision of a response, every replica, and a process that has just been started
// find the same, however much has happened since, what came of the response itself
// included.
//
//   - Callbacks are what the last event of the customer's subject in CALLBACKS said that was
//     stored before the response was first received, and before anything came of it. It is
//     the event's time in the stream that counts, not the moments in it: what was still
//     under way is not known then, and never is.
//   - Answers are of the customer's other responses, as they stand in SCORES before the first
//     event about this one, and that were first received within the days before it.
//   - The list of those who are not to be called is as it is now.
//
// Cost. Nothing is read unless a condition asks. Callbacks take one read of the last event,
// and two more where something was stored since the response was first received. Answers are
// looked up in memory: where a rule in force asks for them, the process follows SCORES into
// a Store, some 64 bytes an answer and 60 a customer. A response waits until it has come as far as the
// response itself; one that is older than what is kept is answered out of the stream.
//
// Failure. While a stream is away, or is still being read, the response waits: it is
// bus.ErrUnavailable. What the streams do not hold any more is not there: SCORES keeps its
// 90 days, or what the operator says.
package history
