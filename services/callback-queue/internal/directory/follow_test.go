package directory_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/directory"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/embednats"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

func TestEveryProcessKnowsWhatAnyOneAdds(t *testing.T) {
	t.Parallel()
	first := setup(t).follow().ready()
	second := on(t, first.bus).follow().ready()
	first.create(agent("b"))
	second.create(agent("a"))
	first.create(amina())
	for _, b := range []*bundle{first, second} {
		b.untilThere("a", "amina", "b")
		got, _ := b.Agent("amina")
		require.Equal(t, amina(), got)
		require.Equal(t, []roster.Agent{agent("a"), amina(), agent("b")}, b.All())
	}
	_, err := second.Remove(t.Context(), "b", 0, "sam")
	require.NoError(t, err)
	first.untilThere("a", "amina")
	require.Zero(t, first.gauge("callback_agents", "declared"))
	require.EqualValues(t, 2, first.gauge("callback_agents", "stored"))
}

func TestARestartKeepsTheRoster(t *testing.T) {
	t.Parallel()
	b := setup(t).follow().ready()
	for n := range 20 {
		b.create(agent(fmt.Sprintf("agent-%02d", n)))
	}
	_, err := b.Remove(t.Context(), "agent-07", 0, "sam")
	require.NoError(t, err)
	b.create(amina())
	want := b.ids()
	b.stop()

	again := on(t, b.bus)
	require.ErrorIs(t, again.Ready(), directory.ErrLoading)
	require.Empty(t, again.ids())
	again.follow().ready()
	require.Equal(t, want, again.ids(), "whole as soon as it is ready")
	e, ok := again.Entry("amina")
	require.True(t, ok)
	require.EqualValues(t, 1, e.Revision)
	_, err = again.Update(t.Context(), agent("amina"), e.Revision, "sam")
	require.NoError(t, err, "a revision outlives its process")
}

// A process that dies between the commit and its memory leaves an event, which
// whoever follows brings; so does one whose answer is lost.
func TestWhatWasCommittedIsBroughtByFollowing(t *testing.T) {
	t.Parallel()
	b := setup(t).follow().ready()
	b.put("amina", 0, created(amina())) // as the one who died
	b.untilThere("amina")
	e := b.create(amina())
	require.EqualValues(t, 1, e.Revision, "the repeat finds it done")
	require.Len(t, b.events(), 1)
}

func TestChangesAreTold(t *testing.T) {
	t.Parallel()
	b := setup(t).follow().ready()
	told := func(change func()) {
		t.Helper()
		changed := b.Changed()
		select {
		case <-changed:
			require.Fail(t, "told of nothing")
		default:
		}
		change()
		select {
		case <-changed:
		case <-time.After(eventually):
			require.Fail(t, "not told")
		}
	}
	before := b.Entries()
	told(func() { b.create(agent("a")) })
	told(func() { b.put("b", 0, created(agent("b"))) })
	told(func() {
		_, err := b.Remove(t.Context(), "a", 0, "sam")
		require.NoError(t, err)
	})
	require.Empty(t, before, "a snapshot does not change")
	b.until("followed", func() bool { return b.Ahead() == 0 })
	quiet := b.Changed()
	_, err := b.Remove(t.Context(), "a", 0, "sam") // a repeat
	require.NoError(t, err)
	require.Equal(t, quiet, b.Changed(), "nothing has changed")
}

func TestTheFileWins(t *testing.T) {
	t.Parallel()
	b := setup(t).follow().ready()
	b.create(amina())
	b.create(agent("stored"))
	declared, err := directory.Load("agents.yaml", []byte("agents:\n  - {id: amina, team: nantes}\n  - {id: declared}\n"))
	require.NoError(t, err)
	filed := on(t, b.bus, declared...)
	require.True(t, filed.Known(), "who is declared is known before anything is read")
	filed.follow().ready()
	require.Equal(t, []string{"amina", "declared", "stored"}, filed.ids())
	e, _ := filed.Entry("amina")
	require.Equal(t, directory.Entry{Agent: roster.Agent{ID: "amina", Capacity: 1, Team: "nantes"}, Declared: "agents.yaml:2"}, *e)
	changed := amina()
	changed.Capacity = 5
	_, err = b.Update(t.Context(), changed, 0, "sam") // through a process without the file
	require.NoError(t, err)
	_, err = b.Remove(t.Context(), "amina", 0, "sam")
	require.NoError(t, err)
	b.create(agent("z"))
	filed.untilThere("amina", "declared", "stored", "z")
	now, _ := filed.Entry("amina")
	require.Equal(t, e, now)
	warnings := filed.logs.FilterMessageSnippet("is declared in the configuration").All()
	require.Len(t, warnings, 1, "said once")
	require.Equal(t, "agents.yaml:2", warnings[0].ContextMap()["declared"])
	require.NotContains(t, fmt.Sprint(warnings[0].ContextMap()), "amina", "an id may be an address")
	require.EqualValues(t, 2, filed.gauge("callback_agents", "declared"))
	require.EqualValues(t, 2, filed.gauge("callback_agents", "stored"))
}

// What an operator does to the stream under a running process is noticed, and the
// roster is what the stream holds from then on.
func TestAStreamThatChangesUnderneathIsReadAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func(b *bundle)
		left []string
	}{
		"emptied": {func(b *bundle) {
			s, err := b.bus.JetStream().Stream(b.Context(), subject.Agents)
			require.NoError(b, err)
			require.NoError(b, s.Purge(b.Context()))
		}, []string{}},
		"one agent purged, another added": {func(b *bundle) {
			s, err := b.bus.JetStream().Stream(b.Context(), subject.Agents)
			require.NoError(b, err)
			require.NoError(b, s.SecureDeleteMsg(b.Context(), 2))
			b.put("d", 0, created(agent("d")))
		}, []string{"a", "c", "d"}},
		"made anew": {func(b *bundle) {
			require.NoError(b, b.bus.JetStream().DeleteStream(b.Context(), subject.Agents))
			require.NoError(b, topology.Ensure(b.Context(), b.bus.JetStream(), topology.Options{}))
			b.put("e", 0, created(agent("e")))
		}, []string{"e"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, &directory.Entry{Agent: agent("z-declared"), Declared: "f.yaml:1"}).follow().ready()
			for _, id := range []string{"a", "b", "c"} {
				b.create(agent(id))
			}
			b.until("followed", func() bool { return b.Ahead() == 0 })
			c.do(b)
			b.untilThere(append(c.left, "z-declared")...)
			require.NotZero(t, b.logs.FilterMessageSnippet("read again").Len())
			b.create(agent("a"))
			b.until("followed", func() bool { return b.Ahead() == 0 })
			_, ok := b.Agent("a")
			require.True(t, ok)
		})
	}
}

// While the stream is read again, what was known is shown, with what is changed
// meanwhile.
func TestReadingAgainShowsNothingHalf(t *testing.T) {
	t.Parallel()
	b := setup(t).follow().ready()
	const many = 200
	for n := range many {
		b.create(agent(fmt.Sprintf("agent-%03d", n)))
	}
	b.stop()
	b.follow() // reads from the beginning
	for n := range 50 {
		require.GreaterOrEqual(t, len(b.Entries()), many+n)
		id := fmt.Sprintf("new-%02d", n)
		b.create(agent(id))
		_, ok := b.Agent(id)
		require.True(t, ok, "seen at once")
	}
	b.until("followed", func() bool { return b.Ahead() == 0 })
	require.Len(t, b.Entries(), many+50)
}

func TestFollowingOutlivesARestartOfTheServer(t *testing.T) {
	t.Parallel()
	cfg := embednats.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0"}
	s, err := embednats.Start(cfg, zap.NewNop())
	require.NoError(t, err)
	nc, err := nats.Connect(s.URL(), nats.MaxReconnects(-1), nats.ReconnectWait(10*time.Millisecond))
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	events, err := bus.New(nc, bus.Options{Barrier: bus.Replicated{}})
	require.NoError(t, err)
	require.NoError(t, topology.Ensure(t.Context(), events.JetStream(), topology.Options{}))
	b := on(t, events).follow().ready()
	b.create(agent("a"))
	cfg.Listen = s.URL()[len("nats://"):]
	require.NoError(t, s.Shutdown(context.Background()))
	require.Equal(t, []string{"a"}, b.ids(), "what is known is shown")
	s, err = embednats.Start(cfg, zap.NewNop())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Shutdown(context.Background())) })
	b.until("the server is back", func() bool { return events.Connected() == nil })
	b.put("b", 0, created(agent("b")))
	b.untilThere("a", "b")
}

// A stream that was restored from a backup under a running process shows as older
// than what was read of it, even where it holds as many events.
func TestAStreamThatWasPutBackIsReadAgain(t *testing.T) {
	t.Parallel()
	cfg := embednats.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0"}
	s, err := embednats.Start(cfg, zap.NewNop())
	require.NoError(t, err)
	cfg.Listen = s.URL()[len("nats://"):]
	again := func(meanwhile func()) {
		require.NoError(t, s.Shutdown(context.Background()))
		meanwhile()
		s, err = embednats.Start(cfg, zap.NewNop())
		require.NoError(t, err)
	}
	t.Cleanup(func() { require.NoError(t, s.Shutdown(context.Background())) })
	nc, err := nats.Connect(s.URL(), nats.MaxReconnects(-1), nats.ReconnectWait(10*time.Millisecond))
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	events, err := bus.New(nc, bus.Options{Barrier: bus.Replicated{}})
	require.NoError(t, err)
	require.NoError(t, topology.Ensure(t.Context(), events.JetStream(), topology.Options{}))
	b := on(t, events)
	b.put("a", 0, created(agent("a")))
	b.put("b", 0, created(agent("b")))
	backup := t.TempDir()
	again(func() { require.NoError(t, os.CopyFS(backup, os.DirFS(cfg.Dir))) })
	b.until("the server is back", func() bool { return events.Connected() == nil })
	stream, err := events.JetStream().Stream(t.Context(), subject.Agents)
	require.NoError(t, err)
	require.NoError(t, stream.SecureDeleteMsg(t.Context(), 1))
	b.put("c", 0, created(agent("c")))
	b.follow().ready()
	require.Equal(t, []string{"b", "c"}, b.ids())
	again(func() {
		require.NoError(t, os.RemoveAll(cfg.Dir))
		require.NoError(t, os.CopyFS(cfg.Dir, os.DirFS(backup)))
	})
	b.untilThere("a", "b")
}

// Three nodes, and processes at two of them: a refusal is never built on old news.
func TestReplicasOfTheStream(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster takes some seconds")
	}
	t.Parallel()
	c := testkit.NATSCluster(t)
	first, second := on(t, c.Bus(t, 0)).follow().ready(), on(t, c.Bus(t, 1)).follow().ready()
	for n := range 50 {
		id := fmt.Sprintf("agent-%02d", n)
		first.create(agent(id))
		e, err := second.Remove(t.Context(), id, 1, "sam")
		require.NoError(t, err, "whichever node is asked knows of it")
		require.EqualValues(t, 2, e.Revision)
		_, err = first.Update(t.Context(), agent(id), 0, "sam")
		require.ErrorIs(t, err, directory.ErrNoAgent)
	}
	for _, b := range []*bundle{first, second} {
		b.until("followed", func() bool { return b.Ahead() == 0 })
		b.untilThere()
	}
}

func TestLoadNamesEverythingWithItsLine(t *testing.T) {
	t.Parallel()
	_, err := directory.Load("f.yaml", []byte(`agents:
  - id: amina
    capacity: 0
    skills:
      - {name: billing, level: 11}
    zone: Mars/Olympus
  - {id: a b, languages: [FR], team: x y, nick: z}
  - {id: amina}
`))
	require.EqualError(t, err, `f.yaml:3: capacity: must be 1 to 50
f.yaml:5: skills[0]: must be a name of at most 64 letters, digits, _ or -, at a level of 1 to 10
f.yaml:6: zone: is no time zone, as Europe/Paris
f.yaml:7: nick: unknown field
f.yaml:8: amina is there twice`)
	agents, err := directory.Load("f.yaml", []byte("agents: [{id: amina, skills: [{name: billing}]}]"))
	require.NoError(t, err)
	require.Len(t, agents, 1)
	require.Equal(t, 1, agents[0].Agent.Capacity)
	require.Equal(t, 1, agents[0].Agent.Skills[0].Level)
	require.Equal(t, "f.yaml:1", agents[0].Declared)
}
