package silence_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/silence"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/calendar"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const hour = time.Hour

var start = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// bundle is a book that follows its stream.
type bundle struct {
	*silence.Book
	clock *clock.Manual
	mu    sync.Mutex
	holds map[string]bool // what Changed told
}

func setup(t *testing.T, on *bus.Bus) *bundle {
	t.Helper()
	b := &bundle{clock: clock.NewManual(start), holds: map[string]bool{}}
	b.Book = silence.New(silence.Deps{Bus: on, Log: zap.NewNop(), Clock: b.clock, Changed: func(id string, s *eventsv1.Silence) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.holds[id] = s != nil
	}})
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { _ = b.Table().Follow(ctx) })
	t.Cleanup(func() { cancel(); done.Wait() })
	require.NoError(t, b.Table().Wait(t.Context()))
	return b
}

func draft() silence.Draft {
	return silence.Draft{Matchers: []string{"theme=price"}, EndsAt: start.Add(2 * hour), Author: "amina", Comment: "known"}
}

func TestASilenceIsMadeChangedAndEnded(t *testing.T) {
	t.Parallel()
	b := setup(t, testkit.Bus(t))
	s, err := b.Create(t.Context(), draft(), "")
	require.NoError(t, err)
	require.Regexp(t, `^s-[0-9a-f]{24}$`, s.GetId())
	require.Equal(t, start, s.GetStartsAt().AsTime())
	require.True(t, b.holds[s.GetId()])

	b.clock.Advance(hour)
	d := draft()
	d.EndsAt = start.Add(3 * hour)
	changed, err := b.Update(t.Context(), s.GetId(), d)
	require.NoError(t, err)
	require.Equal(t, start, changed.GetStartsAt().AsTime(), "it has begun")
	require.Equal(t, start.Add(3*hour), changed.GetEndsAt().AsTime())
	require.EqualValues(t, 2, changed.GetChanges())
	same, err := b.Update(t.Context(), s.GetId(), d)
	require.NoError(t, err)
	require.EqualValues(t, 2, same.GetChanges(), "nothing changes")

	ended, err := b.Expire(t.Context(), s.GetId(), "luc")
	require.NoError(t, err)
	require.Equal(t, "luc", ended.GetExpiredBy())
	require.Equal(t, start.Add(hour), ended.GetEndsAt().AsTime())
	require.False(t, b.holds[s.GetId()])
	again, err := b.Expire(t.Context(), s.GetId(), "eve")
	require.NoError(t, err)
	require.Equal(t, "luc", again.GetExpiredBy())
	_, err = b.Update(t.Context(), s.GetId(), d)
	require.ErrorIs(t, err, silence.ErrEnded)

	_, err = b.Expire(t.Context(), "s-none", "luc")
	require.ErrorIs(t, err, silence.ErrNone)
	_, err = b.Update(t.Context(), "not a token.", d)
	require.ErrorIs(t, err, silence.ErrNone)
	_, err = b.Get("s-none")
	require.ErrorIs(t, err, silence.ErrNone)

	b.clock.Advance(30*24*hour - time.Minute)
	b.Sweep()
	_, err = b.Get(s.GetId())
	require.NoError(t, err)
	b.clock.Advance(time.Minute)
	b.Sweep()
	_, err = b.Get(s.GetId())
	require.ErrorIs(t, err, silence.ErrNone, "it is forgotten after a month")
}

func TestOneThatIsToComeNeverBegins(t *testing.T) {
	t.Parallel()
	b := setup(t, testkit.Bus(t))
	d := draft()
	d.StartsAt = start.Add(hour)
	s, err := b.Create(t.Context(), d, "")
	require.NoError(t, err)
	require.True(t, silence.Pending(s, start))
	d.StartsAt = start.Add(90 * time.Minute)
	s, err = b.Update(t.Context(), s.GetId(), d)
	require.NoError(t, err)
	require.Equal(t, d.StartsAt, s.GetStartsAt().AsTime(), "it has not begun")
	s, err = b.Expire(t.Context(), s.GetId(), "luc")
	require.NoError(t, err)
	require.Equal(t, start, s.GetStartsAt().AsTime())
	require.True(t, silence.Ended(s, start))
}

func TestARequestMakesOneSilence(t *testing.T) {
	t.Parallel()
	on := testkit.Bus(t)
	one, two := setup(t, on), setup(t, on)
	var all sync.WaitGroup
	ids := make([]string, 8)
	for i := range ids {
		all.Go(func() {
			s, err := []*bundle{one, two}[i%2].Create(t.Context(), draft(), "r-1")
			if err == nil {
				ids[i] = s.GetId()
			}
		})
	}
	all.Wait()
	for _, id := range ids {
		require.Equal(t, ids[0], id)
	}
	require.NoError(t, two.Table().Settle(t.Context()))
	list, err := two.List()
	require.NoError(t, err)
	require.Len(t, list, 1)

	one.clock.Advance(25 * hour)
	d := draft()
	d.EndsAt = start.Add(30 * hour)
	s, err := one.Create(t.Context(), d, "r-1")
	require.NoError(t, err)
	require.NotEqual(t, ids[0], s.GetId(), "a day later it is another")
}

func TestEverythingWrongWithADraftIsNamed(t *testing.T) {
	t.Parallel()
	b := setup(t, testkit.Bus(t))
	fields := func(d silence.Draft) string {
		_, err := b.Create(t.Context(), d, "")
		var invalid *silence.InvalidError
		require.ErrorAs(t, err, &invalid)
		var all []string
		for _, p := range invalid.Problems {
			all = append(all, p.Field)
		}
		return strings.Join(all, " ")
	}
	require.Equal(t, "matchers endsAt author comment", fields(silence.Draft{}))
	require.Equal(t, "matchers[1] endsAt recurrence author comment", fields(silence.Draft{
		Matchers: []string{"a=b", "a"}, EndsAt: start, Author: "a b", Comment: strings.Repeat("x", 501),
		Recurrence: &eventsv1.Recurrence{Days: []string{"someday"}},
	}))
	change := func(f func(*silence.Draft)) silence.Draft {
		d := draft()
		f(&d)
		return d
	}
	require.Equal(t, "matchers", fields(change(func(d *silence.Draft) { d.Matchers = []string{"a!=b", "c=~.*"} })))
	require.Equal(t, "matchers", fields(change(func(d *silence.Draft) { d.Matchers = make([]string, 21) })))
	require.Equal(t, "endsAt", fields(change(func(d *silence.Draft) { d.StartsAt = d.EndsAt })))
	require.Equal(t, "endsAt", fields(change(func(d *silence.Draft) { d.EndsAt = start.AddDate(3, 0, 0) })))
	require.Equal(t, "recurrence", fields(change(func(d *silence.Draft) { d.Recurrence = &eventsv1.Recurrence{Zone: "Mars"} })))
	require.Equal(t, "recurrence", fields(change(func(d *silence.Draft) {
		d.Recurrence = &eventsv1.Recurrence{Periods: []string{"09:00-12:00", "11:00-13:00"}}
	})))
}

func TestARecurringSilenceHoldsAtItsHours(t *testing.T) {
	t.Parallel()
	b := setup(t, testkit.Bus(t))
	d := draft()
	d.EndsAt = start.AddDate(0, 0, 10)
	d.Recurrence = &eventsv1.Recurrence{Days: []string{"mon-fri"}, Periods: []string{"18:00-24:00"}, Zone: "Europe/Paris"}
	s, err := b.Create(t.Context(), d, "")
	require.NoError(t, err)
	c, err := silence.Compile(s)
	require.NoError(t, err)
	for at, want := range map[time.Time]bool{
		start: false, // Friday, 10:00 in Paris
		time.Date(2026, 11, 20, 16, 59, 0, 0, time.UTC): false,
		time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC):  true,
		time.Date(2026, 11, 20, 22, 59, 0, 0, time.UTC): true,
		time.Date(2026, 11, 20, 23, 0, 0, 0, time.UTC):  false,
		time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC):  false, // Saturday
		time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC):  true,
		time.Date(2026, 12, 1, 18, 0, 0, 0, time.UTC):   false, // it has ended
	} {
		require.Equal(t, want, calendar.Open(c.Window, at), at)
	}
	hold, holds := c.Now(time.Date(2026, 11, 20, 20, 0, 0, 0, time.UTC))
	require.True(t, holds)
	require.Equal(t, time.Date(2026, 11, 20, 23, 0, 0, 0, time.UTC), hold.Until)
}

func TestThereAreOnlySoMany(t *testing.T) {
	t.Parallel()
	b := setup(t, testkit.Bus(t))
	first, err := b.Create(t.Context(), draft(), "r-1")
	require.NoError(t, err)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			for j := range 50 {
				if i+j == 0 {
					continue // there is the first
				}
				_, err := b.Create(t.Context(), draft(), "")
				require.NoError(t, err)
			}
		})
	}
	all.Wait()
	_, err = b.Create(t.Context(), draft(), "")
	require.ErrorIs(t, err, silence.ErrTooMany)
	again, err := b.Create(t.Context(), draft(), "r-1")
	require.NoError(t, err, "it is there already")
	require.Equal(t, first.GetId(), again.GetId())
}
