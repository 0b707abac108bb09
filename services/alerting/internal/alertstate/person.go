package alertstate

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Hold is what somebody says who looks after an alert.
type Hold struct {
	// By is who.
	By string
	// Comment is what they say of it; may be empty.
	Comment string
	// For is how long at most; 0 is for as long as the alert stands.
	For time.Duration
}

// acknowledged is what an acknowledgement makes of an alert. The same person again changes
// nothing, whatever else they say; another one takes over.
func acknowledged(now *alert, h Hold, at time.Time) (*change, error) {
	switch {
	case now == nil:
		return nil, ErrUnknown
	case !stands(now):
		return nil, ErrResolved
	case now.GetState() == eventsv1.AlertState_ACKNOWLEDGED && now.GetAcknowledgement().GetBy() == h.By:
		return nil, nil //nolint:nilnil // nothing changes
	}
	next := copied(now)
	next.State = eventsv1.AlertState_ACKNOWLEDGED
	next.Acknowledgement = &eventsv1.Acknowledgement{By: h.By, At: timestamppb.New(at), Comment: h.Comment}
	if h.For > 0 {
		next.Acknowledgement.Until = timestamppb.New(at.Add(h.For))
	}
	return happened(eventsv1.AlertChanged_ACKNOWLEDGED, next, h.By, at), nil
}

// unacknowledged takes an acknowledgement back, whoever made it. Where there is none nothing
// changes.
func unacknowledged(now *alert, by string, at time.Time) (*change, error) {
	switch {
	case now == nil:
		return nil, ErrUnknown
	case !stands(now):
		return nil, ErrResolved
	case now.GetState() != eventsv1.AlertState_ACKNOWLEDGED:
		return nil, nil //nolint:nilnil // nothing changes
	}
	return released(now, by, at), nil
}

// released is an alert that nobody looks after any more.
func released(now *alert, by string, at time.Time) *change {
	next := copied(now)
	next.State, next.Acknowledgement = eventsv1.AlertState_FIRING, nil
	next.Unacknowledged++
	return happened(eventsv1.AlertChanged_UNACKNOWLEDGED, next, by, at)
}

// resolved is what somebody makes of an alert who says that it stands no more. One that does
// not already stays as it is.
func resolved(now *alert, by, comment string, at time.Time) (*change, error) {
	switch {
	case now == nil:
		return nil, ErrUnknown
	case !stands(now):
		return nil, nil //nolint:nilnil // nothing changes
	}
	next := copied(now)
	end(next, eventsv1.AlertState_BY_HAND, at)
	next.ResolvedBy, next.Comment = by, comment
	return happened(eventsv1.AlertChanged_RESOLVED, next, by, at), nil
}
