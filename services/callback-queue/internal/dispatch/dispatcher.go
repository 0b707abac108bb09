package dispatch

import (
	"context"
	"crypto/rand"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
	"github.com/rappel-loop/rappel/services/internal/clock"
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
	// Fitting is Fit for many agents at one moment.
	Fitting(ctx context.Context) func(agentID string) (queue.Fit, error)
	Lines(ctx context.Context) ([]queue.Line, error)
	Held(ctx context.Context, agentID string) ([]callback.Aggregate, error)
	Look(ctx context.Context, customerKey string) (callback.Aggregate, error)
	Load(ctx context.Context, agentID string) (int, error)
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
	// process and next make the name of each desk unique.
	process string
	next    atomic.Int64
	// work is what was done since the floor was last told.
	work work
}

// pace is how often is looked at what nobody told of.
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
	// again says that what is there was not for whom it was meant.
	again bool
}

// New returns a dispatcher.
func New(d Deps) *Dispatcher {
	d.Log = d.Log.Named("dispatch")
	return &Dispatcher{
		Deps: d, hints: make(chan hint, maxHints), all: make(chan struct{}, 1), pace: usualPace,
		process: rand.Text(),
	}
}

// Stored hears of an event that was stored and may not be on disk yet: somebody may
// have to be offered something. An offer is stored after it, and is shown once it is
// on disk; then so is the event.
func (d *Dispatcher) Stored(e callback.Event, a callback.Aggregate) {
	if cb := a.Callback; cb != nil && cb.State == callback.Pending && !cb.ReadyAt().After(e.At) {
		d.hint(hint{queue: cb.Queue, line: cb.Needs().Line()})
	}
}

// Committed hears of an event that is on disk: whoever has or had the callback in hand
// is told.
func (d *Dispatcher) Committed(e callback.Event, a callback.Aggregate) {
	cb := a.Callback
	if cb == nil {
		return
	}
	d.work.note(e)
	if cb.Holder != nil {
		d.Signals.Signal(subject.AgentSignal(cb.Holder.AgentID), []byte(a.CustomerKey))
	}
	if last := cb.LastHolder; last != nil && last.EndedAt.Equal(e.At) {
		d.Signals.Signal(subject.AgentSignal(last.AgentID), []byte(a.CustomerKey))
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
	o := offering{Dispatcher: d, slots: make(chan struct{}, offersAtOnce), making: make(map[place]int), declined: make(map[place]map[string]time.Time)}
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
