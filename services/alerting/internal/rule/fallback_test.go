package rule

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

const withFallbacks = `version: 1
rules:
  - name: low
    when: may_call
    severity: low
    callback: {queue: care, priority: 10}
    fallback: busy
  - name: bad
    when: may_call
    severity: high
    callback: {queue: care, priority: 80, skills: [billing], first_attempt_within: 2h}
    fallback: [busy, calm]
  - {name: none, when: may_call, callback: {queue: care, priority: 10}}
fallbacks:
  - name: busy
    description: {fr: Trop à faire., en: Too much to do.}
    queue: care
    begins_above: 4h
    ends_below: 2h
    raise_bar: {severity: high, priority: 60}
    tell: [lead]
    acknowledge_customer: {receiver: mail}
  - name: calm
    queue: care
    begins_above: 1h30m
    ends_below: 30m
    for: 10m
    also_when_unstaffed: true
    widen: {queue: overflow}
    drop_skills: true
    first_attempt_within: 48h
`

func TestFallbacksAreRead(t *testing.T) {
	t.Parallel()
	set, err := Load("rules.yaml", []byte(withFallbacks), Options{})
	require.NoError(t, err)
	require.Len(t, set.Fallbacks, 2)
	busy, calm := set.Fallbacks[0], set.Fallbacks[1]
	require.Equal(t, &Fallback{
		Name: "busy", Description: map[string]string{"fr": "Trop à faire.", "en": "Too much to do."}, Queue: "care",
		BeginsAbove: 4 * time.Hour, EndsBelow: 2 * time.Hour, For: 5 * time.Minute,
		Bar: Minimum{eventsv1.Severity_HIGH, 60}, Tell: []string{"lead"}, Acknowledge: "mail",
	}, busy)
	require.Equal(t, &Fallback{
		Name: "calm", Queue: "care", BeginsAbove: 90 * time.Minute, EndsBelow: 30 * time.Minute, For: 10 * time.Minute,
		AlsoWhenUnstaffed: true, Widen: "overflow", DropSkills: true, FirstAttemptWithin: 48 * time.Hour,
	}, calm)
	require.Equal(t, []string{"raise_bar", "tell", "acknowledge_customer"}, busy.Measures())
	require.Equal(t, []string{"widen", "drop_skills", "first_attempt_within"}, calm.Measures())
	require.Equal(t, []*Fallback{busy}, set.Rules[0].Fallbacks)
	require.Equal(t, []*Fallback{busy, calm}, set.Rules[1].Fallbacks)
	require.Empty(t, set.Rules[2].Fallbacks)
}

func TestWhatAFallbackMakesOfAPlan(t *testing.T) {
	t.Parallel()
	plan := &eventsv1.CallbackPlan{Queue: "care", Priority: 50, Skills: []string{"billing"}, FirstAttemptWithin: durationpb.New(2 * time.Hour)}
	with := func(change func(*eventsv1.CallbackPlan)) *eventsv1.CallbackPlan {
		p := proto.CloneOf(plan)
		change(p)
		return p
	}
	for name, tc := range map[string]struct {
		f    Fallback
		want *eventsv1.CallbackPlan // nil is held back, plan is unchanged
	}{
		"nothing":                     {Fallback{}, plan},
		"a bar below it":              {Fallback{Bar: Minimum{eventsv1.Severity_MEDIUM, 50}}, plan},
		"more severe only":            {Fallback{Bar: Minimum{Severity: eventsv1.Severity_HIGH}}, nil},
		"more urgent only":            {Fallback{Bar: Minimum{Priority: 51}}, nil},
		"one of both is missed":       {Fallback{Bar: Minimum{eventsv1.Severity_LOW, 60}}, nil},
		"elsewhere":                   {Fallback{Widen: "overflow"}, with(func(p *eventsv1.CallbackPlan) { p.Queue = "overflow" })},
		"it is there already":         {Fallback{Widen: "care"}, plan},
		"anybody":                     {Fallback{DropSkills: true}, with(func(p *eventsv1.CallbackPlan) { p.Skills = nil })},
		"a promise that can be kept":  {Fallback{FirstAttemptWithin: 48 * time.Hour}, with(func(p *eventsv1.CallbackPlan) { p.FirstAttemptWithin = durationpb.New(48 * time.Hour) })},
		"no promise becomes stricter": {Fallback{FirstAttemptWithin: time.Hour}, plan},
		"all at once": {
			Fallback{Widen: "overflow", DropSkills: true, FirstAttemptWithin: 48 * time.Hour},
			&eventsv1.CallbackPlan{Queue: "overflow", Priority: 50, FirstAttemptWithin: durationpb.New(48 * time.Hour)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &Rule{Severity: eventsv1.Severity_MEDIUM, Callback: proto.CloneOf(plan)}
			got, changed := tc.f.Change(r)
			require.True(t, proto.Equal(tc.want, got), "%v", got)
			require.Equal(t, !proto.Equal(plan, tc.want), changed)
			require.True(t, proto.Equal(plan, r.Callback), "the rule's own plan stays")
		})
	}
	r := &Rule{Callback: &eventsv1.CallbackPlan{Queue: "care"}}
	got, _ := (&Fallback{FirstAttemptWithin: time.Hour}).Change(r)
	require.Equal(t, time.Hour, got.GetFirstAttemptWithin().AsDuration(), "the queue's own promise is not known here")
}

func TestEveryMistakeOfAFallbackIsNamed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ change, to, want string }{
		"unknown name":       {"fallback: busy", "fallback: bussy", `:7:15: rule low: fallback: there is no fallback "bussy" (did you mean "busy"?)`},
		"no such name":       {"fallback: busy", "fallback: holidays", `there is no fallback "holidays"; there are busy, calm`},
		"named twice":        {"[busy, calm]", "[busy, busy]", `rule bad: fallback[1]: "busy" is there twice`},
		"an empty list":      {"[busy, calm]", "[]", "rule bad: fallback: must not be empty"},
		"no callback":        {"severity: low\n    callback: {queue: care, priority: 10}\n", "severity: low\n", "rule low: fallback: changes what is asked of the callback queue"},
		"no hysteresis":      {"ends_below: 2h", "ends_below: 4h", "fallback busy: ends_below: must be less than begins_above"},
		"no wait":            {"begins_above: 4h", "begins_above: long", "fallback busy: begins_above: must be a wait like 30m or 4h"},
		"for a moment":       {"for: 10m", "for: 10s", "fallback calm: for: must be a time like 5m, 1m to 24h"},
		"an empty bar":       {"{severity: high, priority: 60}", "{}", "fallback busy: raise_bar: needs a severity, a priority, or both"},
		"a bar on the floor": {"{severity: high, priority: 60}", "{severity: low}", "raise_bar.severity: low holds nothing back"},
		"afterwards alone":   {"drop_skills: true", "afterwards: call", "fallback calm: afterwards: says what becomes of callbacks that are held back"},
		"afterwards what":    {"tell: [lead]", "afterwards: later", "fallback busy: afterwards: must be call or drop"},
		"into itself":        {"{queue: overflow}", "{queue: care}", "fallback calm: widen.queue: is the queue that has too much to do"},
		"nowhere":            {"{queue: overflow}", "{}", "fallback calm: widen.queue: is required"},
		"nobody":             {"tell: [lead]", "tell: []", "fallback busy: tell: names nobody"},
		"the same twice":     {"tell: [lead]", "tell: [lead, lead]", `tell[1]: "lead" is there twice`},
		"no key":             {"drop_skills: true", "drop_skill: true", "fallback calm: drop_skill: is not known here"},
		"two of a name":      {"name: calm", "name: busy", "is taken by the fallback on line 15"},
		"no queue":           {"    queue: care\n    begins_above: 4h", "    begins_above: 4h", "fallback busy: queue: is required"},
		"nothing is done": {
			"    raise_bar: {severity: high, priority: 60}\n    tell: [lead]\n    acknowledge_customer: {receiver: mail}\n", "    drop_skills: false\n",
			"fallback busy: does nothing: it needs raise_bar",
		},
		"nobody has it":   {"[busy, calm]", "busy", "fallback calm: does nothing: no rule has it as its fallback"},
		"none is there":   {withFallbacks[strings.Index(withFallbacks, "fallbacks:"):], "", `there is no fallback "busy"; the file declares none`},
		"a receiver's no": {"tell: [lead]", "tell: [the lead]", "fallback busy: tell[0]: must be 1 to 64 letters"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(withFallbacks, tc.change, tc.to, 1)
			require.NotEqual(t, withFallbacks, text)
			_, err := Load("rules.yaml", []byte(text), Options{})
			var wrong *strictyaml.Error
			require.ErrorAs(t, err, &wrong)
			require.Contains(t, err.Error(), tc.want)
		})
	}
}

// A fallback of which only people are told needs no rule.
func TestAFallbackMayOnlyTell(t *testing.T) {
	t.Parallel()
	_, err := Load("rules.yaml", []byte(strings.Replace(strings.Replace(withFallbacks, "fallback: busy", "", 1), "[busy, calm]", "calm", 1)), Options{})
	require.NoError(t, err)
}
