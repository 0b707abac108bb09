package bus

import (
	"errors"
	"fmt"
	"time"

	"github.com/rappel-loop/rappel/proto/subject"
)

// terminal is an error that no retry will mend.
type terminal struct {
	reason string
	err    error
}

func (t *terminal) Error() string { return t.reason + ": " + t.err.Error() }
func (t *terminal) Unwrap() error { return t.err }

// Terminate marks an error that no retry will mend: the message becomes a dead
// letter with this reason, which is one token of a subject. The error's text is
// kept beside it and must hold no personal data.
func Terminate(reason string, err error) error {
	if subject.CheckToken(reason) != nil {
		reason = "invalid_reason"
	}
	return &terminal{reason: reason, err: err}
}

// delayed is an error after which a message is tried again later.
type delayed struct {
	after time.Duration
	err   error
}

func (d *delayed) Error() string { return d.err.Error() }
func (d *delayed) Unwrap() error { return d.err }

// RetryAfter marks an error after which the message shall be tried again, not
// before d.
func RetryAfter(d time.Duration, err error) error { return &delayed{after: d, err: err} }

// verdict is what becomes of a delivery.
type verdict struct {
	ack    bool
	after  time.Duration // retry
	reason string        // dead letter
}

// Delays of a retry that names none: doubled with each delivery.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 30 * time.Second
)

// judge is the one place where a handler's error becomes a verdict.
func judge(err error, deliveries uint64, maxDeliveries int) verdict {
	if err == nil {
		return verdict{ack: true}
	}
	var t *terminal
	if errors.As(err, &t) {
		return verdict{reason: t.reason}
	}
	// While the store is away nothing can be given up either, and it is not the
	// message's fault: wait for it.
	waiting := errors.Is(err, ErrUnavailable) || errors.Is(err, ErrFull)
	if !waiting && deliveries >= uint64(maxDeliveries) {
		return verdict{reason: "deliveries_exhausted"}
	}
	var d *delayed
	if errors.As(err, &d) {
		return verdict{after: d.after}
	}
	return verdict{after: backoff(deliveries)}
}

func backoff(deliveries uint64) time.Duration {
	d := firstRetry << min(deliveries-1, 20)
	return min(d, lastRetry)
}

func (v verdict) String() string {
	switch {
	case v.ack:
		return "ack"
	case v.reason != "":
		return "terminate"
	default:
		return fmt.Sprintf("retry after %s", v.after)
	}
}
