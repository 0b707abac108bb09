// Package tail follows the loop as it happens, one short line an event: what
// came in, how it was classed, which rule it met, what became of the callback.
//
// Safety. A line names customers by their key alone. Names, phones, e-mails,
// notes and whatever else is free text never stand in it. The customer's own
// words are kept apart, in Line.Verbatims, which is not part of the JSON form,
// so they cannot travel over HTTP.
//
// Order. The streams are read beside each other and merged by the time their
// events were stored, so that an answer comes before its score and the score
// before the alert. Live, an event waits a moment for one that is older.
//
// It only reads: it acknowledges nothing, and no work depends on it.
package tail
