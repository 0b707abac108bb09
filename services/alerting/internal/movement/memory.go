package movement

import "hash/maphash"

// MostRemembered is how many responses are remembered, some 130 bytes each: a later
// revision of one that came before them is not counted.
const MostRemembered = 500_000

// version says which of two events about a response is the later one.
type version struct{ revision, correction uint32 }

func (v version) compare(o version) int {
	switch {
	case v == o:
		return 0
	case v.revision < o.revision || v.revision == o.revision && v.correction < o.correction:
		return -1
	default:
		return 1
	}
}

// added is what a response added to a series: its sign, and which. A series' number is never
// another's.
type added uint64

// remembered is a response that counts.
type remembered struct {
	hash uint64
	// at is when its first revision was received, in milliseconds; 0 when that has not come.
	at      int64
	version version
	added   []added
	// waits are the additions of a response whose first revision has not come.
	waits bool
}

// memory is the last responses, by their ids. The oldest go first.
type memory struct {
	seed   maphash.Seed
	places map[uint64]int
	ring   []remembered
	next   int // the oldest's place, once the ring is full
	most   int
}

func newMemory(most int) *memory {
	return &memory{seed: maphash.MakeSeed(), places: map[uint64]int{}, most: most}
}

func (m *memory) hash(survey, id string) uint64 {
	var h maphash.Hash
	h.SetSeed(m.seed)
	_, _ = h.WriteString(survey) // a hash never fails
	_ = h.WriteByte(0)
	_, _ = h.WriteString(id)
	return h.Sum64()
}

// get returns a response, or nil. It is valid until the next put.
func (m *memory) get(hash uint64) *remembered {
	if i, ok := m.places[hash]; ok {
		return &m.ring[i]
	}
	return nil
}

// put remembers a response that is not yet.
func (m *memory) put(r remembered) *remembered {
	i := m.next
	if len(m.ring) < m.most {
		i = len(m.ring)
		m.ring = append(m.ring, r)
	} else {
		delete(m.places, m.ring[i].hash)
		m.ring[i] = r
		m.next = (i + 1) % m.most
	}
	m.places[r.hash] = i
	return &m.ring[i]
}
