// Package ingest is the collector's use case: each response is stored once, at
// the revision it deserves, or refused with a reason.
//
// A response is (survey, id). Its first submission is revision 1. A later one is
// merged with what is held; when that changes nothing it is a duplicate, else the
// whole is stored as the next revision, with the whole before it beside it. The
// first revision decides the customer's key and so the subject: a response
// belongs to one customer for ever, whatever later pieces say.
//
// Safety. Two things hold however many collectors there are, and whatever any of
// their ledgers has not heard of yet. An event is stored only if its subject has
// not moved since the ledger's knowledge (compare-and-set), so a decision that is
// out of date is taken again. And an event's id is made of survey, id and
// revision alone, so that two first pieces of one response that name different
// customers, and so meet on different subjects, cannot both become revision 1:
// the store refuses the second of an id wherever it is. That second guard lasts
// as long as the stream's duplicate window, minutes; ledgers lag by milliseconds.
//
// Order. Submissions of one response are taken one after the other, and so are
// those of one subject up to the store's acknowledgement; all others proceed in
// parallel. Nobody is answered before the store says that what was acknowledged
// is durable, and many answers share one such wait.
//
// Failure. What cannot be stored now is refused at once, never buffered. After a
// crash between storing and answering, the source's retry finds the event: it is
// a duplicate at the same revision.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
)

// Why a response was not taken, beside InvalidError. Nothing was stored, except
// that after ErrUnavailable it may have been: the same submission again finds out.
var (
	// ErrFull says that the store has no room.
	ErrFull = errors.New("the store of responses is full")
	// ErrUnavailable says that the store does not answer.
	ErrUnavailable = errors.New("the store of responses does not answer")
	// ErrBusy says that as many responses are being stored as are allowed.
	ErrBusy = errors.New("too many responses are being stored at this moment")
	// ErrStarting says that the ledger does not know yet what was received before.
	ErrStarting = errors.New("the ledger of received responses is still being read")
)

// InvalidError names everything that is wrong with a response.
type InvalidError struct{ Violations []response.Violation }

func (e *InvalidError) Error() string {
	return fmt.Sprintf("the response has %d wrong fields", len(e.Violations))
}

// ForbiddenError names what the caller may not send of a response. It is the response's
// own, as InvalidError is: nothing was stored of it, and the others of its batch are.
type ForbiddenError struct{ Violations []response.Violation }

func (e *ForbiddenError) Error() string {
	return fmt.Sprintf("the caller may not send %d fields of the response", len(e.Violations))
}

// Errors of a Journal that a decision is taken on.
var (
	// ErrMoved says that the subject has moved on; nothing was stored.
	ErrMoved = errors.New("the subject has moved on")
	// ErrGone says that the event is no longer stored: it expired or was erased.
	ErrGone = errors.New("the event is no longer stored")
)

// TakenError says that an event of this id, but another content, is stored
// already. Nothing was stored.
type TakenError struct {
	// Sequence is where the other is, or was.
	Sequence uint64
	// Gone says that the other is no longer stored.
	Gone bool
}

func (e *TakenError) Error() string {
	return fmt.Sprintf("another event of this id is stored at %d", e.Sequence)
}

// Result says what was stored.
type Result struct {
	// ID is the one given, or the one made.
	ID string
	// Revision it now has, 1 or more.
	Revision uint32
	// Duplicate says that nothing new was in it.
	Duplicate bool
	// Held is where in the stream the revision is that a duplicate repeats.
	Held uint64
}

// Entry is what the ledger knows of a response: its last revision.
type Entry struct {
	// Sequence of the last revision in the stream.
	Sequence uint64
	// Revision is its number.
	Revision uint32
	// Digest is that of the submission which made the revision.
	Digest response.Digest
}

// Ledger knows what was received, a little later than the stream.
type Ledger interface {
	// Ready is nil once everything stored before the start is known.
	Ready() error
	// Find returns the last revision of a response.
	Find(id response.Identity) (Entry, bool)
	// Head returns the last sequence of a subject; 0 when it has none. A Find that
	// follows knows everything of the subject up to it.
	Head(subject string) uint64
	// Note takes an event stored on a subject; older ones than known change nothing.
	Note(subject string, id response.Identity, e Entry)
	// Behold sets a subject's head to what the stream itself says.
	Behold(subject string, head uint64)
	// Await returns once everything up to a sequence is known.
	Await(ctx context.Context, sequence uint64) error
}

// Journal is the stream of responses.
type Journal interface {
	// Append stores an event if its subject's last sequence is after, and returns
	// its sequence; ErrMoved or a TakenError otherwise, ErrFull, ErrUnavailable.
	Append(ctx context.Context, e *eventsv1.ResponseReceived, d response.Digest, after uint64) (uint64, error)
	// Read returns the event at a sequence if it is of this response; ErrGone.
	Read(ctx context.Context, sequence uint64, survey, id string) (*eventsv1.ResponseReceived, error)
	// Head returns a subject's last sequence, 0 when it has none.
	Head(ctx context.Context, subject string) (uint64, error)
	// Durable returns once everything appended before is on disk.
	Durable(ctx context.Context) error
}

// Verdict is what came of a response, for counting.
type Verdict string

// The verdicts.
const (
	Accepted    Verdict = "accepted"
	Revised     Verdict = "revised"
	Duplicate   Verdict = "duplicate"
	Refused     Verdict = "refused"
	Unavailable Verdict = "unavailable"
)

// Verdicts are all of them.
var Verdicts = [...]Verdict{Accepted, Revised, Duplicate, Refused, Unavailable}

// VerdictOf says what came of a response.
func VerdictOf(r Result, err error) Verdict {
	switch {
	case isOwn(err):
		return Refused
	case err != nil:
		return Unavailable
	case r.Duplicate:
		return Duplicate
	case r.Revision > 1:
		return Revised
	default:
		return Accepted
	}
}

// Clock tells the time.
type Clock interface{ Now() time.Time }
