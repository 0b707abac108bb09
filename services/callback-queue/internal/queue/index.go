package queue

import (
	"context"
	"errors"
	"time"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// Sentinels of the index.
var (
	// ErrNoneReady says that no callback is ready for this agent now.
	ErrNoneReady = errors.New("no callback is ready")
	// ErrIndexIncomplete says that the index was lost or never built: what it
	// holds is right, but it may not hold everything. The projector rebuilds it.
	ErrIndexIncomplete = errors.New("the index is being rebuilt")
	// ErrIndexWentBack says that the index stands at an older state of itself: its
	// server came back with what it had saved. What was applied since is not there.
	ErrIndexWentBack = errors.New("the index went back to an older state of itself")
	// ErrBadPageToken says that a page was asked for with a token no page gave.
	ErrBadPageToken = errors.New("no such page")
	// ErrIndexUnavailable says that the index could not be asked. What it was
	// asked to do may have been done.
	ErrIndexUnavailable = errors.New("the index does not answer")
)

// Entry is what the index knows of one callback. It is derived from the
// callback and never decides anything: the commit to the stream does.
type Entry struct {
	// ID is the callback's id, `<customer_key>-<n>`: the entry's key.
	ID string
	// CustomerKey names the aggregate to load.
	CustomerKey string
	// Seq is the stream sequence this entry was derived from. An entry is
	// applied only over an older one.
	Seq uint64
	// State is the callback's state. Only a Pending one can be reserved.
	State callback.State
	// Queue is the queue the callback waits in.
	Queue string
	// Former is the queue it was in before it was moved to this one; empty when it
	// never was. Apply takes the entry out of there. An index gives it back empty.
	Former string
	// Line stands for what is asked of whoever takes the callback: those of one
	// queue and line can be taken by the same agents. It is printable ASCII without
	// spaces.
	Line string
	// Rank orders the ready callbacks of all queues and lines, the lowest first;
	// then FirstDue does, the earliest first, then OpenedAt, then ID.
	Rank int64
	// FirstDue is when the first attempt should be made by; zero, when it is not
	// known, goes first.
	FirstDue time.Time
	// OpenedAt orders pages: oldest first, then ID.
	OpenedAt time.Time
	// ReadyAt is when a Pending callback may first be reserved.
	ReadyAt time.Time
	// DueAt is the callback's next deadline, open or closed; zero when it has none.
	DueAt time.Time
	// Agent holds the callback; empty when nobody does.
	Agent string
	// Overdue says that the agent's wrap-up is: it takes none of their time.
	Overdue bool
	// SLA is how the callback's SLA stands; at risk only while the callback is open.
	SLA callback.SLAState
	// ForgetAt is from when on a closed callback is not needed here; zero is never.
	ForgetAt time.Time
	// MarkedUntil is until when Former must remember that it has left, lest older news
	// bring it back there; zero is for ever. An index gives it back zero.
	MarkedUntil time.Time
}

// Reservation asks for the best ready callback.
type Reservation struct {
	// Agent is who asks; RequestID, when given, makes the question idempotent:
	// the same agent and request get the same entry while its hold lasts.
	Agent, RequestID string
	// Fits limits the choice; nil is for who takes everything.
	Fits Fit
	// Now is the caller's clock; Hold is how long nobody else is offered the
	// entry, unless Apply says more first.
	Now  time.Time
	Hold time.Duration
}

// Fit says whether somebody takes the callbacks of a queue's line, and how much
// is added to their Rank for the choice. It must be quick, and is asked anew for
// each line by each Reserve: an index keeps nothing of what it says.
type Fit func(queue, line string) (behind int64, ok bool)

// Filter chooses entries for a page. Zero fields choose everything.
type Filter struct {
	States []callback.State
	Queue  string
	Agent  string
	SLA    []callback.SLAState
	// Text is looked for in what the customer wrote and in the names of the rules and
	// surveys; an index knows nothing of it, and lets everything pass.
	Text string
	// OpenedFrom and OpenedBefore bound when the callback was opened; the first is
	// within the bounds, the second is not.
	OpenedFrom, OpenedBefore time.Time
}

// Page is one page of entries, oldest opened first. Next continues after it and
// is empty at the end. A page may be short before the end: the work of one call
// is bounded.
type Page struct {
	Entries []Entry
	Next    string
}

// Stats counts one queue.
type Stats struct {
	Queue string
	// Ready may be reserved now; Delayed waits for its ReadyAt; Held is
	// reserved, assigned, attempting or wrapping.
	Ready, Delayed, Held int
	// OldestReady is the OpenedAt of the oldest ready entry; zero without one.
	OldestReady time.Time
	// AtRisk and Breached are open entries whose SLA stands so.
	AtRisk, Breached int
}

// Line is what is ready in one line of a queue.
type Line struct {
	Queue, Line string
	// Ready is 1 or more; First is the id of the one that goes first.
	Ready int
	First string
}

// Checkpoint says how far the index has followed the stream.
type Checkpoint struct {
	// Life names what the index has taken in since one Reset; the next begins
	// another. It is empty in the position of a stream.
	Life string
	// Incarnation names the stream's life: an index built from another one is
	// worthless.
	Incarnation string
	// Seq: every event up to it is applied.
	Seq uint64
}

// Progress is what somebody who follows the stream did for the index.
type Progress struct {
	// Checkpoint is how far they got.
	Checkpoint
	// From is how far the index was when they last looked, or moved it on: they
	// applied everything behind it, up to the checkpoint.
	From uint64
	// Whole says that this was all there is for now: the index may be believed
	// when it says that there is nothing.
	Whole bool
}

// Resumer is an Index that can begin with something that is not whole, and so has no
// Checkpoint.
type Resumer interface {
	// Resume returns how far the index was when what it began with was saved, once; ok is
	// false when it began empty, or was asked before.
	Resume() (cp Checkpoint, ok bool)
}

// Index is the projection that answers what is ready, for whom, and what is due
// when. It can be lost at any moment and is rebuilt from the stream. All
// methods are safe for concurrent use; implementations that share a server
// share their content. Errors other than the sentinels say that the index could
// not be asked.
type Index interface {
	// Checkpoint returns how far the index is, or ErrIndexIncomplete when it was
	// never whole, or lost since.
	Checkpoint(ctx context.Context) (Checkpoint, error)
	// Advance records what was applied; the checkpoint never moves back by it. A
	// life of the index begins at sequence 0, in the incarnation of its first
	// Advance, and is whole from the first that says so.
	//
	// What was applied before the index was lost, reset or put back is not there,
	// and must never be counted. So it changes nothing and returns
	// ErrIndexIncomplete when the index is in another life or incarnation than
	// named, and ErrIndexWentBack when it is behind From: whoever applied more
	// than the index knows of begins again at its checkpoint.
	Advance(ctx context.Context, p Progress) error
	// Reset forgets everything and begins another life; the index is incomplete
	// until an Advance says that it is whole.
	Reset(ctx context.Context) (life string, err error)
	// Apply takes the entries in, each only if its Seq is higher than what is
	// held for its ID. An applied entry ends the hold on its ID. Each move from
	// queue to queue must be applied by some entry: an index need not look for an
	// ID elsewhere than in Queue and Former.
	Apply(ctx context.Context, entries ...Entry) error
	// Reserve picks, of the ready entries that fit, the first in order and holds it
	// for the agent. It returns ErrNoneReady, or ErrIndexIncomplete when none is
	// ready in an index that may not hold everything.
	Reserve(ctx context.Context, r Reservation) (Entry, error)
	// Release ends the holds of reservations of which nothing came, as if their time
	// were over; entries that are not held stay as they are.
	Release(ctx context.Context, now time.Time, entries ...Entry) error
	// Lines counts what is ready at a moment, by queue and line; a line where
	// nothing is ready is left out.
	Lines(ctx context.Context, now time.Time) ([]Line, error)
	// HeldBy returns the entries an agent holds, oldest Seq first; with
	// ErrIndexIncomplete there may be more.
	HeldBy(ctx context.Context, agent string) ([]Entry, error)
	// TakeDue returns up to limit entries whose DueAt is not after now, earliest first,
	// and leaves each to the caller for so long: it is nobody's until then, unless a
	// newer one is applied. A hold of 0 only looks. Who dies with some loses time, no
	// deadline.
	TakeDue(ctx context.Context, now time.Time, hold time.Duration, limit int) ([]Entry, error)
	// PutOff keeps entries that were taken so from being given until a moment; those that
	// a newer one has replaced stay as they are.
	PutOff(ctx context.Context, until time.Time, entries ...Entry) error
	// Tidy removes the entries whose ForgetAt has come, and what else nobody needs any
	// more.
	Tidy(ctx context.Context, now time.Time) error
	// Get returns the entry of one callback; ok is false when there is none.
	Get(ctx context.Context, id string) (e Entry, ok bool, err error)
	// Before counts the ready entries of a queue, whatever their line, that are in
	// order before one of them; ready is false when that one is not.
	Before(ctx context.Context, queue, id string, now time.Time) (n int, ready bool, err error)
	// Page lists entries by opening time. after is a former page's Next, or
	// empty, or else ErrBadPageToken. limit is at least 1.
	Page(ctx context.Context, f Filter, after string, limit int) (Page, error)
	// Stats counts every queue at a moment, by name.
	Stats(ctx context.Context, now time.Time) ([]Stats, error)
}
