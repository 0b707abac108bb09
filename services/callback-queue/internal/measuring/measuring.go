// Package measuring tells QUEUE_STATS how the queues stand, a slot of time at a time.
//
// Safety. Of each queue one measurement is stored for each slot, by whichever replica is
// first: it is a compare-and-set on the one before. A queue is measured while something is
// in it, and once more when nothing is any longer.
//
// Liveness. It holds up nothing else: what cannot be stored within the slot is left out, and
// the next slot is another. Whoever reads the measurements must mind that they can be old.
package measuring

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/documents"
)

// MostQueues is how many queues are measured in a slot; of those beyond, by name, nothing
// is told.
const MostQueues = 1000

// Queues counts them, as queue.Queue does.
type Queues interface {
	States(ctx context.Context, also ...string) ([]queue.State, error)
}

var _ Queues = (*queue.Queue)(nil)

// Deps is what a Measurer works with. All are required.
type Deps struct {
	Bus    *bus.Bus
	Log    *zap.Logger
	Clock  clock.Clock
	Queues Queues
	// Every is how long a slot is.
	Every time.Duration
}

// Measurer measures the queues.
type Measurer struct {
	deps  Deps
	known *documents.Table[*eventsv1.QueueMeasured]
	away  bool // the stream did not take the last measurement
}

// New returns a measurer that does nothing yet.
func New(d Deps) *Measurer {
	d.Log = d.Log.Named("queue stats")
	return &Measurer{deps: d, known: documents.New(documents.Options[*eventsv1.QueueMeasured]{
		Bus: d.Bus, Log: d.Log, Stream: subject.QueueStats, Subject: subject.QueueStat,
		New: func() *eventsv1.QueueMeasured { return &eventsv1.QueueMeasured{} },
		Key: (*eventsv1.QueueMeasured).GetQueue,
	})}
}

// Follow knows what was measured, by whatever replica, until ctx ends.
func (m *Measurer) Follow(ctx context.Context) error { return m.known.Follow(ctx) }

// Run measures once a slot until ctx ends.
func (m *Measurer) Run(ctx context.Context) error {
	clock.Every(ctx, m.deps.Every, func() { m.Step(ctx) })
	return nil
}

// Step measures the queues that nobody has measured in this slot.
func (m *Measurer) Step(ctx context.Context) {
	if m.known.Ready() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, m.deps.Every)
	defer cancel()
	now := m.deps.Clock.Now()
	states, err := m.deps.Queues.States(ctx, m.filled()...)
	if err != nil { // as while the index is being built
		m.deps.Log.Debug("the queues are not measured now", zap.Error(err))
		return
	}
	var errs []error
	for i := range states[:min(len(states), MostQueues)] {
		err := m.store(ctx, &states[i], now)
		if err != nil {
			errs = append(errs, err)
		}
		if errors.Is(err, bus.ErrUnavailable) || ctx.Err() != nil {
			break // nor would the next one be stored
		}
	}
	if len(errs) > 0 {
		m.missed(errors.Join(errs[:min(len(errs), mostErrors)]...))
		return
	}
	m.back()
}

// mostErrors is how many errors of one look are logged.
const mostErrors = 3

// filled are the queues in which something was when they were measured last.
func (m *Measurer) filled() []string {
	var queues []string
	for name, e := range m.known.All() {
		if e.GetReady() > 0 || e.GetHeld() > 0 {
			queues = append(queues, name)
		}
	}
	return queues
}

// store stores a measurement unless there is one of this slot.
func (m *Measurer) store(ctx context.Context, s *queue.State, now time.Time) error {
	if subject.CheckToken(s.Queue) != nil {
		return nil //nolint:nilerr // it can have no subject, so nobody waits for it
	}
	if before, ok := m.known.Get(s.Queue); ok && m.taken(before, now) {
		return nil
	}
	_, err := m.known.Update(ctx, s.Queue, func(before *eventsv1.QueueMeasured, exists bool) (*eventsv1.QueueMeasured, error) {
		if exists && m.taken(before, now) {
			return nil, documents.ErrUnchanged
		}
		return m.event(s, now), nil
	})
	return err
}

// taken reports whether a measurement is of now's slot or a later one. One that is far in
// the future is of a clock that is wrong, and counts for nothing.
func (m *Measurer) taken(e *eventsv1.QueueMeasured, now time.Time) bool {
	at := e.GetAt().AsTime()
	return !m.slot(at).Before(m.slot(now)) && at.Sub(now) <= 2*m.deps.Every
}

func (m *Measurer) slot(t time.Time) time.Time { return t.Truncate(m.deps.Every) }

func (m *Measurer) event(s *queue.State, now time.Time) *eventsv1.QueueMeasured {
	e := &eventsv1.QueueMeasured{
		EventId: fmt.Sprintf("%s-%d", s.Queue, m.slot(now).UnixMilli()), At: timestamppb.New(now), Queue: s.Queue,
		Ready: uint64(max(0, s.Ready)), Held: uint64(max(0, s.Held)), Agents: uint32(s.Agents), Free: uint32(s.Free),
	}
	if s.WaitKnown {
		seconds := s.Wait.Seconds()
		e.PredictedWaitSeconds = &seconds
	}
	if !s.OldestReady.IsZero() {
		e.OldestSeconds = max(0, now.Sub(s.OldestReady).Seconds())
	}
	return e
}

// missed says once that the stream takes nothing; back, that it does again.
func (m *Measurer) missed(err error) {
	if !m.away {
		m.deps.Log.Warn("how the queues stand is not told for now", zap.Error(err))
	}
	m.away = true
}

func (m *Measurer) back() {
	if m.away {
		m.deps.Log.Info("how the queues stand is told again")
	}
	m.away = false
}
