package directory_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/directory"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

func TestAnAgentIsAddedChangedAndRemoved(t *testing.T) {
	t.Parallel()
	b := setup(t).follow().ready()
	require.False(t, b.Known())
	e := b.create(amina())
	require.EqualValues(t, 1, e.Revision)
	got, ok := b.Agent("amina")
	require.True(t, ok, "who changed it sees it at once")
	require.Equal(t, amina(), got)
	require.True(t, b.Known())

	changed := amina()
	changed.Capacity, changed.Languages = 3, nil
	e, err := b.Update(t.Context(), changed, e.Revision, "sam")
	require.NoError(t, err)
	require.EqualValues(t, 2, e.Revision)
	got, _ = b.Agent("amina")
	require.Equal(t, changed, got, "what is absent is absent from then on")

	e, err = b.Remove(t.Context(), "amina", 2, "sam")
	require.NoError(t, err)
	require.EqualValues(t, 3, e.Revision)
	require.Equal(t, changed, e.Agent, "as it was")
	_, ok = b.Agent("amina")
	require.False(t, ok)
	require.False(t, b.Known())

	e = b.create(amina())
	require.EqualValues(t, 4, e.Revision, "the numbers go on")
	b.until("followed", func() bool { return b.Ahead() == 0 })
	require.Equal(t, []string{"amina"}, b.ids())

	kinds := []eventsv1.AgentEvent_Type{}
	for i, event := range b.events() {
		require.EqualValues(t, i+1, event.GetEventNo())
		require.Equal(t, "sam", event.GetBy())
		require.True(t, now.Equal(event.GetOccurredAt().AsTime()))
		require.NotEmpty(t, event.GetEventId())
		require.Equal(t, "amina", event.GetAgent().GetId())
		kinds = append(kinds, event.GetType())
	}
	require.Equal(t, []eventsv1.AgentEvent_Type{
		eventsv1.AgentEvent_CREATED, eventsv1.AgentEvent_UPDATED, eventsv1.AgentEvent_REMOVED, eventsv1.AgentEvent_CREATED,
	}, kinds)
}

// Every command may be given again after a lost answer, also through another
// process, and changes nothing more.
func TestARepeatIsAnsweredAsBefore(t *testing.T) {
	t.Parallel()
	b := setup(t).follow().ready()
	other := on(t, b.bus) // follows nothing: it knows only what it asks for
	changed := amina()
	changed.Capacity = 3
	for _, step := range []struct {
		does     func(d *directory.Directory) (*directory.Entry, error)
		revision uint64
		here     bool
	}{
		{func(d *directory.Directory) (*directory.Entry, error) { return d.Create(t.Context(), amina(), "sam") }, 1, true},
		{func(d *directory.Directory) (*directory.Entry, error) {
			return d.Update(t.Context(), changed, 1, "sam")
		}, 2, true},
		{func(d *directory.Directory) (*directory.Entry, error) {
			return d.Update(t.Context(), changed, 0, "alex")
		}, 2, true},
		{func(d *directory.Directory) (*directory.Entry, error) {
			return d.Update(t.Context(), changed, 2, "alex")
		}, 2, true},
		{func(d *directory.Directory) (*directory.Entry, error) { return d.Create(t.Context(), changed, "alex") }, 2, true},
		{func(d *directory.Directory) (*directory.Entry, error) {
			return d.Remove(t.Context(), "amina", 2, "sam")
		}, 3, false},
		{func(d *directory.Directory) (*directory.Entry, error) {
			return d.Remove(t.Context(), "amina", 0, "sam")
		}, 3, false},
	} {
		for _, d := range []*directory.Directory{b.Directory, b.Directory, other.Directory} {
			e, err := step.does(d)
			require.NoError(t, err)
			require.Equal(t, step.revision, e.Revision)
			_, here := d.Agent("amina")
			require.Equal(t, step.here, here)
		}
	}
	require.Len(t, b.events(), 3)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t, &directory.Entry{Agent: agent("declared"), Declared: "agents.yaml:2"}).follow().ready()
	ctx := t.Context()
	b.create(amina())
	twin, none := amina(), agent("nobody")
	twin.Team = "nantes"
	_, err := b.Create(ctx, twin, "sam")
	require.ErrorIs(t, err, directory.ErrExists)
	_, err = b.Update(ctx, none, 0, "sam")
	require.ErrorIs(t, err, directory.ErrNoAgent)
	_, err = b.Remove(ctx, "nobody", 0, "sam")
	require.ErrorIs(t, err, directory.ErrNoAgent)
	_, err = b.Remove(ctx, "no body!", 0, "sam")
	require.ErrorIs(t, err, directory.ErrNoAgent)

	_, err = b.Update(ctx, twin, 1, "sam")
	require.NoError(t, err)
	_, err = b.Update(ctx, twin, 1, "alex")
	require.ErrorIs(t, err, directory.ErrStale, "somebody else has done the same")
	_, err = b.Update(ctx, amina(), 1, "sam")
	require.ErrorIs(t, err, directory.ErrStale)
	_, err = b.Update(ctx, amina(), 3, "sam")
	require.ErrorIs(t, err, directory.ErrStale, "a revision that is still to come")
	_, err = b.Remove(ctx, "amina", 1, "sam")
	require.ErrorIs(t, err, directory.ErrStale)
	_, err = b.Remove(ctx, "amina", 2, "sam")
	require.NoError(t, err)
	_, err = b.Remove(ctx, "amina", 2, "alex")
	require.ErrorIs(t, err, directory.ErrNoAgent, "somebody else was first")
	_, err = b.Update(ctx, twin, 0, "sam")
	require.ErrorIs(t, err, directory.ErrNoAgent)

	var declared *directory.DeclaredError
	for _, do := range []func() error{
		func() error { _, err := b.Create(ctx, agent("declared"), "sam"); return err },
		func() error { _, err := b.Update(ctx, agent("declared"), 0, "sam"); return err },
		func() error { _, err := b.Remove(ctx, "declared", 0, "sam"); return err },
	} {
		require.ErrorAs(t, do(), &declared)
		require.Equal(t, &directory.DeclaredError{ID: "declared", Where: "agents.yaml:2"}, declared)
		require.ErrorContains(t, declared, "agents.yaml:2")
	}
	var invalid *roster.ValidationError
	_, err = b.Create(ctx, roster.Agent{ID: "a b"}, "sam")
	require.ErrorAs(t, err, &invalid)
	_, err = b.Update(ctx, roster.Agent{ID: "amina", Capacity: 99}, 0, "sam")
	require.ErrorAs(t, err, &invalid)
	require.Len(t, b.events(), 3)
}

// Many add an agent of one id at once, through two processes, each differently:
// one is the first, the others are told.
func TestOneOfManyWhoAddTheSameWins(t *testing.T) {
	t.Parallel()
	const many = 40
	b := setup(t).follow().ready()
	doors := []*bundle{b, on(t, b.bus).follow().ready()}
	var wg sync.WaitGroup
	won := make([]*directory.Entry, many)
	for i := range many {
		wg.Go(func() {
			a := amina()
			a.Team = fmt.Sprintf("team-%d", i)
			e, err := doors[i%2].Create(t.Context(), a, "sam")
			if won[i] = e; err != nil && !errors.Is(err, directory.ErrExists) {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	wg.Wait()
	var winner *directory.Entry
	for _, e := range won {
		if e != nil {
			require.Nil(t, winner, "two have won")
			winner = e
		}
	}
	require.NotNil(t, winner)
	require.Len(t, b.events(), 1)
	for _, d := range doors {
		d.until("the same everywhere", func() bool { a, _ := d.Agent("amina"); return a.Team == winner.Agent.Team })
	}
}

// Many change one agent at once without saying from what: nobody is told that
// theirs was done when it was not, and all processes end with the last.
func TestChangesAtOnceTakeTurns(t *testing.T) {
	t.Parallel()
	const many = 24
	b := setup(t).follow().ready()
	doors := []*bundle{b, on(t, b.bus).follow().ready()}
	b.create(amina())
	var wg sync.WaitGroup
	revisions := make([]uint64, many)
	for i := range many {
		wg.Go(func() {
			a := amina()
			a.Team = fmt.Sprintf("team-%d", i)
			for {
				e, err := doors[i%2].Update(t.Context(), a, 0, "sam")
				if errors.Is(err, directory.ErrContended) {
					continue
				}
				if err != nil {
					t.Errorf("%d: %v", i, err)
					return
				}
				revisions[i] = e.Revision
				return
			}
		})
	}
	wg.Wait()
	all := b.events()
	require.Len(t, all, many+1)
	for i, r := range revisions {
		require.Equal(t, fmt.Sprintf("team-%d", i), all[r-1].GetAgent().GetTeam())
	}
	for _, d := range doors {
		d.until("the last everywhere", func() bool {
			e, ok := d.Entry("amina")
			return ok && e.Revision == many+1 && d.Ahead() == 0
		})
	}
}

func TestTheRosterIsBounded(t *testing.T) {
	t.Parallel()
	declared := make([]*directory.Entry, directory.MaxAgents-1)
	for i := range declared {
		declared[i] = &directory.Entry{Agent: agent(fmt.Sprintf("d-%d", i)), Declared: "f.yaml:1"}
	}
	b := setup(t, declared...).follow().ready()
	b.create(agent("last"))
	_, err := b.Create(t.Context(), agent("one-more"), "sam")
	require.ErrorIs(t, err, directory.ErrTooMany)
	b.create(agent("last")) // a repeat
	_, err = b.Remove(t.Context(), "last", 0, "sam")
	require.NoError(t, err)
	b.create(agent("one-more"))
}

func TestNothingIsChangedWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	b := setup(t).follow().ready()
	b.create(amina())
	require.NoError(t, b.bus.JetStream().DeleteStream(t.Context(), subject.Agents))
	_, err := b.Create(t.Context(), agent("other"), "sam")
	require.ErrorIs(t, err, bus.ErrUnavailable)
	require.True(t, b.Known(), "what is known is shown")
	require.NoError(t, topology.Ensure(t.Context(), b.bus.JetStream(), topology.Options{}))
	b.create(agent("other"))
	b.untilThere("other")
}

// An agent whose last event can't be read is not changed blindly.
func TestAnUnreadableAgentIsNotChanged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	foreign := created(agent("other"))
	b.put("amina", 0, foreign)
	_, err := b.Create(t.Context(), amina(), "sam")
	require.ErrorContains(t, err, "another agent's")
	_, err = b.bus.PublishAt(t.Context(), bus.Event{
		Subject: subject.Agent(subject.AgentKeyOf("bob")), ID: "x", Body: &eventsv1.AgentEvent{}, Encoded: []byte("\xff no protobuf"),
	}, 0)
	require.NoError(t, err)
	_, err = b.Create(t.Context(), agent("bob"), "sam")
	require.ErrorContains(t, err, "decode rappel.events.v1.AgentEvent")
	require.NotContains(t, err.Error(), "no protobuf")
	b.follow().ready()
	require.Empty(t, b.ids())
	require.EqualValues(t, 2, b.gauge("callback_agent_unreadable_events_total", ""))
	require.Equal(t, 2, b.logs.FilterMessageSnippet("cannot be read").Len())
}
