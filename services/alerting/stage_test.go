package alerting_test

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

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
)

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
