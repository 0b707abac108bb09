package rule

import (
	"cmp"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Bounds of history.answers.
const (
	// MostDays is how far back rules may look.
	MostDays = 90
	// MostAnswers is how many answers they see, the latest.
	MostAnswers = 100
)

// Past is where the history of one response's customer is read. What it tells is as of when
// the response was first received, so that it is the same for every revision and whenever
// it is asked, but for DoNotCall. Each is asked once a response at most.
type Past interface {
	// Callbacks are the customer's by then.
	Callbacks() (Callbacks, error)
	// Answers are those of the customer's earlier responses in the days before, latest
	// first, MostAnswers at most.
	Answers(days int) ([]*eventsv1.EarlierAnswer, error)
	// DoNotCall is whether the customer is on the list now.
	DoNotCall() (bool, error)
}

// Callbacks are what became of a customer's callbacks.
type Callbacks struct {
	// Number is how many there were.
	Number int64
	// LastID is the last one's id; empty when there was none.
	LastID string
	// Last is the last one; nil when there was none.
	Last *eventsv1.LastCallback
	// Open says that the last one was open.
	Open bool
	// Called is when the customer was last spoken to, in whichever; zero for never.
	Called time.Time
	// CalledFor is how bad that callback was; unspecified where nothing counted in it.
	CalledFor eventsv1.Severity
}

// wants is what of a history a condition asks for.
type wants struct {
	callbacks, doNotCall bool
	days                 int // of answers; 0 for none
}

func (a wants) any() bool { return a != wants{} }

func (a wants) with(b wants) wants {
	return wants{a.callbacks || b.callbacks, a.doNotCall || b.doNotCall, max(a.days, b.days)}
}

// History is a customer's, as the conditions about one response see it: read when one asks,
// and only what it asks for. All revisions of the response that are looked at share it. Not
// safe for concurrent use.
type History struct {
	past Past
	asOf time.Time
	days int
	err  error

	read      wants
	callbacks Callbacks
	listed    bool
	answers   []*eventsv1.EarlierAnswer
	seen      map[seen]*eventsv1.History
}

// seen is which history a condition sees: all that ask for the same see the same.
type seen struct {
	wants
	otherwise bool
}

// NewHistory returns the history of the customer of a response that was first received at
// asOf. Nothing is read yet. The days of answers are read that the set of rules looks back.
func NewHistory(past Past, asOf time.Time, s *Set) *History {
	return &History{past: past, asOf: asOf, days: s.asks.days, seen: map[seen]*eventsv1.History{}}
}

// Err is the first error of reading it: then nothing that was decided counts, whatever the
// conditions made of it.
func (h *History) Err() error {
	if h == nil {
		return nil
	}
	return h.err
}

// Callbacks are what became of the customer's callbacks; none once there is an Err.
func (h *History) Callbacks() Callbacks {
	h.load(wants{callbacks: true})
	return h.callbacks
}

// load reads what was not read yet.
func (h *History) load(a wants) {
	var err error
	if h.err == nil && a.callbacks && !h.read.callbacks {
		h.callbacks, err = h.past.Callbacks()
		h.read.callbacks, h.err = true, cmp.Or(h.err, err)
	}
	if h.err == nil && a.doNotCall && !h.read.doNotCall {
		h.listed, err = h.past.DoNotCall()
		h.read.doNotCall, h.err = true, cmp.Or(h.err, err)
	}
	if h.err == nil && a.days > 0 && h.read.days == 0 {
		h.answers, err = h.past.Answers(h.days)
		h.read.days, h.err = h.days, cmp.Or(h.err, err)
	}
}

// message is what a condition sees that asks for a; otherwise is as if the list of those
// who are not to be called said the opposite.
func (h *History) message(a wants, otherwise bool) (*eventsv1.History, error) {
	if h == nil {
		return noHistory, nil
	}
	if m := h.seen[seen{a, otherwise}]; m != nil {
		return m, nil
	}
	if h.load(a); h.err != nil {
		return nil, h.err
	}
	m := &eventsv1.History{AsOf: timestamppb.New(h.asOf)}
	if a.callbacks {
		c := &h.callbacks
		m.Callbacks, m.OpenCallback, m.LastCallback = c.Number, c.Open, c.Last
		if !c.Called.IsZero() {
			m.CalledAt = timestamppb.New(c.Called)
		}
	}
	if a.doNotCall {
		m.DoNotCall = h.listed != otherwise
	}
	if a.days > 0 {
		m.Answers = h.answers
	}
	h.seen[seen{a, otherwise}] = m
	return m, nil
}

var noHistory = &eventsv1.History{}
