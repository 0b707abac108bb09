package alerting

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/rehearsal"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/donotcall"
)

// tellEvery is how often a rehearsal tells how far it is.
const tellEvery = 250 * time.Millisecond

// listPatience is how long a rehearsal waits for the list of those who are not to be called.
const listPatience = 30 * time.Second

// errRead ends following at what was the end when it began.
var errRead = errors.New("all is read")

// Rehearse runs the draft of a plan over the answers that were scored since a moment, beside
// the rules in force, up to what there is when it begins. It reads by a consumer of its own,
// on one core at most, and touches nothing. tell is told how many answers were read, and
// about how many there are, those included that rules look back on. It returns ctx's error,
// tell's, or one of the bus.
func (s *Service) Rehearse(ctx context.Context, p rehearsal.Plan, since time.Time, tell func(read, of uint64) error) (*alertingv1.RehearsalReport, error) {
	first, last, err := s.deps.Bus.Since(ctx, subject.Scores, since)
	if err != nil {
		return nil, err
	}
	p.Current, p.Until = s.book.Current().Set, s.deps.Clock.Now()
	list, done, err := s.forbidden(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	p.Listed = list.Has
	begin := first
	if p.Reach() > 0 && !since.IsZero() {
		if begin, p.Whole, err = s.before(ctx, since.Add(-p.Reach())); err != nil {
			return nil, err
		}
	}
	p.Since = since
	r := rehearsal.New(p)
	of, read, told := last+1-min(begin, last+1), uint64(0), time.Now()
	each := func(d bus.Delivery) error {
		if d.Sequence > last {
			return errRead
		}
		scored := &eventsv1.ResponseScored{}
		switch err := d.Decode(scored); {
		case err == nil && d.Sequence < first:
			r.Look(scored)
		case err == nil:
			r.Take(scored)
		case d.Sequence >= first:
			r.Unreadable()
		}
		if read++; read%256 != 0 || time.Since(told) < tellEvery {
			return nil
		}
		told = time.Now()
		return tell(read, of)
	}
	err = s.deps.Bus.Follow(ctx, bus.FollowOptions{Stream: subject.Scores, From: begin}, each, func() error { return errRead })
	if !errors.Is(err, errRead) {
		return nil, err
	}
	return r.Report(), tell(read, read)
}

// before is from where on SCORES was written since a moment, and that moment; the zero time
// where SCORES begins later.
func (s *Service) before(ctx context.Context, since time.Time) (begin uint64, whole time.Time, err error) {
	oldest, _, err := s.deps.Bus.Since(ctx, subject.Scores, time.Time{})
	if err != nil {
		return 0, whole, err
	}
	if begin, _, err = s.deps.Bus.Since(ctx, subject.Scores, since); err == nil && begin > oldest {
		whole = since
	}
	return begin, whole, err
}

// forbidden reads the list of those who are not to be called, and follows it until done.
func (s *Service) forbidden(ctx context.Context) (list *donotcall.List, done func(), err error) {
	list = donotcall.New(s.deps.Bus, s.deps.Log)
	ctx, cancel := context.WithCancel(ctx)
	var following sync.WaitGroup
	following.Go(func() { _ = list.Follow(ctx) }) // it ends without an error, with ctx
	done = func() { cancel(); following.Wait() }
	waiting, stop := context.WithTimeout(ctx, listPatience)
	defer stop()
	if err := list.Wait(waiting); err != nil {
		done()
		return nil, nil, fmt.Errorf("%w: %w", bus.ErrUnavailable, err)
	}
	return list, done, nil
}
