package alerting_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting"
	"github.com/rappel-loop/rappel/services/alerting/internal/timeline"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/embednats"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// begins is when every timeline begins: a Friday, 10:00 in Paris.
var begins = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

func TestTimelines(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/timelines/*.txt")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 15)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			l, err := timeline.Parse(string(text))
			require.NoError(t, err, file)
			require.NotEmpty(t, l.About)
			p := newStage(t, l)
			for _, line := range l.Lines {
				p.until(line.To)
				if line.Do != nil {
					p.do(line)
				}
			}
			if wrong := l.Judge(p.told); wrong != "" {
				t.Fatalf("%s: %s\n\n%s", file, l.About, wrong)
			}
		})
	}
}

// A test that cannot fail is none: each of these is a timeline with a mistake in it.
func TestATimelineThatIsWrongFails(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/timelines/01-a-group-waits.txt")
	require.NoError(t, err)
	for _, change := range []string{"firing=2|firing=3", "at 30s: expect|at 31s: expect", "NEW|ESCALATED", "at 30s: expect|# at 30s: expect"} {
		before, after, _ := strings.Cut(change, "|")
		l, err := timeline.Parse(strings.Replace(string(text), before, after, 1))
		require.NoError(t, err)
		p := newStage(t, l)
		for _, line := range l.Lines {
			p.until(line.To)
			if line.Do != nil {
				p.do(line)
			}
		}
		require.NotEmpty(t, l.Judge(p.told), change)
	}
}

// stage is a timeline that is played: an event store, two replicas of the service, and a
// clock.
type stage struct {
	t        *testing.T
	l        *timeline.Timeline
	server   *embednats.Server
	bus      *bus.Bus // the world's own
	clock    *clock.Manual
	cfg      alerting.Config
	replicas []*replica
	silences map[string]string // by the timeline's names
	answers  map[string]*eventsv1.ResponseScored
	read     uint64 // of NOTIFICATIONS
	told     []timeline.Told
	turns    int
}

type replica struct {
	service *alerting.Service
	conn    *nats.Conn
	alive   bool
}

const usualRules = `version: "1"
rules:
  - {name: detractor, when: nps.class == Class.DETRACTOR, about: NPS, severity: high, team: care, notify: true}
  - {name: dissatisfied, when: csat.class == Class.DISSATISFIED, about: CSAT, severity: medium, team: shop, notify: true}
`

func newStage(t *testing.T, l *timeline.Timeline) *stage {
	t.Helper()
	p := &stage{
		t: t, l: l, server: testkit.Server(t), clock: clock.NewManual(begins), cfg: telling(),
		silences: map[string]string{}, answers: map[string]*eventsv1.ResponseScored{},
	}
	p.bus = newBus(t, testkit.Connect(t, p.server))
	require.NoError(t, topology.Ensure(t.Context(), p.bus.JetStream(), topology.Options{}))
	rules := l.Sections["rules"]
	if rules == "" {
		rules = usualRules
	}
	dir := t.TempDir()
	p.cfg.RulesFile, p.cfg.NotifyFile = filepath.Join(dir, "rules.yaml"), filepath.Join(dir, "notify.yaml")
	require.NoError(t, os.WriteFile(p.cfg.RulesFile, []byte(rules), 0o600))
	p.notify("notify")
	for range 2 {
		r := &replica{}
		p.replicas = append(p.replicas, r)
		p.start(r)
	}
	return p
}

func newBus(t *testing.T, nc *nats.Conn) *bus.Bus {
	t.Helper()
	b, err := bus.New(nc, bus.Options{Barrier: bus.Replicated{}})
	require.NoError(t, err)
	return b
}

// notify puts a section of the timeline in the notify file's place.
func (p *stage) notify(section string) {
	text, found := p.l.Sections[section]
	require.True(p.t, found, "there is no section %s", section)
	require.NoError(p.t, os.WriteFile(p.cfg.NotifyFile, []byte(text), 0o600))
}

func (p *stage) start(r *replica) {
	r.conn = testkit.Connect(p.t, p.server)
	s, err := alerting.NewByHand(p.cfg, alerting.Deps{Bus: newBus(p.t, r.conn), RPC: newRPC(p.t), Clock: p.clock})
	require.NoError(p.t, err)
	require.NoError(p.t, s.Start(p.t.Context()))
	p.t.Cleanup(func() { _ = s.Stop(context.Background()) }) // of one that was killed there is nothing to say
	r.service, r.alive = s, true
}

func (p *stage) ctx() context.Context {
	ctx, cancel := context.WithTimeout(p.t.Context(), time.Minute)
	p.t.Cleanup(cancel)
	return ctx
}

// alive are the replicas that are, each time another one first.
func (p *stage) alive() []*replica {
	var out []*replica
	for i := range p.replicas {
		if r := p.replicas[(i+p.turns)%len(p.replicas)]; r.alive {
			out = append(out, r)
		}
	}
	require.NotEmpty(p.t, out, "no replica is alive")
	return out
}

// until lets time pass; what is due is done when it is.
func (p *stage) until(d time.Duration) {
	end := begins.Add(d)
	for {
		p.turn()
		next := end
		for _, r := range p.alive() {
			if n := r.service.Next(); !n.IsZero() && n.Before(next) {
				next = n
			}
		}
		now := p.clock.Now()
		if !next.After(now) {
			if now.Before(end) {
				require.Fail(p.t, "it does not come to rest", "at %s", now.Sub(begins))
			}
			return
		}
		p.clock.Advance(next.Sub(now))
	}
}

// turn has the replicas do what is due now, until nothing more is.
func (p *stage) turn() {
	p.turns++
	before := uint64(0)
	for round := range 50 {
		p.idle()
		for _, r := range p.alive() {
			require.NoError(p.t, r.service.Settle(p.ctx()))
			require.NoError(p.t, r.service.Step(p.ctx()))
		}
		p.idle()
		var stored uint64
		for _, stream := range []string{subject.AlertStates, subject.Notifications, subject.Silences} {
			stored += p.last(stream)
		}
		if round > 0 && stored == before {
			p.hear()
			return
		}
		before = stored
	}
	require.Fail(p.t, "it never comes to rest")
}

// idle waits until every event was handled that is stored by then.
func (p *stage) idle() {
	for _, spec := range []topology.Consumer{topology.Alerting, topology.AlertStates} {
		testkit.Handled(p.t, p.bus, spec)
	}
}

func (p *stage) last(stream string) uint64 {
	s, err := p.bus.JetStream().Stream(p.ctx(), stream)
	require.NoError(p.t, err)
	return s.CachedInfo().State.LastSeq
}

// hear is the receiver that notes whatever anybody is told.
func (p *stage) hear() {
	for last := p.last(subject.Notifications); p.read < last; {
		p.read++
		d, err := p.bus.At(p.ctx(), subject.Notifications, p.read)
		require.NoError(p.t, err)
		e := &eventsv1.GroupNotified{}
		require.NoError(p.t, d.Decode(e))
		n := e.GetNotification()
		for _, receiver := range e.GetReceivers() {
			p.told = append(p.told, timeline.Told{
				At: n.GetAt().AsTime().Sub(begins), Receiver: receiver, Kind: n.GetKind().String(), Labels: n.GetLabels(),
				Figures: map[string]int{
					"firing": len(n.GetFiring()) + int(n.GetMoreFiring()), "resolved": len(n.GetResolved()) + int(n.GetMoreResolved()),
					"step": int(n.GetStep()), "round": int(e.GetGroup().GetRound()),
				},
			})
		}
	}
}
