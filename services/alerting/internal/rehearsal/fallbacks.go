package rehearsal

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/fallback"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

const (
	// lookEvery is how often the queues are looked at, on the minute.
	lookEvery = time.Minute
	// mostSpells is how many times of a fallback are shown.
	mostSpells = 5
)

// fallbacks are those of one side, as time goes by: they begin and end as live ones do, by the
// backlog that the side's own callbacks make.
type fallbacks struct {
	all    []*course // in the set's order
	byName map[string]*course
	queues map[string]*backlog // whose waits decide
	now    time.Time
	next   time.Time          // when the queues are looked at next; zero before the first answer
	held   map[uint64][]*held // what is held back, by the response's hash
}

// course is how one of them comes and goes. Counts are of callbacks.
type course struct {
	*rule.Fallback

	queue   *backlog // nil where it is not known who works: it never applies
	state   fallback.State
	began   uint64
	applied time.Duration // but for the spell that goes on
	first   []*alertingv1.FallbackSpell
	held    []*held // in the order they were; some are not held back any more
	holds   int     // how many of them are

	heldBack, elsewhere, afterwards uint64
}

// newFallbacks returns nil where the set has none.
func newFallbacks(set *rule.Set, s Staffing) *fallbacks {
	if len(set.Fallbacks) == 0 {
		return nil
	}
	f := &fallbacks{byName: map[string]*course{}, queues: map[string]*backlog{}, held: map[uint64][]*held{}}
	for _, one := range set.Fallbacks {
		c := &course{Fallback: one}
		if who := s.of(one.Queue); who.known() {
			if f.queues[one.Queue] == nil {
				f.queues[one.Queue] = &backlog{staffing: who}
			}
			c.queue = f.queues[one.Queue]
		}
		f.all, f.byName[one.Name] = append(f.all, c), c
	}
	return f
}

func (f *fallbacks) applies(name string) bool { return f.byName[name].state.Active }

// opened notes callbacks that were opened now in a queue.
func (f *fallbacks) opened(queue string, n uint64) {
	if f == nil || f.queues[queue] == nil {
		return
	}
	f.queues[queue].until(f.now)
	f.queues[queue].callbacks += float64(n)
}

// look looks at the queues, and returns the fallbacks that end.
func (f *fallbacks) look(now time.Time) (ended []*course) {
	f.now = now
	for _, c := range f.all {
		if c.queue == nil {
			continue
		}
		before := c.state
		next, changed := c.state.Next(c.Fallback, c.reading(now), now)
		c.state = next
		switch {
		case changed && next.Active:
			c.began++
			if len(c.first) < mostSpells {
				c.first = append(c.first, &alertingv1.FallbackSpell{From: timestamppb.New(now)})
			}
		case changed:
			c.applied += now.Sub(before.Changed)
			if c.began <= mostSpells {
				c.first[c.began-1].To = timestamppb.New(now)
			}
			ended = append(ended, c)
		}
	}
	return ended
}

func (c *course) reading(now time.Time) fallback.Reading {
	c.queue.until(now)
	return fallback.Reading{Knowledge: fallback.Known, Wait: c.queue.wait()}
}

// after is when to look after a look, if nothing comes until at: while nothing comes the waits
// only fall, so that nothing changes where none leans but by the wait of one that applies
// coming to its end. So a gap costs no more than two looks a minute of what `for` says.
func (f *fallbacks) after(look, at time.Time) time.Time {
	next, last := look.Add(lookEvery), at.Truncate(lookEvery).Add(lookEvery)
	until := last
	for _, c := range f.all {
		if c.queue == nil || !next.Before(last) {
			continue
		}
		if c.state.Leans(c.Fallback, c.reading(look)) {
			return next
		}
		if in := c.queue.shorterIn(c.EndsBelow); c.state.Active && in < until.Sub(look).Hours() {
			until = look.Add(time.Duration(in * float64(time.Hour))).Truncate(lookEvery)
		}
	}
	if until.Before(next) {
		return next
	}
	return until
}

// pass lets time pass for the fallbacks of a side.
func (r *Rehearsal) pass(side int, at time.Time) {
	f := r.sides[side].fallbacks
	if f == nil {
		return
	}
	if f.next.IsZero() {
		f.next = at.Truncate(lookEvery).Add(lookEvery)
	}
	for !f.next.After(at) {
		look := f.next
		for _, c := range f.look(look) {
			r.afterwards(side, c, look)
		}
		f.next = f.after(look, at)
	}
	f.now = at
}

// fallbacks says what those of both sides did until a moment.
func (r *Rehearsal) fallbacks(report *alertingv1.RehearsalReport, until time.Time) {
	for side := range sides {
		f, other := r.sides[side].fallbacks, r.sides[sides-1-side].fallbacks
		if f == nil {
			continue
		}
		for _, c := range f.all {
			one := &alertingv1.FallbackRehearsed{Fallback: c.Name}
			if side == draft {
				one.Draft = r.course(c, until)
				if other != nil {
					one.Current = r.course(other.byName[c.Name], until)
				}
			} else if other == nil || other.byName[c.Name] == nil {
				one.Current = r.course(c, until)
			}
			if one.GetDraft() != nil || one.GetCurrent() != nil {
				report.Fallbacks = append(report.Fallbacks, one)
			}
		}
	}
}

// course is nil for one that is not declared.
func (r *Rehearsal) course(c *course, until time.Time) *alertingv1.FallbackCourse {
	if c == nil {
		return nil
	}
	applied, share := c.applied, 0.0
	if c.state.Active {
		applied += until.Sub(c.state.Changed)
	}
	if until.After(r.from) {
		share = applied.Seconds() / until.Sub(r.from).Seconds()
	}
	return &alertingv1.FallbackCourse{
		Queue: c.Queue, Unknown: c.queue == nil, Began: c.began, Applied: durationpb.New(applied), Share: share,
		HeldBackADay: float64(c.heldBack) / r.days(), ElsewhereADay: float64(c.elsewhere) / r.days(),
		AfterwardsADay: float64(c.afterwards) / r.days(), First: c.first,
	}
}
