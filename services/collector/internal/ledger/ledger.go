// Package ledger knows which responses were received: for each its last
// revision, and for each subject its last sequence. It is a projection of the
// stream of responses, held in memory, rebuilt from the headers of its events at
// start and followed from then on.
//
// Authority. The stream is the truth; the ledger may lag behind it and must never
// be the last word: what is decided on it is stored under a compare-and-set.
//
// Memory. An entry is 36 bytes, 42 to 85 with the map around it; no text is kept of
// a response. What has left the stream by age leaves the ledger too.
package ledger

import (
	"encoding/binary"
	"hash/maphash"
	"sync"

	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
)

const shards = 256

// Ledger is the projection. Safe for concurrent use.
type Ledger struct {
	entries [shards]entries
	heads   [shards]heads
	seed    maphash.Seed
	progress
}

var _ ingest.Ledger = (*Ledger)(nil)

type entries struct {
	mu sync.RWMutex
	m  map[response.Identity]packed
}

// packed is an Entry without padding.
type packed struct {
	sequence [2]uint32
	revision uint32
	digest   [2]uint32
}

type heads struct {
	mu sync.RWMutex
	m  map[string]uint64
}

// New returns an empty ledger that is not ready: Run fills it.
func New() *Ledger {
	l := &Ledger{seed: maphash.MakeSeed()}
	for i := range shards {
		l.entries[i].m = map[response.Identity]packed{}
		l.heads[i].m = map[string]uint64{}
	}
	return l
}

// Find returns the last revision known of a response.
func (l *Ledger) Find(id response.Identity) (ingest.Entry, bool) {
	s := &l.entries[id[0]] // a hash: any byte spreads well
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, ok := s.m[id]
	if !ok {
		return ingest.Entry{}, false
	}
	return p.unpack(), true
}

// Head returns the last sequence known of a subject; 0 when none is.
func (l *Ledger) Head(subject string) uint64 {
	s := l.headsOf(subject)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.m[subject]
}

// Note takes an event. The entry is there before the head is: whoever has read
// the head finds the entry.
func (l *Ledger) Note(subject string, id response.Identity, e ingest.Entry) {
	s := &l.entries[id[0]]
	s.mu.Lock()
	if p, ok := s.m[id]; !ok || p.unpack().Sequence < e.Sequence {
		s.m[id] = pack(e)
	}
	s.mu.Unlock()
	h := l.headsOf(subject)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.m[subject] < e.Sequence {
		h.m[subject] = e.Sequence
	}
}

// Behold sets a subject's head to what the stream says; 0 when it has none.
func (l *Ledger) Behold(subject string, head uint64) {
	h := l.headsOf(subject)
	h.mu.Lock()
	defer h.mu.Unlock()
	if head == 0 {
		delete(h.m, subject)
		return
	}
	h.m[subject] = head
}

// Forget drops what was last stored before a sequence: it has left the stream.
func (l *Ledger) Forget(before uint64) {
	for i := range shards {
		l.entries[i].forget(before)
		l.heads[i].forget(before)
	}
}

func (s *entries) forget(before uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, p := range s.m {
		if p.unpack().Sequence < before {
			delete(s.m, id)
		}
	}
}

func (s *heads) forget(before uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for subject, head := range s.m {
		if head < before {
			delete(s.m, subject)
		}
	}
}

// Len is how many responses are known.
func (l *Ledger) Len() int {
	n := 0
	for i := range shards {
		l.entries[i].mu.RLock()
		n += len(l.entries[i].m)
		l.entries[i].mu.RUnlock()
	}
	return n
}

func (l *Ledger) headsOf(subject string) *heads {
	return &l.heads[maphash.String(l.seed, subject)%shards]
}

func pack(e ingest.Entry) packed {
	p := packed{sequence: [2]uint32{uint32(e.Sequence >> 32), uint32(e.Sequence)}, revision: e.Revision}
	for i := range p.digest {
		p.digest[i] = binary.BigEndian.Uint32(e.Digest[4*i:])
	}
	return p
}

func (p packed) unpack() ingest.Entry {
	e := ingest.Entry{Sequence: uint64(p.sequence[0])<<32 | uint64(p.sequence[1]), Revision: p.revision}
	for i := range p.digest {
		binary.BigEndian.PutUint32(e.Digest[4*i:], p.digest[i])
	}
	return e
}
