// Package planner has people told of alerts: it works out what is due (package plan) from
// the alerts, the silences and what people were told last, and commits it to NOTIFICATIONS.
//
// Authority. The documents of NOTIFICATIONS are what people were told. All else that is kept
// here is an index of documents, made anew from them.
//
// Safety. A notification is decided on what the streams held when the step began, and
// committed under a compare-and-set on the group's document: of several replicas the first
// decides it, and the others decide anew on what it has said. So each is decided once, also
// where a replica dies in the middle, or comes back late.
//
// Liveness. Nothing that is due lives in a timer: a replica that starts knows it from the
// documents. What could not be committed is tried again with the next step.
//
// Cost. A step looks at the groups that changed or are due, and at no other. A silence that
// is made or changed is tried on every alert once, and other routes are, too.
package planner
