// Package memory is the index of the single process: ordered trees under one
// mutex.
//
// Authority: none; the stream decides. Safety: one mutex, so every answer is
// of one moment. Liveness: nothing runs by itself; holds end and delays pass
// when Reserve or Stats is asked with a later now. Failure: it dies with the
// process and the projector builds it again, from the last snapshot on where there is
// one.
//
// An entry that is in two places to sort (ready and in a page list, say) is one
// record behind two pointers. Reserve costs a few tree steps whatever the
// backlog; entries whose time has come are moved once each.
package memory

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"

	"github.com/tidwall/btree"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

var (
	_ queue.Index   = (*Index)(nil)
	_ queue.Resumer = (*Index)(nil)
)

// Index implements queue.Index. Make it with New.
type Index struct {
	mu       sync.Mutex
	byID     map[string]*record
	lanes    map[string]*lane
	desks    map[string]*desk
	delayed  *tree // pending, by the moment they become ready
	holds    *tree // reserved here, by the moment the hold ends
	due      *tree // with a deadline, by when it may be given
	gone     *tree // closed, by when they may be forgotten
	asks     map[ask]*record
	complete bool
	loaded   bool // from a snapshot, and Resume was not asked yet
	upTo     queue.Checkpoint
}

// tree is an ordered set of records. The index's mutex guards it.
type tree = btree.BTreeG[*record]

func newTree(before func(a, b *record) bool) *tree {
	return btree.NewBTreeGOptions(before, btree.Options{NoLocks: true})
}

// New returns an empty index that is incomplete until an Advance says that it is whole.
func New() *Index {
	x := &Index{}
	x.forget()
	return x
}

func (x *Index) forget() {
	x.byID = make(map[string]*record)
	x.lanes = make(map[string]*lane)
	x.desks = make(map[string]*desk)
	x.delayed = newTree(byReadyAt)
	x.holds = newTree(byHoldEnd)
	x.due = newTree(byLook)
	x.gone = newTree(byForgetting)
	x.asks = make(map[ask]*record)
	x.complete, x.loaded, x.upTo = false, false, queue.Checkpoint{}
}

// Checkpoint implements queue.Index.
func (x *Index) Checkpoint(context.Context) (queue.Checkpoint, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.complete {
		return queue.Checkpoint{}, fmt.Errorf("index checkpoint: %w", queue.ErrIndexIncomplete)
	}
	return x.upTo, nil
}

// Advance implements queue.Index.
func (x *Index) Advance(_ context.Context, p queue.Progress) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.upTo.Life == "" || p.Life != x.upTo.Life,
		x.upTo.Incarnation != "" && p.Incarnation != x.upTo.Incarnation:
		return fmt.Errorf("index advance, lost or reset since: %w", queue.ErrIndexIncomplete)
	case x.upTo.Seq < p.From:
		return fmt.Errorf("index advance: %w", queue.ErrIndexWentBack)
	}
	x.upTo.Incarnation, x.upTo.Seq = p.Incarnation, max(x.upTo.Seq, p.Seq)
	x.complete = x.complete || p.Whole
	return nil
}

// Reset implements queue.Index.
func (x *Index) Reset(context.Context) (string, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.forget()
	x.upTo.Life = rand.Text()
	return x.upTo.Life, nil
}

// Get implements queue.Index.
func (x *Index) Get(_ context.Context, id string) (queue.Entry, bool, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	r, known := x.byID[id]
	if !known {
		return queue.Entry{}, false, nil
	}
	return r.entry(), true, nil
}
