package alert_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/alert"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

var receivedAt = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

// answers are the values of a response that has only an NPS.
type answers struct {
	nps  float64
	none bool // no metric at all
}

func (a answers) score() *eventsv1.Score {
	if a.none {
		return &eventsv1.Score{}
	}
	class := eventsv1.Class_PASSIVE
	switch {
	case a.nps <= 6:
		class = eventsv1.Class_DETRACTOR
	case a.nps >= 9:
		class = eventsv1.Class_PROMOTER
	}
	return &eventsv1.Score{
		Answers:    []*eventsv1.AnswerScore{{Metric: eventsv1.Metric_NPS, Value: a.nps, Class: class, Satisfaction: a.nps * 10}},
		WorstClass: class, WorstSatisfaction: a.nps * 10,
	}
}

func (a answers) response() *eventsv1.Response {
	return &eventsv1.Response{
		Id: "r-1", Survey: "apres-livraison", Channel: "email", Touchpoint: "delivery",
		Answers:    []*eventsv1.Answer{{Metric: eventsv1.Metric_NPS, Value: &a.nps}},
		Attributes: map[string]string{"segment": "pro"},
	}
}

// revision is a received response whose revision before had these answers.
func revision(n uint32, before answers) *eventsv1.ResponseReceived {
	r := &eventsv1.ResponseReceived{
		EventId: fmt.Sprintf("e-%d", n), ReceivedAt: timestamppb.New(receivedAt.Add(time.Duration(n) * time.Minute)), Revision: n,
		CustomerKey: strings.Repeat("a", 26), Bucket: "0af",
	}
	if n > 1 {
		r.Previous = before.response()
	}
	return r
}

// scored gives a revision its answers and the scores of both.
func scored(r *eventsv1.ResponseReceived, now answers) *eventsv1.ResponseScored {
	r.Response = now.response()
	e := &eventsv1.ResponseScored{EventId: "s-" + r.GetEventId(), Received: r, Score: now.score()}
	if p := r.GetPrevious(); p != nil {
		e.PreviousScore = answers{nps: p.GetAnswers()[0].GetValue()}.score()
	}
	return e
}

func load(t *testing.T, when ...string) *rule.Set {
	var b strings.Builder
	b.WriteString("version: test\nrules:\n")
	for i, w := range when {
		fmt.Fprintf(&b, "  - name: rule_%d\n    about: NPS\n    callback: {queue: q, priority: 7}\n    when: |\n      %s\n", i+1, w)
	}
	set, err := rule.Load("test.yaml", []byte(b.String()), rule.Options{})
	require.NoError(t, err)
	return set
}

// decide is without a history.
func decide(set *rule.Set, e *eventsv1.ResponseScored) ([]alert.Event, []*rule.EvalError) {
	events, failures, err := alert.Decide(set, e, nil)
	if err != nil {
		panic(err)
	}
	return events, failures
}

func TestAFirstRevisionThatMatchesRaises(t *testing.T) {
	t.Parallel()
	set := load(t, "nps.class == Class.DETRACTOR", "nps.class == Class.PROMOTER")
	e := scored(revision(1, answers{}), answers{nps: 2})
	events, failures := decide(set, e)
	require.Empty(t, failures)
	require.Len(t, events, 1)
	require.True(t, events[0].Raised())
	id := alert.ID("rule_1", "apres-livraison", "r-1")
	require.True(t, proto.Equal(&eventsv1.AlertRaised{
		EventId: id + "-1", AlertId: id, RaisedAt: timestamppb.New(receivedAt.Add(time.Minute)),
		Rule: "rule_1", RulesVersion: set.Version, Callback: &eventsv1.CallbackPlan{Queue: "q", Priority: 7},
		Scored: e, Answer: e.GetScore().GetAnswers()[0], Severity: eventsv1.Severity_MEDIUM,
	}, events[0].Body))
	require.Equal(t, "rule_1", events[0].Rule)
	require.Equal(t, id+"-1", events[0].ID)
}

// An answer about a callback is told, whatever the rules say of it, and before.
func TestAnAnswerAboutACallback(t *testing.T) {
	t.Parallel()
	set := load(t, "nps.class == Class.DETRACTOR")
	about := strings.Repeat("a", 26) + "-1"
	seen := map[string]bool{}
	for n, nps := range map[uint32]float64{1: 2, 2: 9} {
		e := scored(revision(n, answers{nps: 9}), answers{nps: nps})
		e.GetReceived().GetResponse().CallbackId = about
		events, failures := decide(set, e)
		require.Empty(t, failures)
		require.Len(t, events, map[uint32]int{1: 2, 2: 1}[n])
		require.True(t, events[0].IsFollowUp())
		require.False(t, events[0].Raised())
		require.Equal(t, "follow_up", events[0].Rule)
		require.True(t, proto.Equal(&eventsv1.FollowUpAnswered{
			EventId: events[0].ID, AnsweredAt: e.GetReceived().GetReceivedAt(), Scored: e,
		}, events[0].Body))
		again, _ := decide(set, e)
		require.Equal(t, events[0].ID, again[0].ID)
		require.False(t, seen[events[0].ID], "each revision is told once")
		seen[events[0].ID] = true
	}
}

func TestAnAlertIsAsBadAsItsRuleSays(t *testing.T) {
	t.Parallel()
	set, err := rule.Load("test.yaml", []byte(`version: test
rules:
  - {name: worst, when: may_call, severity: critical}
  - {name: least, when: may_call, severity: low}
`), rule.Options{})
	require.NoError(t, err)
	events, _ := decide(set, scored(revision(1, answers{}), answers{nps: 2}))
	require.Len(t, events, 2)
	for i, want := range []eventsv1.Severity{eventsv1.Severity_CRITICAL, eventsv1.Severity_LOW} {
		raised, ok := events[i].Body.(*eventsv1.AlertRaised)
		require.True(t, ok)
		require.Equal(t, want, raised.GetSeverity())
	}
}

// Every way a response can go over three revisions, and what becomes of it.
func TestRevisions(t *testing.T) {
	t.Parallel()
	set := load(t, "nps.class == Class.DETRACTOR")
	const bad, fine = 2.0, 9.0
	for _, c := range []struct {
		name   string
		values [3]float64
		want   [3]string
	}{
		{"stays bad", [3]float64{bad, 3, 1}, [3]string{"raised", "raised", "raised"}},
		{"stays fine", [3]float64{fine, 10, 8}, [3]string{"", "", ""}},
		{"corrected", [3]float64{bad, fine, fine}, [3]string{"raised", "resolved", ""}},
		{"turns bad", [3]float64{fine, bad, bad}, [3]string{"", "raised", "raised"}},
		{"turns bad late", [3]float64{fine, fine, bad}, [3]string{"", "", "raised"}},
		{"corrected late", [3]float64{bad, bad, fine}, [3]string{"raised", "raised", "resolved"}},
		{"to and fro", [3]float64{bad, fine, bad}, [3]string{"raised", "resolved", "raised"}},
		{"fro and to", [3]float64{fine, bad, fine}, [3]string{"", "raised", "resolved"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			seen := map[string]bool{}
			for i, v := range c.values {
				events, failures := decide(set, scored(revision(uint32(i+1), answers{nps: c.values[max(i-1, 0)]}), answers{nps: v}))
				require.Empty(t, failures)
				got := ""
				if len(events) > 0 {
					got = "resolved"
					if events[0].Raised() {
						got = "raised"
					}
					require.Len(t, events, 1)
					require.False(t, seen[events[0].ID], "an event id came twice")
					seen[events[0].ID] = true
					require.Equal(t, alert.ID("rule_1", "apres-livraison", "r-1"), alertID(events[0]))
					require.Equal(t, fmt.Sprintf("%s-%d", alertID(events[0]), i+1), events[0].ID)
				}
				require.Equal(t, c.want[i], got, "revision %d", i+1)
			}
		})
	}
}

func alertID(e alert.Event) string {
	if r, ok := e.Body.(*eventsv1.AlertRaised); ok {
		return r.GetAlertId()
	}
	if r, ok := e.Body.(*eventsv1.AlertResolved); ok {
		return r.GetAlertId()
	}
	return ""
}

func loadText(t *testing.T, text string) *rule.Set {
	set, err := rule.Load("test.yaml", []byte(text), rule.Options{})
	require.NoError(t, err)
	return set
}

// said lists what was decided, as "+rule_1" for raised and "-rule_1" for resolved.
func said(events []alert.Event) (out []string) {
	for _, e := range events {
		sign := "-"
		if e.Raised() {
			sign = "+"
		}
		out = append(out, sign+e.Rule)
	}
	return out
}

// A rule that stops keeps those below it from firing, on a revision that turns into its
// own as well; and what takes the place of a reason comes before the reason goes.
func TestARuleThatStops(t *testing.T) {
	t.Parallel()
	set := loadText(t, `version: test
rules:
  - {name: above, when: nps.class == Class.DETRACTOR}
  - {name: worst, when: has(nps.metric) && nps.value == 0.0, stop: true}
  - {name: bad, when: nps.class == Class.DETRACTOR}
  - {name: fine, when: nps.class == Class.PROMOTER}
`)
	for _, c := range []struct {
		before, now float64
		want        []string
	}{
		{9, 2, []string{"+above", "+bad", "-fine"}},
		{9, 0, []string{"+above", "+worst", "-fine"}},
		{2, 0, []string{"+above", "+worst", "-bad"}},
		{0, 2, []string{"+above", "+bad", "-worst"}},
		{0, 9, []string{"+fine", "-above", "-worst"}},
		{0, 0, []string{"+above", "+worst"}},
	} {
		events, failures := decide(set, scored(revision(2, answers{nps: c.before}), answers{nps: c.now}))
		require.Empty(t, failures)
		require.Equal(t, c.want, said(events), "%v, then %v", c.before, c.now)
	}
}

// Nobody stays uncalled because a rule that would have stopped the others failed.
func TestARuleThatFailsStopsNothing(t *testing.T) {
	t.Parallel()
	set := loadText(t, `version: test
rules:
  - {name: broken, when: "response.answers[9].value > 1.0", stop: true}
  - {name: bad, when: nps.class == Class.DETRACTOR}
`)
	events, failures := decide(set, scored(revision(1, answers{}), answers{nps: 2}))
	require.Equal(t, []string{"+bad"}, said(events))
	require.Len(t, failures, 1)
}

func TestAlertsCarryTeamAndLabels(t *testing.T) {
	t.Parallel()
	set := loadText(t, "version: test\nrules:\n  - {name: a, when: may_call, team: b2b, labels: {region: IDF}}\n")
	events, _ := decide(set, scored(revision(1, answers{}), answers{nps: 2}))
	raised, ok := events[0].Body.(*eventsv1.AlertRaised)
	require.True(t, ok)
	require.Equal(t, "b2b", raised.GetTeam())
	require.Equal(t, map[string]string{"region": "IDF"}, raised.GetLabels())
}

func TestDecidingAgainDecidesTheSame(t *testing.T) {
	t.Parallel()
	set := load(t, "nps.class == Class.DETRACTOR", "nps.class == Class.PROMOTER")
	e := scored(revision(2, answers{nps: 2}), answers{nps: 9})
	first, _ := decide(set, e)
	again, _ := decide(set, proto.CloneOf(e))
	require.Len(t, first, 2) // one resolved, one raised
	require.Len(t, again, 2)
	for i := range first {
		require.Equal(t, first[i].ID, again[i].ID)
		require.True(t, proto.Equal(first[i].Body, again[i].Body))
	}
}

func TestAFailureIsTheRulesOwn(t *testing.T) {
	t.Parallel()
	// The first and the third fail where there is no second answer.
	set := load(t, "response.answers[1].value < 5.0", "nps.class == Class.DETRACTOR", "score.answers[7].class == Class.DETRACTOR")
	events, failures := decide(set, scored(revision(1, answers{}), answers{nps: 2}))
	require.Len(t, events, 1)
	require.Equal(t, "rule_2", events[0].Rule)
	require.Len(t, failures, 2)
	require.Equal(t, []string{"rule_1", "rule_3"}, []string{failures[0].Rule, failures[1].Rule})
	require.Equal(t, "rule rule_1 (test.yaml:7): index out of bounds", failures[0].Error())
}

func TestARuleThatFailsNowResolvesNothing(t *testing.T) {
	t.Parallel()
	set := load(t, "nps.value == 2.0 && has(nps.metric) || response.answers[9].value > 1.0")
	events, failures := decide(set, scored(revision(2, answers{nps: 2}), answers{nps: 9}))
	require.Empty(t, events)
	require.Len(t, failures, 1)
}

func TestARuleThatFailedBeforeHadRaisedNothing(t *testing.T) {
	t.Parallel()
	set := load(t, "nps.class == Class.PASSIVE || nps.class == Class.DETRACTOR && response.answers[9].value > 1.0")
	events, failures := decide(set, scored(revision(2, answers{nps: 2}), answers{nps: 9}))
	require.Empty(t, events)
	require.Empty(t, failures)
}

func TestARevisionBeforeThatWasNotScoredResolvesNothing(t *testing.T) {
	t.Parallel()
	e := scored(revision(2, answers{nps: 2}), answers{nps: 9})
	e.PreviousScore = nil
	events, failures := decide(load(t, "nps.class == Class.DETRACTOR"), e)
	require.Empty(t, events)
	require.Empty(t, failures)
}

func TestAnAlertAboutAMetricThatIsNotThereCitesNone(t *testing.T) {
	t.Parallel()
	events, _ := decide(load(t, `touchpoint == "delivery"`), scored(revision(1, answers{}), answers{none: true}))
	require.Len(t, events, 1)
	raised, ok := events[0].Body.(*eventsv1.AlertRaised)
	require.True(t, ok)
	require.Nil(t, raised.GetAnswer())
}

func TestIDsDoNotCollide(t *testing.T) {
	t.Parallel()
	require.Regexp(t, `^a-[0-9a-f]{24}$`, alert.ID("a", "b", "c"))
	seen := map[string]bool{}
	for _, p := range [][3]string{{"a", "b", "c"}, {"ab", "", "c"}, {"a", "bc", ""}, {"", "ab", "c"}, {"a", "b", "d"}, {"a", "d", "c"}, {"d", "b", "c"}} {
		id := alert.ID(p[0], p[1], p[2])
		require.False(t, seen[id])
		seen[id] = true
	}
}

func TestCheckNamesEverythingThatIsMissing(t *testing.T) {
	t.Parallel()
	good := scored(revision(1, answers{}), answers{nps: 2})
	require.NoError(t, alert.Check(good))
	err := alert.Check(&eventsv1.ResponseScored{})
	var invalid *alert.InvalidError
	require.ErrorAs(t, err, &invalid)
	require.Len(t, invalid.Problems, 6)

	bad := proto.CloneOf(good)
	bad.Received.CustomerKey = "C-1042"
	err = alert.Check(bad)
	require.ErrorContains(t, err, "customer_key")
	require.NotContains(t, err.Error(), "C-1042")
}
