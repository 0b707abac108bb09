// Package documents keeps what a stream says last of each of its subjects: small documents,
// as silences or the state of an alert, that every replica reads in memory and that any of
// them changes.
//
// Authority. The last event of a subject, whole, is the document. Memory is a projection of
// the stream and can be behind by as much as an event takes; a change is decided on what the
// stream's leader has, whenever memory was behind.
//
// Safety. A change is a compare-and-set on the event it was decided on, and on disk before it
// is answered. Two replicas that decide the same thing at once do it once: the second decides
// anew on what the first has made of it. An answer that was lost is found out by the event's
// id (package bus).
//
// Liveness. While the stream is away, what is known can be read, and changes are refused with
// bus.ErrUnavailable.
package documents

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"iter"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

var (
	// ErrLoading says that the documents have not been read yet: what is not found may be
	// there.
	ErrLoading = errors.New("the documents are being read")
	// ErrContended says that others changed the same document all the while.
	ErrContended = errors.New("the document is changing too fast; ask again")
	// ErrUnchanged is what a decision returns that has nothing to store.
	ErrUnchanged = errors.New("nothing changes")
)

const (
	// maxTries is how often a change that others came before is decided anew.
	maxTries = 16
	// pause is how long following waits before it begins anew after an error.
	pause = time.Second
)

// Event is a protobuf event that is whole, and has an id; it is stored under that id with a
// digest of the whole behind it.
type Event interface {
	proto.Message
	GetEventId() string
}

// Options say which documents are kept. All but Keep and Changed are required.
type Options[E Event] struct {
	Bus *bus.Bus
	Log *zap.Logger
	// Stream is where they are.
	Stream string
	// New makes an empty event.
	New func() E
	// Key is the document's name, from its event; Subject is where it is, from its name.
	Key     func(E) string
	Subject func(key string) string
	// Keep reports whether the document is kept in memory: those that are over need not be.
	// What is not kept can still be changed. Nil keeps all. Where the answer changes with
	// time, Reconsider asks again.
	Keep func(E) bool
	// Compact makes an event smaller that was read, before anybody sees it. Optional.
	Compact func(E)
	// Changed is told of each document that has become another, or is no longer kept, in the
	// stream's order for each; kept is Keep's answer. It must be quick, and call nothing of
	// the table.
	Changed func(key string, e E, kept bool)
}

// Table is the documents. Safe for concurrent use. What it hands out is shared: read only.
type Table[E Event] struct {
	o Options[E]

	mu      sync.RWMutex
	docs    map[string]doc[E]
	gone    map[string]uint64 // the sequences of those that are not kept and were changed lately
	brought uint64            // the last sequence that following brought
	waiters []waiter
	loaded  chan struct{} // closed when it was read once
	isRead  bool
}

type doc[E Event] struct {
	event E
	seq   uint64
}

type waiter struct {
	seq  uint64
	done chan struct{}
}

// New returns a table that knows nothing until Follow has read the stream.
func New[E Event](o Options[E]) *Table[E] {
	return &Table[E]{o: o, docs: map[string]doc[E]{}, gone: map[string]uint64{}, loaded: make(chan struct{})}
}

// Follow keeps the table in line with the stream until ctx ends, and returns nil then.
func (t *Table[E]) Follow(ctx context.Context) error {
	for ctx.Err() == nil {
		err := t.o.Bus.Follow(ctx, bus.FollowOptions{Stream: t.o.Stream, LastOnly: true}, func(d bus.Delivery) error {
			t.bring(d)
			return nil
		}, func() error {
			t.caughtUp()
			return nil
		})
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the end was asked for: what it cut off is no failure
		}
		t.o.Log.Warn("documents are followed anew", zap.String("stream", t.o.Stream), zap.Error(err))
		_ = clock.Sleep(ctx, pause) // the loop's condition says why it ended
	}
	return nil
}

// Ready is ErrLoading until the stream was read to its end once.
func (t *Table[E]) Ready() error {
	select {
	case <-t.loaded:
		return nil
	default:
		return ErrLoading
	}
}

// Wait returns nil once the stream was read, or ErrLoading when ctx ends before.
func (t *Table[E]) Wait(ctx context.Context) error {
	select {
	case <-t.loaded:
		return nil
	case <-ctx.Done():
		return ErrLoading
	}
}

// Settle returns once everything that the stream holds now has been brought. It is for tests,
// and for who must not decide on what is behind.
func (t *Table[E]) Settle(ctx context.Context) error {
	info, err := t.o.Bus.JetStream().Stream(ctx, t.o.Stream)
	if err != nil {
		return err
	}
	state := info.CachedInfo().State
	if state.Msgs == 0 {
		return t.Wait(ctx)
	}
	last := state.LastSeq
	t.mu.Lock()
	if t.isRead && t.brought >= last {
		t.mu.Unlock()
		return nil
	}
	w := waiter{seq: last, done: make(chan struct{})}
	t.waiters = append(t.waiters, w)
	t.mu.Unlock()
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
		t.mu.Lock()
		defer t.mu.Unlock()
		t.waiters = slices.DeleteFunc(t.waiters, func(o waiter) bool { return o.done == w.done })
		return ctx.Err()
	}
}

// Get returns a document as memory has it.
func (t *Table[E]) Get(key string) (E, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	d, ok := t.docs[key]
	return d.event, ok
}

// Len is how many documents are kept.
func (t *Table[E]) Len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.docs)
}

// All are the documents that are kept, by their names, in the names' order, as they are when
// it is called.
func (t *Table[E]) All() iter.Seq2[string, E] {
	t.mu.RLock()
	keys := make([]string, 0, len(t.docs))
	events := make(map[string]E, len(t.docs))
	for key, d := range t.docs {
		keys = append(keys, key)
		events[key] = d.event
	}
	t.mu.RUnlock()
	slices.Sort(keys)
	return func(yield func(string, E) bool) {
		for _, key := range keys {
			if !yield(key, events[key]) {
				return
			}
		}
	}
}

// Load returns a document as the stream's leader has it, kept or not; bus.ErrNotFound when
// there is none.
func (t *Table[E]) Load(ctx context.Context, key string) (E, error) {
	d, err := t.load(ctx, key)
	if err == nil && d.seq == 0 {
		err = bus.ErrNotFound
	}
	return d.event, err
}

// Decide makes the next event of a document from the present one; exists is false when there
// is none. It may be called several times, and must not change what it is given. ErrUnchanged
// says that there is nothing to do; every other error is Update's.
type Decide[E Event] func(now E, exists bool) (E, error)

// Update changes a document, once that is on disk, and returns it as it is then. It returns
// the present one where the decision is ErrUnchanged; Decide's error, ErrContended, or an
// error of the bus.
func (t *Table[E]) Update(ctx context.Context, key string, decide Decide[E]) (E, error) {
	t.mu.RLock()
	now, known := t.docs[key]
	t.mu.RUnlock()
	if known {
		next, err := t.attempt(ctx, key, now, decide)
		if err == nil {
			return next, nil
		}
	} // memory may be behind: the leader is asked before anybody is told no
	for range maxTries {
		now, err := t.load(ctx, key)
		if err != nil {
			return now.event, err
		}
		next, err := t.attempt(ctx, key, now, decide)
		if errors.Is(err, bus.ErrConflict) {
			continue
		}
		if errors.Is(err, ErrUnchanged) {
			t.take(key, now)
			return now.event, t.o.Bus.Durable(ctx) // somebody else's may not be on disk yet
		}
		return next, err
	}
	return now.event, ErrContended
}

// attempt decides on one state, and stores what comes of it after that state.
func (t *Table[E]) attempt(ctx context.Context, key string, now doc[E], decide Decide[E]) (E, error) {
	next, err := decide(now.event, now.seq != 0)
	if err != nil {
		return now.event, err
	}
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(next)
	if err != nil {
		return now.event, err
	}
	// Two replicas may decide two things at once that have the same number, and so the same
	// event id: stored under it alone, the second would be told that it was first.
	sum := sha256.Sum256(body)
	id := next.GetEventId() + "-" + hex.EncodeToString(sum[:8])
	receipt, err := t.o.Bus.PublishAt(ctx, bus.Event{Subject: t.o.Subject(key), ID: id, Body: next, Encoded: body}, now.seq)
	if err != nil {
		return now.event, err
	}
	t.take(key, doc[E]{next, receipt.Sequence})
	return next, nil
}

// load reads a document from the stream's leader; its sequence is 0 when there is none.
func (t *Table[E]) load(ctx context.Context, key string) (doc[E], error) {
	d, err := t.o.Bus.Latest(ctx, t.o.Subject(key))
	if errors.Is(err, bus.ErrNotFound) {
		return doc[E]{}, nil
	}
	if err != nil {
		return doc[E]{}, err
	}
	e := t.o.New()
	if err := d.Decode(e); err != nil {
		return doc[E]{}, err
	}
	return t.read(e, d.Sequence), nil
}

// read is a document as it was read.
func (t *Table[E]) read(e E, seq uint64) doc[E] {
	if t.o.Compact != nil {
		t.o.Compact(e)
	}
	return doc[E]{e, seq}
}

// bring takes what following brought.
func (t *Table[E]) bring(d bus.Delivery) {
	e := t.o.New()
	if err := d.Decode(e); err != nil {
		t.o.Log.Error("a document cannot be read and is left out", zap.String("stream", d.Stream), zap.Uint64(obs.Sequence, d.Sequence), zap.Error(err))
	} else {
		t.take(t.o.Key(e), t.read(e, d.Sequence))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.brought = max(t.brought, d.Sequence)
	t.wake()
}

// caughtUp notes that the stream was read to its end.
func (t *Table[E]) caughtUp() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.isRead {
		t.isRead = true
		close(t.loaded)
	}
	t.wake()
}

func (t *Table[E]) wake() {
	if !t.isRead {
		return
	}
	t.waiters = slices.DeleteFunc(t.waiters, func(w waiter) bool {
		if w.seq <= t.brought {
			close(w.done)
		}
		return w.seq <= t.brought
	})
}

// mostGone bounds how many documents that are over are remembered by their sequence alone,
// against older news of them that is still on its way.
const mostGone = 10_000

// take puts a document into memory, unless memory has a later one.
func (t *Table[E]) take(key string, d doc[E]) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.docs[key].seq >= d.seq || t.gone[key] >= d.seq {
		return
	}
	t.put(key, d)
}

// Reconsider asks Keep again about a document, and drops it if it need not be kept any more.
func (t *Table[E]) Reconsider(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if d, ok := t.docs[key]; ok && t.o.Keep != nil && !t.o.Keep(d.event) {
		t.put(key, d)
	}
}

// put keeps a document, or drops it.
func (t *Table[E]) put(key string, d doc[E]) {
	kept := t.o.Keep == nil || t.o.Keep(d.event)
	if kept {
		t.docs[key] = d
		delete(t.gone, key)
	} else {
		delete(t.docs, key)
		if len(t.gone) >= mostGone {
			clear(t.gone)
		}
		t.gone[key] = d.seq
	}
	if t.o.Changed != nil {
		t.o.Changed(key, d.event, kept)
	}
}
