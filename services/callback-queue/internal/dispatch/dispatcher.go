package dispatch

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

const (
	// takeFor is how long an agent is taken for an offer that is being made; it takes
	// some milliseconds, and the agent's process a few more to hear of it.
	takeFor = 2 * time.Second
	// offersAtOnce bounds the offers under way: their commits share a sync.
	offersAtOnce = 64
	// maxHints is how many hints wait for their turn; with more, all is looked at.
	maxHints = 1024
)

// Queue is what the dispatcher needs of the use cases.
type Queue interface {
	Offer(ctx context.Context, agentID string) (*callback.Callback, error)
	Fit(ctx context.Context, agentID string) (queue.Fit, error)
	Lines(ctx context.Context) ([]queue.Line, error)
	Held(ctx context.Context, agentID string) ([]callback.Aggregate, error)
	Look(ctx context.Context, customerKey string) (callback.Aggregate, error)
	Lost(ctx context.Context, agentID string) error
	Do(ctx context.Context, id string, cmd callback.Command) (*callback.Callback, error)
}

var _ Queue = (*queue.Queue)(nil)

// Roster says what an agent takes at once.
type Roster interface {
	Agent(id string) (roster.Agent, bool)
}

// Signals carry hints from process to process. They may be lost.
type Signals interface {
	Signal(subject string, data []byte)
	OnSignal(subject string, heard func(data []byte)) (stop func(), err error)
}

// Deps is what a Dispatcher works with; all are required.
type Deps struct {
	Queue   Queue
	Floor   floor.Floor
	Roster  Roster
	Signals Signals
	Clock   clock.Clock
	Log     *zap.Logger
	Metrics *Metrics
	// LostAfter is how long nothing may be heard of an agent before they are gone.
	LostAfter time.Duration
	// MaxMissed is how many offers in a row an agent may let pass before they are
	// taken to be away.
	MaxMissed int
}

// Dispatcher offers what is ready to who is free. Run its Offer and Watch beside
// it.
type Dispatcher struct {
	Deps
	hints chan hint
	// all says that hints were dropped: everything is to be looked at.
	all  chan struct{}
	pace pace
	// sessions makes desks' names unique in this process.
	process string
	next    atomic.Int64
}

// pace is how often is looked at what nobody told of. Tests change it.
type pace struct {
	// look is how often all that is ready is compared with all who are free.
	look time.Duration
	// watch is how often is looked for agents who are gone.
	watch time.Duration
	// resync is how often a desk looks at what its agent has in hand.
	resync time.Duration
}

var usualPace = pace{look: 250 * time.Millisecond, watch: time.Second, resync: 5 * time.Second}

// hint says that a line may have something ready, or that an agent may be free who
// was not.
type hint struct {
	queue, line string
	freed       bool
}

// New returns a dispatcher.
func New(d Deps) *Dispatcher {
	d.Log = d.Log.Named("dispatch")
	return &Dispatcher{
		Deps: d, hints: make(chan hint, maxHints), all: make(chan struct{}, 1), pace: usualPace,
		process: rand.Text(),
	}
}

// Committed hears of an event that was stored: somebody may have to be offered
// something, and whoever has or had the callback in hand is told.
func (d *Dispatcher) Committed(e callback.Event, a callback.Aggregate) {
	cb := a.Callback
	if cb == nil {
		return
	}
	if cb.Holder != nil {
		d.Signals.Signal(subject.AgentSignal(cb.Holder.AgentID), []byte(a.CustomerKey))
	}
	if last := cb.LastHolder; last != nil && last.EndedAt.Equal(e.At) {
		d.Signals.Signal(subject.AgentSignal(last.AgentID), []byte(a.CustomerKey))
	}
	if cb.State == callback.Pending && !cb.ReadyAt().After(e.At) {
		d.hint(hint{queue: cb.Queue, line: cb.Needs().Line()})
	}
}

func (d *Dispatcher) hint(h hint) {
	select {
	case d.hints <- h:
	default:
		select {
		case d.all <- struct{}{}:
		default: // somebody said so already
		}
	}
}

// Offer offers what is ready to who is free, until ctx ends.
func (d *Dispatcher) Offer(ctx context.Context) error {
	o := offering{Dispatcher: d, slots: make(chan struct{}, offersAtOnce), making: make(map[hint]int)}
	defer o.underWay.Wait()
	tick := time.NewTicker(d.pace.look)
	defer tick.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case h := <-d.hints:
			err = o.follow(ctx, append([]hint{h}, d.more()...))
		case <-d.all:
			err = o.look(ctx)
		case <-tick.C:
			err = o.lookAgain(ctx)
		}
		if err != nil && ctx.Err() == nil {
			d.Metrics.failed()
			d.Log.Debug("nothing can be offered now", zap.Error(err))
		}
	}
}

// more are the hints that wait already.
func (d *Dispatcher) more() []hint {
	var hints []hint
	for {
		select {
		case h := <-d.hints:
			hints = append(hints, h)
		default:
			return hints
		}
	}
}

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
	making map[hint]int
}

// follow looks after what it was told of: each line's callback goes to the agent
// who has been free the longest and can take it. Where somebody is free who was not,
// what waits is not known: that takes a look. It may be what has just come, and then
// it is for whoever has been free for longer.
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
		left[i].Ready -= o.making[hint{queue: left[i].Queue, line: left[i].Line}]
	}
	return left
}

func (o *offering) count(because hint, n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.making[because] += n; o.making[because] == 0 {
		delete(o.making, because)
	}
}

// free are the agents who can be offered something now, the longest idle first.
func (o *offering) free(ctx context.Context) ([]floor.Seat, error) {
	seats, err := o.Floor.Seats(ctx)
	if err != nil {
		return nil, err
	}
	now := o.Clock.Now()
	free := slices.DeleteFunc(seats, func(s floor.Seat) bool { return !s.Free(now) })
	slices.SortFunc(free, func(a, b floor.Seat) int {
		return cmp.Or(a.IdleSince.Compare(b.IdleSince), cmp.Compare(a.Agent, b.Agent))
	})
	return free, nil
}

// match gives each agent at most one offer, as long as there is something in a line
// that they take.
func (o *offering) match(ctx context.Context, free []floor.Seat, lines []queue.Line) error {
	for _, s := range free {
		lines = slices.DeleteFunc(lines, func(l queue.Line) bool { return l.Ready <= 0 })
		if len(lines) == 0 {
			return nil
		}
		fit, err := o.Queue.Fit(ctx, s.Agent)
		if err != nil {
			continue // taken off the roster: their desk closes
		}
		at := slices.IndexFunc(lines, func(l queue.Line) bool {
			_, ok := fit(l.Queue, l.Line)
			return ok
		})
		if at < 0 {
			continue
		}
		lines[at].Ready--
		if err := o.offer(ctx, s.Agent, hint{queue: lines[at].Queue, line: lines[at].Line}); err != nil {
			return err
		}
	}
	o.unmet.Add(1)
	return nil
}

// offer begins to offer an agent their next best, because a line has something for
// them.
func (o *offering) offer(ctx context.Context, agent string, because hint) error {
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

func (o *offering) make(ctx context.Context, agent string, because hint) {
	unmet := o.unmet.Load()
	cb, err := o.Queue.Offer(ctx, agent)
	o.Metrics.offered(err)
	if err == nil {
		if cb.Queue != because.queue || cb.Needs().Line() != because.line {
			o.hint(because) // they had a better one: that one still waits
		}
		return
	}
	// What is done is done: whether the offer was stored is not known then, and the
	// agent's process looks. Else the agent is free again.
	if errors.Is(err, queue.ErrNoneReady) {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeFor)
		defer cancel()
		err = o.Floor.Untake(bounded, agent)
		if o.unmet.Load() != unmet { // something came while the agent was taken
			o.hint(hint{freed: true})
		}
	}
	if err != nil && ctx.Err() == nil {
		o.Log.Warn("an offer could not be made; the agent is asked again shortly", zap.String(obs.Desk, nameOf(agent)), zap.Error(err))
	}
}
