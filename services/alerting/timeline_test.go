package alerting_test

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting"
	"github.com/rappel-loop/rappel/services/alerting/internal/alertstate"
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

// idle waits until every event was handled.
func (p *stage) idle() {
	for _, spec := range []topology.Consumer{topology.Alerting, topology.AlertStates} {
		c, err := p.bus.JetStream().Consumer(p.ctx(), spec.Stream, spec.Durable)
		require.NoError(p.t, err)
		ctx := p.ctx()
		for {
			info, err := c.Info(ctx)
			require.NoError(p.t, err)
			if info.NumPending == 0 && info.NumAckPending == 0 {
				break
			}
		}
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

// reserved are names that are no labels.
var reserved = []string{"by", "for", "from", "every", "zone", "name", "comment", "count"}

// matchers are what an action says of alerts.
func matchers(a *timeline.Action) []string {
	out := slices.Clone(a.Words)
	for _, name := range slices.Sorted(maps.Keys(a.Given)) {
		if !slices.Contains(reserved, name) {
			out = append(out, name+"="+a.Given[name])
		}
	}
	return out
}

func (p *stage) do(line timeline.Line) {
	a := line.Do
	actions := map[string]func(*timeline.Action){
		"answer": p.answer, "metric": p.metric, "metric-ends": p.metric, "ack": p.onAlerts, "unack": p.onAlerts, "resolve": p.onAlerts,
		"ack-group": p.ackGroup, "silence": p.silence, "extend": p.extend, "expire": p.expire, "file": p.file,
		"restart": p.process, "kill": p.process, "start": p.process, "held": p.held, "groups": p.groups,
	}
	act := actions[a.Verb]
	require.NotNil(p.t, act, "line %d: there is no verb %s; known are %v", line.Number, a.Verb, slices.Sorted(maps.Keys(actions)))
	act(a)
	p.turn()
}

func (p *stage) number(a *timeline.Action, name string) float64 {
	n, err := strconv.ParseFloat(a.Given[name], 64)
	require.NoError(p.t, err)
	return n
}

func (p *stage) duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	require.NoError(p.t, err)
	return d
}

// answer is a response, or, of an id that was there before, its next revision.
func (p *stage) answer(a *timeline.Action) {
	count := 1
	if a.Given["count"] != "" {
		count = int(p.number(a, "count"))
	}
	for range count {
		p.answerOnce(a)
	}
}

func (p *stage) answerOnce(a *timeline.Action) {
	id := a.Given["id"]
	if id == "" {
		id = fmt.Sprint("r-", len(p.answers)+1)
	}
	resp := &eventsv1.Response{Id: id, Survey: cmp(a.Given["survey"], "apres-livraison"), Channel: a.Given["channel"], Touchpoint: a.Given["touchpoint"]}
	sc := &eventsv1.Score{}
	add := func(m eventsv1.Metric, value float64, bad, good eventsv1.Class, isBad bool) {
		resp.Answers = append(resp.Answers, &eventsv1.Answer{Metric: m, Value: &value})
		if sc.WorstClass = good; isBad {
			sc.WorstClass = bad
		}
		sc.Answers = append(sc.Answers, &eventsv1.AnswerScore{Metric: m, Value: value, Class: sc.WorstClass})
	}
	if a.Given["nps"] != "" {
		add(eventsv1.Metric_NPS, p.number(a, "nps"), eventsv1.Class_DETRACTOR, eventsv1.Class_PROMOTER, p.number(a, "nps") <= 6)
	}
	if a.Given["csat"] != "" {
		add(eventsv1.Metric_CSAT, p.number(a, "csat"), eventsv1.Class_DISSATISFIED, eventsv1.Class_SATISFIED, p.number(a, "csat") <= 2)
	}
	if theme := a.Given["theme"]; theme != "" {
		sc.Verbatims = []*eventsv1.VerbatimAnalysis{{Themes: []*eventsv1.ThemeFound{{Theme: theme, Polarity: eventsv1.Sentiment_NEGATIVE}}}}
	}
	key := keyOf(cmp(a.Given["customer"], id))
	e := &eventsv1.ResponseScored{ScorerVersion: "1", Score: sc, Received: &eventsv1.ResponseReceived{
		ReceivedAt: timestamppb.New(p.clock.Now()), Revision: 1, CustomerKey: key, Bucket: "0af", Response: resp,
	}}
	if was := p.answers[id]; was != nil {
		e.Received.Revision = was.GetReceived().GetRevision() + 1
		e.Received.Previous, e.PreviousScore = was.GetReceived().GetResponse(), was.GetScore()
	}
	e.EventId = fmt.Sprintf("s-%s-%d", id, e.GetReceived().GetRevision())
	e.Received.EventId = "e" + e.EventId
	p.answers[id] = proto.CloneOf(e)
	_, err := p.bus.Publish(p.ctx(), bus.Event{Subject: subject.Score(resp.GetSurvey(), "0af"), ID: e.GetEventId(), Body: e})
	require.NoError(p.t, err)
}

func cmp(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

func keyOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:]))[:26]
}

var severities = map[string]eventsv1.Severity{"low": eventsv1.Severity_LOW, "medium": eventsv1.Severity_MEDIUM, "high": eventsv1.Severity_HIGH, "critical": eventsv1.Severity_CRITICAL}

// metric is a series of a metric rule that is out of bounds, or no longer.
func (p *stage) metric(a *timeline.Action) {
	series := maps.Clone(a.Given)
	for _, name := range []string{"rule", "severity", "team"} {
		delete(series, name)
	}
	m := alertstate.Metric{
		Rule: a.Given["rule"], Severity: severities[a.Given["severity"]], Team: a.Given["team"], Notify: true,
		Movement: &eventsv1.Movement{Measure: "NPS", Until: timestamppb.New(p.clock.Now()), Series: series},
	}
	book := p.alive()[0].service.Alerts()
	var err error
	if a.Verb == "metric" {
		_, err = book.RaiseMetric(p.ctx(), m)
	} else {
		_, err = book.ResolveMetric(p.ctx(), m.ID(), m.Movement)
	}
	require.NoError(p.t, err)
}

// alerts are those that stand and that an action picks.
func (p *stage) alerts(a *timeline.Action) []*alertingv1.Alert {
	resp, err := p.alive()[0].service.API().ListAlerts(p.ctx(), &alertingv1.ListAlertsRequest{Matchers: matchers(a), PageSize: 200})
	require.NoError(p.t, err)
	return resp.GetAlerts()
}

func (p *stage) onAlerts(a *timeline.Action) {
	var hold *durationpb.Duration
	if a.Given["for"] != "" {
		hold = durationpb.New(p.duration(a.Given["for"]))
	}
	alerts := p.alerts(a)
	require.NotEmpty(p.t, alerts, "%s of no alert", a.Verb)
	for _, one := range alerts {
		id, by := one.GetAlert().GetId(), cmp(a.Given["by"], "amina")
		api := p.alive()[0].service.API()
		var err error
		switch a.Verb {
		case "ack":
			_, err = api.AcknowledgeAlert(p.ctx(), &alertingv1.AcknowledgeAlertRequest{Id: id, By: by, HoldFor: hold})
		case "unack":
			_, err = api.UnacknowledgeAlert(p.ctx(), &alertingv1.UnacknowledgeAlertRequest{Id: id, By: by})
		case "resolve":
			_, err = api.ResolveAlert(p.ctx(), &alertingv1.ResolveAlertRequest{Id: id, By: by})
		}
		require.NoError(p.t, err)
	}
}

// ackGroup acknowledges a route's groups.
func (p *stage) ackGroup(a *timeline.Action) {
	api := p.alive()[0].service.API()
	list, err := api.ListAlertGroups(p.ctx(), &alertingv1.ListAlertGroupsRequest{Route: a.Given["route"]})
	require.NoError(p.t, err)
	for _, g := range list.GetGroups() {
		resp, err := api.AcknowledgeAlertGroup(p.ctx(), &alertingv1.AcknowledgeAlertGroupRequest{Key: g.GetKey(), By: cmp(a.Given["by"], "amina")})
		require.NoError(p.t, err)
		require.Equal(p.t, g.GetFiring(), resp.GetAcknowledged())
	}
}

func (p *stage) draft(a *timeline.Action) *alertingv1.SilenceDraft {
	from := p.clock.Now()
	if a.Given["from"] != "" {
		from = from.Add(p.duration(a.Given["from"]))
	}
	d := &alertingv1.SilenceDraft{
		Matchers: matchers(a), StartsAt: timestamppb.New(from), EndsAt: timestamppb.New(from.Add(p.duration(a.Given["for"]))),
		Author: cmp(a.Given["by"], "amina"), Comment: cmp(a.Given["comment"], "known"),
	}
	if every := a.Given["every"]; every != "" {
		days, period, _ := strings.Cut(every, " ")
		d.Recurrence = &eventsv1.Recurrence{Days: []string{days}, Periods: []string{period}, Zone: a.Given["zone"]}
	}
	return d
}

func (p *stage) silence(a *timeline.Action) {
	made, err := p.alive()[0].service.API().CreateSilence(p.ctx(), &alertingv1.CreateSilenceRequest{Silence: p.draft(a)})
	require.NoError(p.t, err)
	p.silences[a.Given["name"]] = made.GetSilence().GetId()
}

// extend makes a silence as long again, from now.
func (p *stage) extend(a *timeline.Action) {
	_, err := p.alive()[0].service.API().UpdateSilence(p.ctx(), &alertingv1.UpdateSilenceRequest{Id: p.silences[a.Given["name"]], Silence: p.draft(a)})
	require.NoError(p.t, err)
}

func (p *stage) expire(a *timeline.Action) {
	_, err := p.alive()[0].service.API().ExpireSilence(p.ctx(), &alertingv1.ExpireSilenceRequest{Id: p.silences[a.Given["name"]], By: "amina"})
	require.NoError(p.t, err)
}

// file has the replicas find another notify file.
func (p *stage) file(a *timeline.Action) {
	p.notify(a.Words[0])
	for _, r := range p.alive() {
		r.service.Look()
		r.service.Look()
	}
}

// process ends or begins a replica. One that is killed loses its connection first, and
// tells nobody.
func (p *stage) process(a *timeline.Action) {
	n, err := strconv.Atoi(a.Words[1])
	require.NoError(p.t, err)
	r := p.replicas[n-1]
	if a.Verb == "kill" {
		r.conn.Close()
	}
	if a.Verb != "start" {
		_ = r.service.Stop(p.ctx())
		r.conn.Close()
		r.alive = false
	}
	if a.Verb != "kill" {
		p.start(r)
	}
}

// held checks that the alerts that an action picks are held back for a reason.
func (p *stage) held(a *timeline.Action) {
	reason := a.Words[0]
	a = &timeline.Action{Words: a.Words[1:], Given: a.Given}
	alerts := p.alerts(a)
	require.NotEmpty(p.t, alerts)
	for _, one := range alerts {
		var reasons []string
		for _, h := range one.GetHeldBack() {
			reasons = append(reasons, h.GetReason().String())
			require.NotEmpty(p.t, h.GetBy())
		}
		require.Equal(p.t, reason, cmp(strings.Join(reasons, ","), "NOTHING"), "at %s", p.clock.Now().Sub(begins))
	}
}

// groups checks how many groups there are, and what stands in them.
func (p *stage) groups(a *timeline.Action) {
	var figures [4]uint32
	for _, r := range p.alive() {
		list, err := r.service.API().ListAlertGroups(p.ctx(), &alertingv1.ListAlertGroupsRequest{Route: a.Given["route"]})
		require.NoError(p.t, err)
		figures = [4]uint32{}
		for _, g := range list.GetGroups() {
			figures[0]++
			figures[1] += g.GetFiring()
			figures[2] += g.GetAcknowledged()
			figures[3] += g.GetHeldBack()
		}
		for i, name := range []string{"groups", "firing", "acknowledged", "held"} {
			if a.Given[name] != "" {
				require.EqualValues(p.t, p.number(a, name), figures[i], "%s at %s", name, p.clock.Now().Sub(begins))
			}
		}
	}
}

// telling is a configuration that has a server to send e-mail by; nothing is sent.
func telling() alerting.Config {
	c := alerting.DefaultConfig()
	c.SMTP.Host, c.SMTP.From = "mail.example.org", "rappel@example.org"
	return c
}
