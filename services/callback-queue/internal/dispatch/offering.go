package dispatch

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

// offering is one run of Offer.
type offering struct {
	*Dispatcher
	slots    chan struct{}
	underWay sync.WaitGroup
	// unmet counts the hints for which nobody was free.
	unmet atomic.Int64
	// late are the lines that had something ready at the last regular look.
	late []queue.Line

	mu sync.Mutex
	// making counts the offers that are being made, by the line they are for.
	making map[place]int
	// declined are those who, lately, found nothing in a line but what they had
	// declined: others come before them there, however long they have been free.
	declined map[place]map[string]time.Time
}

// place is a line of a queue.
type place struct{ queue, line string }

// follow looks after what it was told of: each line's callback goes to the first of the
// free agents who can take it. Where somebody is free who was not,
// what waits is not known: that takes a look. It may be what has just come, and then
// it is for whoever comes before them.
func (o *offering) follow(ctx context.Context, hints []hint) error {
	if slices.ContainsFunc(hints, func(h hint) bool { return h.freed }) {
		return o.look(ctx)
	}
	free, err := o.free(ctx)
	if err != nil || len(free) == 0 {
		o.unmet.Add(1)
		return err
	}
	lines := make([]queue.Line, len(hints))
	for i, h := range hints {
		if !h.again { // something new has come
			o.forget(place{h.queue, h.line})
		}
		lines[i] = queue.Line{Queue: h.queue, Line: h.line, Ready: 1}
	}
	return o.match(ctx, free, lines)
}

// look compares all that is ready with all who are free.
func (o *offering) look(ctx context.Context) error {
	free, err := o.free(ctx)
	if err != nil || len(free) == 0 {
		o.unmet.Add(1)
		return err
	}
	lines, err := o.Queue.Lines(ctx)
	if err != nil {
		return err
	}
	return o.match(ctx, free, o.without(lines))
}

// lookAgain is the regular look. It leaves what was not there the last time to
// whichever process has just stored it: two that offer the same at once would take
// one agent too many, and keep them from what comes next.
func (o *offering) lookAgain(ctx context.Context) error {
	free, err := o.free(ctx)
	if err != nil || len(free) == 0 {
		o.late = nil
		return err
	}
	lines, err := o.Queue.Lines(ctx)
	if err != nil {
		return err
	}
	still := o.without(lines)
	for i := range still {
		before := 0
		for _, l := range o.late {
			if l.Queue == still[i].Queue && l.Line == still[i].Line {
				before = l.Ready
			}
		}
		still[i].Ready = min(still[i].Ready, before)
	}
	o.late = lines
	return o.match(ctx, free, still)
}

// without are lines without what is being offered from them already.
func (o *offering) without(lines []queue.Line) []queue.Line {
	o.mu.Lock()
	defer o.mu.Unlock()
	left := slices.Clone(lines)
	for i := range left {
		left[i].Ready -= o.making[place{left[i].Queue, left[i].Line}]
	}
	return left
}

func (o *offering) count(at place, n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.making[at] += n; o.making[at] == 0 {
		delete(o.making, at)
	}
}

// passedFor is how long an agent is not asked again for a line where there was
// nothing but what they had declined.
const passedFor = 2 * time.Second

func (o *offering) pass(at place, agent string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.declined[at] == nil {
		o.declined[at] = make(map[string]time.Time)
	}
	o.declined[at][agent] = time.Now().Add(passedFor) // not the clock of what is offered: only a pause
}

func (o *offering) passed(at place, agent string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	until, noted := o.declined[at][agent]
	if noted && !time.Now().Before(until) {
		delete(o.declined[at], agent)
		noted = false
	}
	return noted
}

func (o *offering) forget(at place) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.declined, at)
}

// free are the agents who can be offered something now: first who has the fewest in hand,
// of those who has neither got nor finished anything for the longest.
func (o *offering) free(ctx context.Context) ([]floor.Seat, error) {
	seats, err := o.Floor.Seats(ctx)
	if err != nil {
		return nil, err
	}
	now := o.Clock.Now()
	free := slices.DeleteFunc(seats, func(s floor.Seat) bool { return !s.Free(now) })
	slices.SortFunc(free, func(a, b floor.Seat) int {
		return cmp.Or(cmp.Compare(a.Load, b.Load), a.IdleSince.Compare(b.IdleSince), cmp.Compare(a.Agent, b.Agent))
	})
	return free, nil
}

// match gives each agent at most one offer, as long as there is something in a line
// that they take.
func (o *offering) match(ctx context.Context, free []floor.Seat, lines []queue.Line) error {
	fitting := o.Queue.Fitting(ctx)
	for _, s := range free {
		lines = slices.DeleteFunc(lines, func(l queue.Line) bool { return l.Ready <= 0 })
		if len(lines) == 0 {
			return nil
		}
		fit, err := fitting(s.Agent)
		if err != nil {
			continue // taken off the roster: their desk closes
		}
		at := slices.IndexFunc(lines, func(l queue.Line) bool {
			_, ok := fit(l.Queue, l.Line)
			return ok && !o.passed(place{l.Queue, l.Line}, s.Agent)
		})
		if at < 0 {
			continue
		}
		lines[at].Ready--
		if err := o.offer(ctx, s.Agent, place{lines[at].Queue, lines[at].Line}); err != nil {
			return err
		}
	}
	o.unmet.Add(1)
	return nil
}

// offer begins to offer an agent their next best, because a line has something for
// them.
func (o *offering) offer(ctx context.Context, agent string, because place) error {
	now := o.Clock.Now()
	taken, err := o.Floor.Take(ctx, agent, now, now.Add(takeFor))
	if err != nil || !taken {
		return err
	}
	select {
	case o.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	o.count(because, 1)
	o.underWay.Go(func() {
		defer func() { <-o.slots }()
		defer o.count(because, -1)
		o.make(ctx, agent, because)
	})
	return nil
}

func (o *offering) make(ctx context.Context, agent string, because place) {
	unmet := o.unmet.Load()
	cb, err := o.Queue.Offer(ctx, agent)
	o.Metrics.offered(err)
	if err == nil {
		if cb.Queue != because.queue || cb.Needs().Line() != because.line {
			o.hint(hint{queue: because.queue, line: because.line, again: true}) // they had a better one: that one still waits
		}
		return
	}
	if errors.Is(err, queue.ErrAtCapacity) {
		return // their desk has not heard yet of what they claimed; nor are they asked for a moment
	}
	// What is done is done: whether the offer was stored is not known then, and the
	// agent's process looks. Else the agent is free again.
	declined, away := errors.Is(err, callback.ErrDeclined), errors.Is(err, queue.ErrAway)
	if declined || away || errors.Is(err, queue.ErrNoneReady) {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeFor)
		defer cancel()
		err = o.Floor.Untake(bounded, agent)
		switch {
		case declined: // it is for the next who can take it
			o.pass(because, agent)
			o.hint(hint{queue: because.queue, line: because.line, again: true})
		case away:
			o.hint(hint{queue: because.queue, line: because.line, again: true})
		case o.unmet.Load() != unmet: // something came while the agent was taken
			o.hint(hint{freed: true})
		}
	}
	if err != nil && ctx.Err() == nil {
		o.Log.Warn("an offer could not be made; the agent is asked again shortly", zap.String(obs.Desk, obs.DeskOf(agent)), zap.Error(err))
	}
}
