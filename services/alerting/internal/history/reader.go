package history

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/alert"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/donotcall"
)

const (
	day = 24 * time.Hour
	// late is how much later than the first a revision may come and be answered out of
	// memory.
	late = 7 * day
	// skew is how much the clocks of who receives answers and of who stores them may differ.
	skew = time.Hour
	// usualPatience is how long a response waits in hand for the store to come as far as it is.
	usualPatience = 2 * time.Second
	// reading bounds one read out of the stream.
	reading = 8 * time.Second
)

// errBehind is what a response waits with.
var errBehind = fmt.Errorf("%w: the earlier answers are still being read", bus.ErrUnavailable)

// Deps are what a reader works with; all are required.
type Deps struct {
	Bus   *bus.Bus
	Log   *zap.Logger
	Clock clock.Clock
}

// Reader reads histories. Safe for concurrent use.
type Reader struct {
	deps            Deps
	list            *donotcall.List
	retry, patience time.Duration

	mu     sync.Mutex
	days   int           // of answers that the rules in force look back
	wanted chan struct{} // closed when days changes
	kept   *kept         // nil while nothing is
	moved  chan struct{} // closed when kept moves on, and somebody waits
	waits  int           // how many do

	counts Counts
}

// Counts are what was read since the process started, and what is kept.
type Counts struct {
	// Callbacks is how often a customer's callbacks were read.
	Callbacks uint64
	// Scans is how often answers were read out of the stream for one response.
	Scans uint64
	// Kept is how many scored events are in memory.
	Kept int
}

// Counts tells how much is read.
func (r *Reader) Counts() Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.counts
	if r.kept != nil {
		c.Kept = r.kept.store.Len()
	}
	return c
}

// kept is what is followed into memory.
type kept struct {
	store *Store
	from  time.Time // what was stored from then on is there,
	seen  uint64    // as far as this
	whole bool      // what was stored before following began is read
}

// New returns a reader; who needs answers runs Follow beside it.
func New(d Deps) *Reader {
	log := d.Log.Named("history")
	d.Log = log
	return &Reader{
		deps: d, list: donotcall.New(d.Bus, log), retry: time.Second, patience: usualPatience,
		wanted: make(chan struct{}), moved: make(chan struct{}),
	}
}

// Need says how many days of answers the rules in force look back; 0 for none. What more
// there is in memory is let go of. It is quick.
func (r *Reader) Need(days int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if days != r.days {
		r.days = days
		close(r.wanted)
		r.wanted = make(chan struct{})
	}
}

// Of is the past of the customer of a scored response, which was delivered as d.
func (r *Reader) Of(ctx context.Context, d bus.Delivery, e *eventsv1.ResponseScored) rule.Past {
	return &past{reader: r, ctx: ctx, delivery: d, scored: e}
}

// past is of one response.
type past struct {
	reader   *Reader
	ctx      context.Context //nolint:containedctx // of the one response in hand: conditions know of none
	delivery bus.Delivery
	scored   *eventsv1.ResponseScored
}

var _ rule.Past = (*past)(nil)

// Callbacks are read from CALLBACKS.
func (p *past) Callbacks() (rule.Callbacks, error) {
	p.reader.count(&p.reader.counts.Callbacks)
	return callbacks(p.ctx, p.reader.deps.Bus, p.scored)
}

// DoNotCall asks for all that the customer is known by.
func (p *past) DoNotCall() (bool, error) {
	received := p.scored.GetReceived()
	listed, err := p.reader.list.Check(p.ctx, append([]string{received.GetCustomerKey()}, received.GetAliasKeys()...))
	return listed.GetListed(), err
}

// Answers come from memory; for a response that is older than what is there, from SCORES.
func (p *past) Answers(days int) ([]*eventsv1.EarlierAnswer, error) {
	from := alert.AsOf(p.scored).Add(-time.Duration(days) * day)
	k, err := p.reader.await(p.ctx, p.delivery.Sequence, from)
	if err == nil {
		answers := k.store.Earlier(p.scored, p.delivery.Sequence, from)
		if p.reader.reaches(k, from) { // it still does: nothing was let go of meanwhile
			return answers, nil
		}
	} else if !errors.Is(err, errTooOld) && !p.gone() {
		return nil, err
	}
	p.reader.count(&p.reader.counts.Scans)
	store, err := p.reader.scan(p.ctx, p.delivery, p.scored, from)
	if err != nil {
		return nil, fmt.Errorf("read the customer's earlier answers: %w", err)
	}
	return store.Earlier(p.scored, p.delivery.Sequence, from), nil
}

// gone reports whether the response is not in the stream any more, so that following it
// does not come to it.
func (p *past) gone() bool {
	_, err := p.reader.deps.Bus.At(p.ctx, subject.Scores, p.delivery.Sequence)
	return errors.Is(err, bus.ErrNotFound)
}

func (r *Reader) count(what *uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*what++
}

// errTooOld says that memory does not reach back far enough.
var errTooOld = errors.New("older than what is kept")

// await returns what is kept once it has come as far as a sequence; errTooOld when it does
// not reach back to a moment and will not, and errBehind when that takes too long.
func (r *Reader) await(ctx context.Context, sequence uint64, from time.Time) (*kept, error) {
	over := time.NewTimer(r.patience)
	defer over.Stop()
	r.mu.Lock()
	defer r.mu.Unlock()
	for {
		switch k := r.kept; {
		case r.days == 0, k != nil && !k.reaches(from):
			return nil, errTooOld
		case k != nil && k.whole && k.seen >= sequence:
			return k, nil
		}
		if !r.wait(ctx, over.C) {
			return nil, errBehind
		}
	}
}

// wait lets go of the lock until what is kept moves on, or reports false.
func (r *Reader) wait(ctx context.Context, over <-chan time.Time) bool {
	moved := r.moved
	r.waits++
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		r.waits--
	}()
	select {
	case <-moved:
		return true
	case <-over:
	case <-ctx.Done():
	}
	return false
}

func (k *kept) reaches(from time.Time) bool { return !k.from.After(from.Add(-skew)) }

func (r *Reader) reaches(k *kept, from time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return k.reaches(from)
}

// scan reads out of SCORES what was scored of the response's bucket since a moment, up to
// the response itself.
func (r *Reader) scan(ctx context.Context, d bus.Delivery, e *eventsv1.ResponseScored, from time.Time) (*Store, error) {
	ctx, cancel := context.WithTimeout(ctx, reading)
	defer cancel()
	first, _, err := r.deps.Bus.Since(ctx, subject.Scores, from.Add(-skew))
	if err != nil {
		return nil, err
	}
	store, key := NewStore(), e.GetReceived().GetCustomerKey()
	err = r.deps.Bus.Between(ctx, subject.Scores, subject.BucketScores(e.GetReceived().GetBucket()), first, d.Sequence, func(one bus.Delivery) error {
		var m eventsv1.ResponseScored
		if one.Decode(&m) == nil && m.GetReceived().GetCustomerKey() == key {
			store.Add(&m, one.Sequence, one.Time, time.Time{})
		}
		return nil
	})
	return store, err
}
