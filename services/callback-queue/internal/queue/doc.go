// Package queue is the use cases of the callback queue, and the ports they need.
//
// Redis reserves, JetStream commits: the index proposes a callback and hides it
// from others for a moment, the compare-and-set on the customer's subject
// decides, and the index is told. A crash between any two of the three loses
// nothing:
//
//	after the reservation    the hold lapses and the callback is offered again
//	after the commit         the projector applies the event to the index, and the
//	                         agent who asks again with the same request id gets
//	                         the callback they already hold
//	after the index          the same
//
// If the index is behind, the commit refuses, the index is corrected from what
// was loaded, and the claim goes on to the next. If the index is lost, the
// projector reads the stream again while agents wait, and says so.
package queue
