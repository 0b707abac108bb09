package replay

import (
	"context"
	"crypto/sha256"
	"sync"
	"time"
)

// ledger folds finished segments into the totals in the file's order, and keeps
// the state and the rejects file in step with them.
type ledger struct {
	o     Options
	size  int64
	began time.Time

	mu      sync.Mutex
	state   state
	rejects *rejectsFile
	waiting map[int]*segment // finished, but an earlier one is not
	next    int              // the segment the prefix waits for
	moved   chan struct{}    // closed when next moves on
	// doubt is how far an interrupted run may have sent rows without learning
	// what became of them.
	doubt        int64
	doubted      map[[sha256.Size]byte]struct{}
	rowsBefore   int64
	offsetBefore int64
}

// maxDoubted bounds the memory of rows sent twice; far above what can be under
// way at once.
const maxDoubted = 200_000

func newLedger(o Options, f *opened, s state) *ledger {
	l := &ledger{
		o: o, size: f.Identity().Size, began: o.Clock.Now(), state: s,
		waiting: map[int]*segment{}, moved: make(chan struct{}), doubted: map[[sha256.Size]byte]struct{}{},
		doubt: s.Dispatched, rowsBefore: s.Totals.Rows, offsetBefore: s.Offset,
	}
	if !o.NoFiles {
		l.rejects = &rejectsFile{path: s.RejectsFile, make: f.Rejects}
	}
	return l
}

// aheadOf is how many segments a request may be ahead of the one that the prefix waits for,
// for each that may be under way: finished, they are held until it is.
const aheadOf = 8

// room returns when a segment is not too far ahead of the first unfinished one.
func (l *ledger) room(ctx context.Context, s *segment) error {
	for {
		l.mu.Lock()
		near, moved := s.number-l.next < aheadOf*l.o.Parallel, l.moved
		l.mu.Unlock()
		if near {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// leaving notes, before a segment leaves, that its rows may get to the server.
func (l *ledger) leaving(s *segment) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.end <= l.state.Dispatched {
		return nil
	}
	l.state.Dispatched = s.end
	return l.save()
}

// finished takes a segment whose rows all have their results. What came of them is kept when
// the next segment leaves, or at the end: until then an interruption has them sent again,
// and known again.
func (l *ledger) finished(s *segment) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting[s.number] = s
	folded := false
	for {
		s, ok := l.waiting[l.next]
		if !ok {
			break
		}
		delete(l.waiting, l.next)
		l.next++
		folded = true
		for _, r := range s.rows {
			if err := l.fold(r); err != nil {
				return err
			}
		}
		l.state.Offset, l.state.Line = s.end, s.endLine
	}
	if !folded {
		return nil
	}
	if l.rejects != nil {
		if err := l.rejects.flush(); err != nil {
			return err
		}
		l.state.RejectsBytes = l.rejects.size
	}
	close(l.moved)
	l.moved = make(chan struct{})
	if l.o.OnProgress != nil {
		l.o.OnProgress(l.progress())
	}
	return nil
}

func (l *ledger) fold(r *row) error {
	t := &l.state.Totals
	t.Rows++
	res := r.result
	// Of a row that was sent, too, it is noted: one that repeats it is no echo.
	if (res.Outcome == Sent || res.Outcome == Duplicate) && l.wasOurs(r) && res.Outcome == Duplicate {
		res.Outcome = Sent
		t.SentAgain++
	}
	switch res.Outcome {
	case Sent:
		t.Sent++
		if res.Revision > 1 {
			t.Revised++
		}
	case Duplicate:
		t.Duplicates++
	case Skipped:
		t.Skipped++
		if l.state.SkippedBecause == nil {
			l.state.SkippedBecause = map[string]int64{}
		}
		l.state.SkippedBecause[res.Reason]++
	case Refused:
		t.Refused++
		if len(l.state.Refusals) < maxListed {
			l.state.Refusals = append(l.state.Refusals, Refusal{Line: r.Line, Reason: res.Reason})
		}
		if l.rejects != nil {
			if err := l.rejects.add(r.Row, res.Reason); err != nil {
				return err
			}
		}
	}
	if l.o.OnRow != nil {
		l.o.OnRow(res)
	}
	return nil
}

// wasOurs reports whether a duplicate is the echo of a sending of ours whose
// answer was lost. The second of two identical rows is a duplicate all the same.
func (l *ledger) wasOurs(r *row) bool {
	if !r.sentBefore && r.End > l.doubt {
		return false
	}
	sum := sha256.Sum256(append([]byte(r.key()+"\x00"), r.content...))
	if _, twice := l.doubted[sum]; twice {
		return false
	}
	if len(l.doubted) >= maxDoubted {
		clear(l.doubted)
	}
	l.doubted[sum] = struct{}{}
	return true
}

func (l *ledger) save() error {
	if l.o.NoFiles {
		return nil
	}
	if err := l.rejects.sync(); err != nil { // the state says how much of it belongs to what is finished
		return err
	}
	return l.state.save(l.o.State)
}

// keep saves what is known when a run ends before the file does.
func (l *ledger) keep() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.save()
}

func (l *ledger) progress() Progress {
	return Progress{
		Totals: l.state.Totals, Bytes: l.state.Offset, Size: l.size,
		ThisRun: l.state.Totals.Rows - l.rowsBefore, BytesThisRun: l.state.Offset - l.offsetBefore,
		Elapsed: l.o.Clock.Now().Sub(l.began),
	}
}

// summary is what is known now.
func (l *ledger) summary() Summary {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Summary{
		File: l.o.File, Totals: l.state.Totals, SkippedBecause: l.state.SkippedBecause,
		Refusals: l.state.Refusals, Resumed: l.rowsBefore > 0 || l.doubt > 0,
		Elapsed: l.o.Clock.Now().Sub(l.began), Server: l.state.Server,
	}
	if l.state.RejectsBytes > 0 {
		s.RejectsFile = l.state.RejectsFile
	}
	s.Seconds = s.Elapsed.Seconds()
	return s
}
