package alertstate

import (
	"time"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// elapsed is what time makes of an alert; nil for nothing: one whose time is over is
// resolved, and an acknowledgement whose time is over is taken back.
func elapsed(now *alert, at time.Time) *change {
	if !stands(now) {
		return nil
	}
	if isOver(now, at) {
		next := copied(now)
		end(next, eventsv1.AlertState_EXPIRED, at)
		return happened(eventsv1.AlertChanged_RESOLVED, next, "", at)
	}
	if until := now.GetAcknowledgement().GetUntil(); until != nil && !until.AsTime().After(at) {
		return released(now, "", at)
	}
	return nil
}

// isOver reports whether the time is over for which an alert stands.
func isOver(a *alert, at time.Time) bool {
	return a.GetExpiresAt() != nil && !a.GetExpiresAt().AsTime().After(at)
}

// dueAt is when elapsed has something to do with an alert that stands; zero for never.
func dueAt(a *alert) time.Time {
	var first time.Time
	if a.GetExpiresAt() != nil {
		first = a.GetExpiresAt().AsTime()
	}
	if until := a.GetAcknowledgement().GetUntil(); until != nil && (first.IsZero() || until.AsTime().Before(first)) {
		first = until.AsTime()
	}
	return first
}
