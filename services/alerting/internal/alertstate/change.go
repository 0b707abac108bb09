package alertstate

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

var (
	// ErrUnknown says that there is no such alert.
	ErrUnknown = errors.New("no such alert")
	// ErrResolved says that the alert stands no more: nobody can look after it.
	ErrResolved = errors.New("the alert stands no more")
)

// How long an alert stands that nothing else ends.
const (
	// Usual is how long one without a callback does, unless its rule says otherwise.
	Usual = 24 * time.Hour
	// Longest is how long one with a callback does, and the most that a rule may say.
	Longest = 30 * 24 * time.Hour
)

// alert and change are short for what this package is about.
type (
	alert  = eventsv1.AlertState
	change = eventsv1.AlertChanged
)

// stands reports whether there is an alert and it is not resolved.
func stands(a *alert) bool { return a != nil && a.GetState() != eventsv1.AlertState_RESOLVED }

// copied is an alert to be changed; what is kept is never written to.
func copied(a *alert) *alert {
	if a == nil {
		return &alert{}
	}
	return proto.CloneOf(a)
}

// begin makes another episode of next: it stands, and nobody looks after it.
func begin(next *alert, raisedAt *timestamppb.Timestamp) {
	next.Episode++
	next.State, next.RaisedAt, next.Acknowledgement = eventsv1.AlertState_FIRING, raisedAt, nil
	next.Unacknowledged = 0
	next.Resolution, next.ResolvedAt, next.ResolvedBy, next.Comment = eventsv1.AlertState_RESOLUTION_UNSPECIFIED, nil, "", ""
}

// end resolves next.
func end(next *alert, why eventsv1.AlertState_Resolution, at time.Time) {
	next.State, next.Resolution, next.ResolvedAt, next.Acknowledgement = eventsv1.AlertState_RESOLVED, why, timestamppb.New(at), nil
}

// happened is the event that makes next of the alert it was copied from.
//
// Its id is derived from all that it says: the alert and the number of the change alone would
// be the same for two people who do different things at once, and each would take the other's
// event for their own, stored.
func happened(t eventsv1.AlertChanged_Type, next *alert, by string, at time.Time) *change {
	next.Changes++
	next.UpdatedAt = timestamppb.New(at)
	e := &change{At: next.GetUpdatedAt(), Type: t, By: by, Alert: next}
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(e)
	if err != nil { // a text that is no UTF-8, which publishing refuses
		body = []byte(at.String())
	}
	sum := sha256.Sum256(body)
	e.EventId = next.GetId() + "-" + strconv.FormatUint(next.GetChanges(), 10) + "-" + hex.EncodeToString(sum[:8])
	return e
}

// severity is a severity as it counts.
func severity(s eventsv1.Severity) eventsv1.Severity {
	if s == eventsv1.Severity_SEVERITY_UNSPECIFIED {
		return eventsv1.Severity_MEDIUM
	}
	return s
}
