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
	if err == nil {
		err = errors.New(reason)
	}
	return &terminal{reason: reason, err: err}
}

// IsTerminal reports whether an error was marked by Terminate.
func IsTerminal(err error) bool {
	var t *terminal
	return errors.As(err, &t)
}

// delayed is an error after which a message is tried again later.
type delayed struct {
	after time.Duration
	err   error
}

func (d *delayed) Error() string { return d.err.Error() }
func (d *delayed) Unwrap() error { return d.err }

// RetryAfter marks an error after which the message shall be tried again, not
// before d. It counts as a delivery unless it is ErrUnavailable or ErrFull.
func RetryAfter(d time.Duration, err error) error { return &delayed{after: d, err: err} }

// postponed is a wish, and no failure.
type postponed struct{ after time.Duration }

func (p *postponed) Error() string { return "postponed by " + p.after.String() }

// Postpone has a message handled again in its turn, after d: nothing is wrong, nothing is
// counted, and those behind it in line wait as well.
func Postpone(d time.Duration) error { return &postponed{after: d} }

// verdict is what becomes of a delivery. The zero verdict retries at once, which
// nobody may ask for: judge always sets a delay.
type verdict struct {
	ack    bool
	wait   bool          // in line, without counting: the store is away
	quiet  bool          // nothing is wrong
	after  time.Duration // of a wait or a retry
	reason string        // dead letter
}

// Delays of a retry that names none: doubled with each delivery.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 30 * time.Second
	// lastWait bounds how late the end of an outage is noticed.
	lastWait = 2 * time.Second
)

// Reasons of dead letters that the bus gives itself.
const (
	reasonExhausted = "deliveries_exhausted"
	reasonTooLarge  = "too_large"
	reasonPanic     = "panic"
)

// judge is the one place where a handler's error becomes a verdict; tries is how
// often in a row the handler has now asked to wait.
func judge(err error, deliveries uint64, maxDeliveries, tries int) verdict {
	var t *terminal
	var d *delayed
	var p *postponed
	switch {
	case err == nil:
		return verdict{ack: true}
	case errors.As(err, &p):
		return verdict{wait: true, quiet: true, after: max(p.after, firstRetry)}
	case errors.As(err, &t):
		return verdict{reason: t.reason}
	case errors.Is(err, ErrTooLarge):
		return verdict{reason: reasonTooLarge}
	case errors.Is(err, ErrUnavailable), errors.Is(err, ErrFull):
		// It is not the message's fault, and a dead letter could not be stored
		// either: nothing is counted while the store is away.
		v := verdict{wait: true, after: doubled(firstRetry, tries, lastWait)}
		if errors.As(err, &d) && d.after > 0 {
			v.after = d.after
		}
		return v
	case deliveries >= uint64(max(maxDeliveries, 1)):
		return verdict{reason: reasonExhausted}
	case errors.As(err, &d) && d.after > 0:
		return verdict{after: d.after}
	}
	return verdict{after: backoff(deliveries)}
}

func backoff(deliveries uint64) time.Duration {
	return doubled(firstRetry, int(min(max(deliveries, 1)-1, 20)), lastRetry)
}

// doubled is d doubled n times, at most most.
func doubled(d time.Duration, n int, most time.Duration) time.Duration {
	return min(d<<min(n, 20), most)
}

// verdictNames are the kinds of verdicts, in the order of verdict.kind.
var verdictNames = [...]string{"ack", "wait", "retry", "terminate"}

func (v verdict) kind() int {
	switch {
	case v.ack:
		return 0
	case v.wait:
		return 1
	case v.reason == "":
		return 2
	default:
		return 3
	}
}

func (v verdict) String() string {
	switch v.kind() {
	case 0:
		return "ack"
	case 1:
		return fmt.Sprintf("wait %s", v.after)
	case 2:
		return fmt.Sprintf("retry after %s", v.after)
	default:
		return "give up: " + v.reason
	}
}
