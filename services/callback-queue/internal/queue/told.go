package queue

import "sync"

// maxTold bounds what is remembered of commits whose events have not come by.
const maxTold = 4 * maxWaiting

// told remembers what this process committed, by sequence, until the projector
// has brought it: it need not be read a second time. An entry without an id says
// that the event is nothing to the index.
type told struct {
	mu      sync.Mutex
	entries map[uint64]Entry
	behind  uint64 // the projector is through with everything up to it
	swept   uint64 // where behind was when the rest was last looked through
}

// reset forgets everything: sequences may mean something else now.
func (t *told) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.entries, t.behind, t.swept = nil, 0, 0
}

func (t *told) add(seq uint64, e Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if seq <= t.behind {
		return
	}
	if t.entries == nil || len(t.entries) >= maxTold {
		t.entries = make(map[uint64]Entry)
	}
	t.entries[seq] = e
}

func (t *told) entry(seq uint64) (Entry, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, known := t.entries[seq]
	return e, known
}

// next returns the entries behind a sequence and up to another, at most so many,
// and the last sequence they stand for. own is false when the one after that is
// not known here.
func (t *told) next(behind, upTo uint64, most int) (entries []Entry, last uint64, own bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	last = behind
	for last < upTo && len(entries) < most {
		e, known := t.entries[last+1]
		if !known {
			return entries, last, false
		}
		last++
		if e.ID != "" {
			entries = append(entries, e)
		}
	}
	return entries, last, true
}

// forget drops everything up to a sequence; not each time, as it looks through
// all there is.
func (t *told) forget(upTo uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.behind = upTo
	if upTo >= t.swept && upTo < t.swept+uint64(len(t.entries)/2) {
		return
	}
	t.swept = upTo
	for seq := range t.entries {
		if seq <= upTo {
			delete(t.entries, seq)
		}
	}
	if len(t.entries) == 0 {
		t.entries = nil // an emptied map is as long to look through as a full one
	}
}
