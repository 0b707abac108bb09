// Package subscription hands the events of FEED to subscribers: filter, cursor, replay, signs
// of life.
//
// Bounds. Each subscriber has an ordered consumer that is pulled from as fast as it takes
// events, some hundreds ahead at most; a slow one slows itself down and nobody else. Their
// number is bounded.
//
// Cursors. A cursor is a place in FEED, and the same at every replica. When it is quiet a
// subscriber's cursor moves on with the stream, so that who filters for what is rare does not
// hold one that is no longer kept.
//
// Failure. While the event store is away a subscriber waits and goes on where it was. What
// ends a subscription is told; the subscriber comes back with its last cursor.
package subscription
