// Package fallback knows which of the rules' fallbacks apply now.
//
// Authority. The rules declare fallbacks (package rule), QUEUE_STATS says how long the queues'
// waits are, and the last event of a fallback's subject in FALLBACKS says whether it applies.
// Everything else is worked out.
//
// Safety. A change is a compare-and-set on the one before, and never comes sooner after it
// than the fallback's `for`: replicas that look at the same queues agree, and two that see
// them differently can't make it come and go. What is not known begins nothing, unless the
// rules say so of a queue that nobody works in; and what has not been heard of for Old ends
// what applies: who is not known to have too much to do is treated as the rules say.
//
// Liveness. While the streams are away, the fallbacks stay as they were heard of last.
package fallback
