// Package wire turns callbacks into the messages that are stored and shown, and
// back. It decides nothing. What one direction writes the other reads: a test
// sends random aggregates there and back.
package wire

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// Stamp is nil for the zero time.
func Stamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// moment is the zero time for nil.
func moment(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}
