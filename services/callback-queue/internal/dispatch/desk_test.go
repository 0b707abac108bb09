package dispatch

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor/memory"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
	"github.com/rappel-loop/rappel/services/internal/clock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What goes on between the parts is tested through the service, on a real store:
// here is what only a failing part shows.

// stub is a queue of which an agent holds something, and that fails as told.
type stub struct {
	Queue // nothing else is asked

	held []callback.Aggregate
	look map[string]error // by customer; nil: nothing is stored of them any more
	do   func(id string, cmd callback.Command)
}

func (s stub) Do(_ context.Context, id string, cmd callback.Command) (*callback.Callback, error) {
	s.do(id, cmd)
	return nil, nil //nolint:nilnil // nobody looks at it
}

func (stub) Fit(context.Context, string) (queue.Fit, error) { return nil, nil } //nolint:nilnil // fits all

func (s stub) Held(context.Context, string) ([]callback.Aggregate, error) { return s.held, nil }

func (s stub) Look(_ context.Context, key string) (callback.Aggregate, error) {
	return callback.NewAggregate(key), s.look[key]
}

type silence struct{}

func (silence) Signal(string, []byte)                         {}
func (silence) OnSignal(string, func([]byte)) (func(), error) { return func() {}, nil }

// screen is a client that cannot be told some things.
type screen struct {
	Client // nothing else is told

	welcome error
	gone    []string
}

func (s *screen) Welcome(int, []*callback.Callback) error { return s.welcome }

func (s *screen) Gone(id string, _ *callback.Callback, _ bool) error {
	s.gone = append(s.gone, id)
	return nil
}

func office(t *testing.T, q Queue) *Dispatcher {
	t.Helper()
	metrics, err := NewMetrics(nil)
	require.NoError(t, err)
	return New(Deps{
		Queue: q, Floor: memory.New(), Roster: roster.List(nil), Signals: silence{}, Clock: clock.System{}, Log: zap.NewNop(),
		Metrics: metrics, LostAfter: time.Minute, MaxMissed: 3,
	})
}

// An agent whose client hung up before it was welcomed must not look free: what is
// offered to them would be nobody's for its whole lease.
func TestWhoCannotBeWelcomedIsNotOfferedAnything(t *testing.T) {
	t.Parallel()
	d := office(t, stub{})
	broken := errors.New("broken pipe")
	require.ErrorIs(t, d.Work(t.Context(), Hello{AgentID: "amina"}, nil, &screen{welcome: broken}), broken)
	s, known, err := d.Floor.Seat(t.Context(), "amina")
	require.NoError(t, err)
	require.True(t, known)
	require.Equal(t, floor.Away, s.StatusAt(time.Now()))
	require.Empty(t, d.hints, "nobody is told that they are free")
}

// A customer who cannot be read, or of whom nothing is stored any more, keeps no other
// callback on the agent's screen.
func TestALookAtEverythingStopsAtNobody(t *testing.T) {
	t.Parallel()
	d := office(t, stub{look: map[string]error{"a": queue.ErrUnreadable, "b": nil, "c": nil}})
	client := &screen{}
	k := &desk{Dispatcher: d, client: client, seat: floor.Seat{Agent: "amina", Capacity: 3, Load: 3}, known: map[string]inHand{
		"a-1": {customerKey: "a", seq: 1}, "b-1": {customerKey: "b", seq: 2}, "c-1": {customerKey: "c", seq: 3},
	}}
	err := k.resync(t.Context())
	require.ErrorIs(t, err, queue.ErrUnreadable)
	require.True(t, k.passes(err), "the desk stays open")
	require.Equal(t, []string{"b-1", "c-1"}, client.gone)
	require.Equal(t, 1, k.seat.Load)
}

// An offer that was on its way while the agent said that they are away is not shown: it
// goes to the next at once.
func TestAnOfferToWhoIsAwayIsGivenBack(t *testing.T) {
	t.Parallel()
	var given []string
	d := office(t, stub{do: func(id string, cmd callback.Command) { given = append(given, id, cmd.Name()) }})
	k := &desk{Dispatcher: d, client: &screen{}, seat: floor.Seat{Agent: "amina", Capacity: 1, Status: floor.Away}, known: map[string]inHand{}}
	a := callback.Aggregate{CustomerKey: "a", Seq: 1, Callback: &callback.Callback{
		ID: "a-1", CustomerKey: "a", State: callback.Reserved, Holder: &callback.Holder{AgentID: "amina", Token: 1},
	}}
	require.NoError(t, k.see(t.Context(), a))
	require.Equal(t, []string{"a-1", "reject"}, given)
	require.Empty(t, k.known)
	a.Callback.State = callback.Assigned // what they claim is theirs
	require.Panics(t, func() { _ = k.see(t.Context(), a) }, "and shown")
}
