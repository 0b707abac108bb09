// Package order is what both indexes must agree on to answer alike: how an
// instant becomes a number that sorts, and how a page says where it ended.
package order

import (
	"math"
	"time"
)

// Never is the number of the zero time: it sorts before every real instant.
const Never = math.MinInt64

const (
	latest   = math.MaxInt64
	earliest = math.MinInt64 + 1
)

// Nanos is the instant as nanoseconds since 1970 UTC. The zero time is Never.
// Instants that an int64 can't hold (before 1678, after 2262) take the nearest
// one it can, so that they still sort on the right side of all others.
func Nanos(t time.Time) int64 {
	switch sec := t.Unix(); {
	case t.IsZero():
		return Never
	case sec >= latest/int64(time.Second):
		return latest
	case sec <= earliest/int64(time.Second):
		return earliest
	default:
		return t.UnixNano()
	}
}

// Time is the instant that Nanos made the number from, in UTC.
func Time(nanos int64) time.Time {
	if nanos == Never {
		return time.Time{}
	}
	return time.Unix(0, nanos).UTC()
}
