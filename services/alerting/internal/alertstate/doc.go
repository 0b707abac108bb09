// Package alertstate is what becomes of an alert: it is raised, others look after it, and it
// stands no more. docs/alerts.md tells it to those who use it.
//
// Authority. The last event of an alert's subject in ALERT_STATES is the alert (package
// documents). A Book is what a replica knows of them, and the only way to change them.
//
// Safety. What happens next is a pure function of the alert and of what happened
// (response.go, callback.go, person.go, metric.go, elapse.go), stored under a compare-and-set.
// Everything may come twice, late, or in another order: revision and correction, and the
// window of a metric, say which of two facts is the later one, and an older one changes
// nothing. What is heard of an alert before it was raised is kept, so that it is not raised
// by what came before that.
//
// Liveness. Times that end something are in the alert; each replica looks for those that have
// passed, and the one whose compare-and-set is first has done it.
//
// Failure. While ALERT_STATES is away or full, events wait in ALERTS and CALLBACKS, in order,
// and times that have passed are tried again. Nothing is lost, and nothing is told twice.
package alertstate
