package rule

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// told is a past that is told, and counts how often each part is asked.
type told struct {
	callbacks Callbacks
	answers   []*eventsv1.EarlierAnswer
	listed    bool
	err       error

	asked [3]int
	days  int
}

func (p *told) Callbacks() (Callbacks, error) { p.asked[0]++; return p.callbacks, p.err }

func (p *told) Answers(days int) ([]*eventsv1.EarlierAnswer, error) {
	p.asked[1]++
	p.days = days
	return p.answers, p.err
}

func (p *told) DoNotCall() (bool, error) { p.asked[2]++; return p.listed, p.err }

func earlier(days float64, class eventsv1.Class) *eventsv1.EarlierAnswer {
	at := noon.Add(-time.Duration(days * 24 * float64(time.Hour)))
	return &eventsv1.EarlierAnswer{Metric: eventsv1.Metric_NPS, Class: class, Satisfaction: 20, Survey: "s", At: timestamppb.New(at)}
}

// some is a customer who was called three days ago, and answered badly twice in a month.
func some() *told {
	return &told{
		callbacks: Callbacks{
			Number: 2, LastID: "k-2", Called: noon.Add(-72 * time.Hour), CalledFor: eventsv1.Severity_MEDIUM,
			Last: &eventsv1.LastCallback{
				OpenedAt: timestamppb.New(noon.Add(-80 * time.Hour)), ClosedAt: timestamppb.New(noon.Add(-71 * time.Hour)),
				CalledAt: timestamppb.New(noon.Add(-72 * time.Hour)), Outcome: "resolved", Severity: eventsv1.Severity_MEDIUM,
			},
		},
		answers: []*eventsv1.EarlierAnswer{earlier(1, eventsv1.Class_DETRACTOR), earlier(30, eventsv1.Class_DETRACTOR), earlier(31, eventsv1.Class_DETRACTOR), earlier(80, eventsv1.Class_PROMOTER)},
	}
}

func asking(t *testing.T, conditions ...string) *Set {
	t.Helper()
	var b strings.Builder
	b.WriteString("version: test\nrules:\n")
	for i, c := range conditions {
		fmt.Fprintf(&b, "  - name: rule_%d\n    when: |\n      %s\n", i, c)
	}
	set, err := Load("test.yaml", []byte(b.String()), Options{})
	require.NoError(t, err)
	return set
}

func TestWhatConditionsSeeOfAHistory(t *testing.T) {
	t.Parallel()
	never := &told{}
	open := &told{callbacks: Callbacks{Number: 1, Open: true, Last: &eventsv1.LastCallback{OpenedAt: timestamppb.New(noon)}}, listed: true}
	for _, c := range []struct {
		condition         string
		some, never, open bool
	}{
		{`history.called_within(3)`, false, false, false},
		{`history.called_within(4)`, true, false, false},
		{`history.called_within(duration("72h1s"))`, true, false, false},
		{`history.callbacks == 2`, true, false, false},
		{`history.open_callback`, false, false, true},
		{`has(history.last_callback)`, true, false, true},
		{`has(history.last_callback.closed_at)`, true, false, false},
		{`history.last_callback.outcome == "resolved"`, true, false, false},
		{`history.last_callback.severity < Severity.HIGH`, true, true, true},
		{`has(history.called_at) && history.as_of - history.called_at == duration("72h")`, true, false, false},
		{`history.answers(30).size() == 2`, true, false, false},
		{`history.answers(31).filter(a, a.class == Class.DETRACTOR && a.metric == Metric.NPS).size() > 2`, true, false, false},
		{`history.answers(90).exists(a, a.satisfaction < 30.0 && a.survey == "s")`, true, false, false},
		{`history.do_not_call`, false, false, true},
	} {
		set := asking(t, c.condition)
		for i, p := range []*told{some(), never, open} {
			h := NewHistory(p, noon, set)
			v := set.Ask(NewFacts(nil, nil).With(h))
			require.NoError(t, h.Err())
			require.Empty(t, v.Failures, c.condition)
			require.Equal(t, []bool{c.some, c.never, c.open}[i], len(v.Fired) == 1, "%s of %d", c.condition, i)
		}
		require.Empty(t, set.Ask(NewFacts(nil, nil)).Failures, "without any history %s fails", c.condition)
	}
}

// Of a thousand rules one asks, and is evaluated that far once: one read. What nobody asks
// for is not read.
func TestOnlyWhatIsAskedIsRead(t *testing.T) {
	t.Parallel()
	conditions := []string{`nps.class == Class.DETRACTOR && history.called_within(7)`}
	for i := 1; i < 1000; i++ {
		conditions = append(conditions, fmt.Sprintf(`survey == "s-%d" && nps.class == Class.DETRACTOR`, i))
	}
	set := asking(t, conditions...)
	detractor := &eventsv1.Score{Answers: []*eventsv1.AnswerScore{{Metric: eventsv1.Metric_NPS, Class: eventsv1.Class_DETRACTOR}}}
	p := some()
	h := NewHistory(p, noon, set)
	now, before := NewFacts(nil, detractor).With(h), NewFacts(nil, detractor).With(h)
	v := set.Ask(now)
	require.Len(t, v.Fired, 1)
	require.Empty(t, set.Lapsed(v, before))
	require.Equal(t, [3]int{1, 0, 0}, p.asked)

	p = some()
	require.Empty(t, set.Ask(NewFacts(nil, nil).With(NewHistory(p, noon, set))).Fired)
	require.Equal(t, [3]int{}, p.asked, "a promoter's is not read")

	set = asking(t, `history.answers(10).size() > 0`, `history.answers(45).size() > 0`, `survey == "x" || history.do_not_call`, `survey == "" || history.open_callback`)
	require.Equal(t, 45, set.Days())
	p = some()
	require.Len(t, set.Ask(NewFacts(nil, nil).With(NewHistory(p, noon, set))).Fired, 3)
	require.Equal(t, [3]int{0, 1, 1}, p.asked)
	require.Equal(t, 45, p.days)
	require.False(t, asking(t, "may_call").AsksHistory())
}

// What cannot be read is no failure of the rule: nothing counts that was decided, even what
// would have come out the same.
func TestAHistoryThatCannotBeRead(t *testing.T) {
	t.Parallel()
	away := errors.New("away")
	for _, condition := range []string{`history.open_callback`, `history.answers(3).size() > 0`, `history.do_not_call || survey == ""`} {
		set := asking(t, condition)
		p := &told{err: away}
		h := NewHistory(p, noon, set)
		set.Ask(NewFacts(nil, nil).With(h))
		set.Ask(NewFacts(nil, nil).With(h))
		require.ErrorIs(t, h.Err(), away)
		require.Equal(t, 1, p.asked[0]+p.asked[1]+p.asked[2], "it is not asked again")
	}
	var none *History
	require.NoError(t, none.Err())
}

func TestWhatCannotBeAskedOfAHistory(t *testing.T) {
	t.Parallel()
	for condition, wants := range map[string]string{
		`history.answers(0).size() > 0`:                    "r.yaml:5:23: rule r: the days must be a number from 1 to 90",
		`history.answers(91).size() > 0`:                   "from 1 to 90",
		`history.answers(history.callbacks).size() > 0`:    "from 1 to 90",
		`history.answers.size() > 0`:                       "must say of how many days",
		`[history].exists(h, h.answers(30).size() > 0)`:    "history by itself cannot be asked",
		`history == history`:                               "history by itself cannot be asked",
		`histery.open_callback`:                            "did you mean 'history'?",
		`history.opened`:                                   "undefined field 'opened'",
		`history.called_within("7d")`:                      "no matching overload",
		`history.last_callback.outcome == "solved"`:        `"solved" is never in history.last_callback.outcome: possible are resolved, `,
		`history.last_callback.outcome in ["RESOLVED"]`:    `"RESOLVED" is never`,
		`history.answers(30).filter(a, a.clas == 1) == []`: "undefined field 'clas'",
	} {
		_, err := Load("r.yaml", []byte("version: 1\nrules:\n  - name: r\n    when: |\n      "+condition+"\n"), Options{})
		require.ErrorContains(t, err, wants, condition)
	}
	require.NoError(t, condition(`history.answers(90).all(a, a.survey.matches("^(delivery|invoice).*$"))`), "their number is bounded")
}

func TestContactIsRead(t *testing.T) {
	t.Parallel()
	read := func(contact string) (*Set, error) {
		return Load("c.yaml", []byte("version: 1\ncontact: "+contact+"\nrules: [{name: r, when: may_call}]\n"), Options{})
	}
	for text, span := range map[string]time.Duration{"7d": 7 * day, "36h": 36 * time.Hour, "1h": time.Hour, "90d": 90 * day} {
		set, err := read("{not_again_within: " + text + ", unless: severity_rises}")
		require.NoError(t, err)
		require.Equal(t, span, set.Contact.NotAgainWithin)
		require.True(t, set.AsksHistory())
	}
	for text, wants := range map[string]string{
		"{}": "contact.not_again_within", "{not_again_within: 91d}": "from 1h to 90d", "{not_again_within: 30m}": "from 1h",
		"{not_again_within: 99999999999d}": "from 1h", "{not_again_within: often}": "from 1h", "{not_again_within: -7d}": "from 1h",
		"{not_again_within: 7d, unless: never}": "contact.unless: must be severity_rises", "7d": "must hold not_again_within, unless", "{within: 7d}": "is not known here",
	} {
		_, err := read(text)
		require.ErrorContains(t, err, wants, text)
	}
}

// Who was called lately is not called again, unless one of the reasons not to heed that
// holds.
func TestWhoWasCalledLatelyIsHeldBack(t *testing.T) {
	t.Parallel()
	held := func(change func(r *Rule, p *told, m *eventsv1.Response)) bool {
		set := &Set{Contact: Contact{NotAgainWithin: 7 * day}}
		r, p, m := &Rule{Severity: eventsv1.Severity_MEDIUM, Callback: &eventsv1.CallbackPlan{}}, some(), &eventsv1.Response{}
		change(r, p, m)
		h := NewHistory(p, noon, set)
		out := set.HeldBack(r, NewFacts(m, nil).With(h))
		require.NoError(t, h.Err())
		return out == eventsv1.AlertRaised_FATIGUE
	}
	for name, c := range map[string]struct {
		held   bool
		change func(r *Rule, p *told, m *eventsv1.Response)
	}{
		"as bad":               {true, func(*Rule, *told, *eventsv1.Response) {}},
		"less bad":             {true, func(r *Rule, _ *told, _ *eventsv1.Response) { r.Severity = eventsv1.Severity_LOW }},
		"worse":                {false, func(r *Rule, _ *told, _ *eventsv1.Response) { r.Severity = eventsv1.Severity_HIGH }},
		"was called for worse": {true, func(r *Rule, p *told, _ *eventsv1.Response) { r.Severity, p.callbacks.CalledFor = 3, 4 }},
		"nothing counted":      {true, func(_ *Rule, p *told, _ *eventsv1.Response) { p.callbacks.CalledFor = 0 }},
		"asks to be called":    {false, func(_ *Rule, _ *told, m *eventsv1.Response) { m.CallbackRequested = true }},
		"open":                 {false, func(_ *Rule, p *told, _ *eventsv1.Response) { p.callbacks.Open = true }},
		"about the last":       {false, func(_ *Rule, _ *told, m *eventsv1.Response) { m.CallbackId = "k-2" }},
		"about another":        {true, func(_ *Rule, _ *told, m *eventsv1.Response) { m.CallbackId = "k-1" }},
		"even if":              {false, func(r *Rule, _ *told, _ *eventsv1.Response) { r.EvenIfCalled = true }},
		"no plan":              {false, func(r *Rule, _ *told, _ *eventsv1.Response) { r.Callback = nil }},
		"nobody was reached":   {false, func(_ *Rule, p *told, _ *eventsv1.Response) { p.callbacks.Called = time.Time{} }},
		"just within":          {true, func(_ *Rule, p *told, _ *eventsv1.Response) { p.callbacks.Called = noon.Add(-7*day + 1) }},
		"just not":             {false, func(_ *Rule, p *told, _ *eventsv1.Response) { p.callbacks.Called = noon.Add(-7 * day) }},
	} {
		require.Equal(t, c.held, held(c.change), name)
	}
	require.Zero(t, (&Set{}).HeldBack(&Rule{Callback: &eventsv1.CallbackPlan{}}, NewFacts(nil, nil).With(NewHistory(some(), noon, &Set{}))))
}
