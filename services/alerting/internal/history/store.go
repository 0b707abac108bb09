package history

import (
	"cmp"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/alert"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
	"github.com/rappel-loop/rappel/services/internal/pseudonym"
)

const (
	// chunkSize is how many records are let go of at once.
	chunkSize = 4096
	// mostVersions is how many events before a response are looked at for its history, the
	// latest.
	mostVersions = 8 * rule.MostAnswers
	metrics      = 4
)

// Store holds what was scored, in the order of the stream, as small as can be: no pointers,
// so that the collector of garbage passes it by. Safe for concurrent use.
type Store struct {
	mu       sync.RWMutex
	chunks   []*chunk
	first    uint64 // the number of the first record that is held; records count from 1
	last     uint64 // of the last; 0 for none
	latest   map[pseudonym.ID]uint64
	stale    int // how many chunks went since latest was looked through
	surveys  []string
	surveyOf map[string]uint32
}

type chunk struct {
	records [chunkSize]record
	stored  time.Time // when the last of them was
}

// record is one scored event.
type record struct {
	sequence     uint64
	response     uint64 // a hash of survey and id
	at           int64  // when the response was first received, in nanoseconds since 1970
	revision     uint32
	correction   uint32
	survey       uint32
	back         uint32 // how many records before is the customer's one before; 0 for none
	satisfaction [metrics]float32
	class        [metrics]uint8
	given        [metrics]bool
}

// NewStore returns one that holds nothing.
func NewStore() *Store {
	return &Store{first: 1, latest: map[pseudonym.ID]uint64{}, surveyOf: map[string]uint32{}}
}

// Len is how many events are held.
func (s *Store) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return int(s.last + 1 - s.first)
}

// Add holds one more event, which is behind all those before it in the stream, and lets go
// of what was stored before keep, by and large.
func (s *Store) Add(e *eventsv1.ResponseScored, sequence uint64, stored, keep time.Time) {
	customer, ok := pseudonym.Of(e.GetReceived().GetCustomerKey())
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	n := s.last
	if (n-1)%chunkSize == 0 {
		s.letGo(keep)
		s.chunks = append(s.chunks, &chunk{})
	}
	c := s.chunks[len(s.chunks)-1]
	c.stored = stored
	r := &c.records[(n-1)%chunkSize]
	*r = s.record(e, sequence)
	if before := s.latest[customer]; before >= s.first {
		r.back = uint32(n - before) //nolint:gosec // of as many as fit into memory
	}
	s.latest[customer] = n
}

func (s *Store) record(e *eventsv1.ResponseScored, sequence uint64) record {
	received := e.GetReceived()
	r := record{
		sequence: sequence, response: hashOf(received.GetResponse()), at: alert.AsOf(e).UnixNano(),
		revision: received.GetRevision(), correction: e.GetCorrection(), survey: s.survey(received.GetResponse().GetSurvey()),
	}
	f := rule.NewFacts(received.GetResponse(), e.GetScore())
	for i := range r.given {
		if a := f.Worst(eventsv1.Metric(i + 1)); a != nil { //nolint:gosec // one of four
			r.given[i], r.class[i], r.satisfaction[i] = true, uint8(a.GetClass()), float32(a.GetSatisfaction()) //nolint:gosec // of a few classes
		}
	}
	return r
}

// Response is a hash of which response an event is about.
func Response(e *eventsv1.ResponseScored) uint64 { return hashOf(e.GetReceived().GetResponse()) }

// Span is how far back has to be kept, from the latest on, for so many days to be looked
// back that a revision finds what the first did, as long as it is not too late.
func Span(days int) time.Duration { return time.Duration(days)*day + late + skew }

func hashOf(r *eventsv1.Response) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(r.GetSurvey() + "\x00" + r.GetId())) // it never fails
	return h.Sum64()
}

func (s *Store) survey(name string) uint32 {
	n, known := s.surveyOf[name]
	if !known {
		n = uint32(len(s.surveys)) //nolint:gosec // surveys are few
		s.surveys, s.surveyOf[name] = append(s.surveys, name), n
	}
	return n
}

// letGo drops whole chunks, and the customers of whom nothing is left.
func (s *Store) letGo(keep time.Time) {
	gone := 0
	for gone < len(s.chunks) && s.chunks[gone].stored.Before(keep) {
		gone++
	}
	if gone == 0 {
		return
	}
	s.chunks = slices.Delete(s.chunks, 0, gone)
	s.first += uint64(gone) * chunkSize //nolint:gosec // not negative
	if s.stale += gone; s.stale <= len(s.chunks)/8 {
		return // looking through all customers takes a while
	}
	s.stale = 0
	for customer, n := range s.latest {
		if n < s.first {
			delete(s.latest, customer)
		}
	}
}

func (s *Store) at(n uint64) *record {
	return &s.chunks[(n-1)/chunkSize-(s.first-1)/chunkSize].records[(n-1)%chunkSize]
}

// Earlier are the answers in the customer's other responses, latest first, as they stand
// before the first event about this one: those first received from `from` on, and before
// this one was. The event at sequence is about this one, as are any before it.
func (s *Store) Earlier(e *eventsv1.ResponseScored, sequence uint64, from time.Time) []*eventsv1.EarlierAnswer {
	customer, ok := pseudonym.Of(e.GetReceived().GetCustomerKey())
	if !ok {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	this := hashOf(e.GetReceived().GetResponse())
	s.each(customer, func(r *record) bool {
		if r.response == this {
			sequence = min(sequence, r.sequence)
		}
		return true
	})
	until := alert.AsOf(e).UnixNano()
	newest, left := map[uint64]*record{}, mostVersions
	s.each(customer, func(r *record) bool {
		if r.sequence >= sequence || r.response == this {
			return true
		}
		if was := newest[r.response]; was == nil || was.revision < r.revision || was.revision == r.revision && was.correction < r.correction {
			newest[r.response] = r
		}
		left--
		return left > 0
	})
	var found []*record
	for _, r := range newest {
		if r.at >= from.UnixNano() && r.at < until {
			found = append(found, r)
		}
	}
	return s.answers(found)
}

// each yields a customer's records, the latest first, until told to stop.
func (s *Store) each(customer pseudonym.ID, yield func(*record) bool) {
	for n := s.latest[customer]; n >= s.first; {
		r := s.at(n)
		if !yield(r) || r.back == 0 {
			return
		}
		n -= uint64(r.back)
	}
}

// answers are those of some records, latest first and bounded.
func (s *Store) answers(of []*record) []*eventsv1.EarlierAnswer {
	slices.SortFunc(of, func(a, b *record) int {
		if a.at != b.at {
			return cmp.Compare(b.at, a.at)
		}
		return cmp.Compare(b.sequence, a.sequence)
	})
	var out []*eventsv1.EarlierAnswer
	for _, r := range of {
		for i, given := range r.given {
			if given && len(out) < rule.MostAnswers {
				out = append(out, &eventsv1.EarlierAnswer{
					Metric: eventsv1.Metric(i + 1), Class: eventsv1.Class(r.class[i]), Satisfaction: float64(r.satisfaction[i]), //nolint:gosec // one of four
					Survey: s.surveys[r.survey], At: timestamppb.New(time.Unix(0, r.at)),
				})
			}
		}
	}
	return out
}
