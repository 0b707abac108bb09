package rule_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

// chance makes conditions and responses of few values, so that they meet often.
type chance struct{ *rand.Rand }

func pick[T any](c chance, of ...T) T { return of[c.IntN(len(of))] }

// atom is a condition of one piece: what an index can be looked up by, what it cannot,
// and what fails on some responses.
func (c chance) atom() string {
	word := func() string { return pick(c, `"a"`, `"b"`, `"c"`, `""`) }
	return pick(c,
		"survey == "+word(), word()+" == channel", "touchpoint in ["+word()+", "+word()+"]", "survey != "+word(),
		"callback_requested", "!callback_requested", "may_call", "!may_call", "true", "false",
		pick(c, "nps.class == Class.CLASS_UNSPECIFIED", "csat.class == Class.NEUTRAL"),
		"nps.class in [Class.DETRACTOR, Class.PASSIVE]", "Class.DETRACTOR == nps.class", "nps.class != Class.PASSIVE",
		"score.worst_class == Class.DETRACTOR", "has(csat.metric)", "!has(nps.metric)", "has(nps.metric) && nps.satisfaction < 50.0",
		"attributes[?'k'].orValue("+word()+") == "+word(), "attributes.?k.orValue('a') in ['b', "+word()+"]",
		"'k' in attributes", "has(attributes.k)", "attributes[?'k'].orValue(survey) == 'a'",
		"'k' in attributes && attributes['k'] == 'a'", "attributes[survey] == 'a'", // fails without the key
		"response.answers[1].verbatim == "+word(), "1 / response.answers.size() > 0", "survey.startsWith("+word()+")",
		"response.answers.exists(survey, survey.verbatim == 'a')",
	)
}

func (c chance) condition(depth int) string {
	if depth == 0 || c.IntN(4) == 0 {
		return c.atom()
	}
	l, r := c.condition(depth-1), c.condition(depth-1)
	switch c.IntN(8) {
	case 0:
		return "!(" + l + ")"
	case 1:
		return "(" + l + " ? " + r + " : " + c.condition(depth-1) + ")"
	case 2, 3:
		return "(" + l + " || " + r + ")"
	default:
		return "(" + l + " && " + r + ")"
	}
}

func (c chance) rules(n int) string {
	var b strings.Builder
	b.WriteString("version: chance\nrules:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - name: r%d\n    stop: %v\n    when: |\n      %s\n", i, c.IntN(12) == 0, c.condition(3))
	}
	return b.String()
}

func (c chance) facts() *rule.Facts {
	r := &eventsv1.Response{
		Survey: pick(c, "a", "b", "c", "k"), Channel: pick(c, "a", "b", "z", ""), Touchpoint: pick(c, "a", "b", "z"), CallbackRequested: c.IntN(3) == 0,
	}
	if c.IntN(2) == 0 {
		r.Attributes = map[string]string{pick(c, "k", "a", "x"): pick(c, "a", "b", "z")}
	}
	if c.IntN(2) == 0 {
		no := false
		r.Consent = &eventsv1.Consent{Callback: &no}
	}
	for range c.IntN(3) {
		r.Answers = append(r.Answers, &eventsv1.Answer{Verbatim: pick(c, "a", "z")})
	}
	s := &eventsv1.Score{WorstClass: pick(c, eventsv1.Class_DETRACTOR, eventsv1.Class_CLASS_UNSPECIFIED)}
	for range c.IntN(3) {
		s.Answers = append(s.Answers, &eventsv1.AnswerScore{
			Metric: pick(c, eventsv1.Metric_NPS, eventsv1.Metric_CSAT), Satisfaction: pick(c, 0.0, 20, 90),
			Class: pick(c, eventsv1.Class_DETRACTOR, eventsv1.Class_PASSIVE, eventsv1.Class_NEUTRAL),
		})
	}
	return rule.NewFacts(r, s)
}

// asked is what comes of asking each rule in its turn.
func asked(set *rule.Set, f *rule.Facts) (fired, failed []string) {
	for _, r := range set.Rules {
		matches, err := r.Matches(f)
		if err != nil {
			failed = append(failed, err.Error())
		}
		if matches {
			fired = append(fired, r.Name)
			if r.Stop {
				break
			}
		}
	}
	return fired, failed
}

func told(v rule.Verdict) (fired, failed []string) {
	for _, r := range v.Fired {
		fired = append(fired, r.Name)
	}
	for _, f := range v.Failures {
		failed = append(failed, f.Error())
	}
	return fired, failed
}

func without(all, some []string) (out []string) {
	for _, s := range all {
		if !slices.Contains(some, s) {
			out = append(out, s)
		}
	}
	return out
}

// Whatever the rules and the response, the index decides as asking each does: what fires,
// what fails, and what fired before and does not any more.
func TestTheIndexDecidesAsAskingEachDoes(t *testing.T) {
	t.Parallel()
	fires, fails, lapses := 0, 0, 0
	for seed := range uint64(60) {
		c := chance{rand.New(rand.NewPCG(seed, 1))}
		set, err := rule.Load("chance.yaml", []byte(c.rules(1+c.IntN(80))), rule.Options{})
		require.NoError(t, err)
		before := c.facts()
		for range 100 {
			f := c.facts()
			wantFired, wantFailed := asked(set, f)
			v := set.Ask(f)
			fired, failed := told(v)
			require.Equal(t, wantFired, fired, "seed %d", seed)
			require.Equal(t, wantFailed, failed, "seed %d", seed)

			firedBefore, _ := asked(set, before)
			decided := strings.Join(append(fired, failed...), " ") + " "
			var want, lapsed []string
			for _, name := range firedBefore {
				if !strings.Contains(decided, name+" ") {
					want = append(want, name)
				}
			}
			for _, r := range set.Lapsed(v, before, nil, before) {
				lapsed = append(lapsed, r.Name)
			}
			require.Equal(t, want, lapsed, "seed %d", seed)
			var begun []string
			for _, r := range set.Begun(v, nil, before) {
				begun = append(begun, r.Name)
			}
			require.Equal(t, without(fired, firedBefore), begun, "seed %d", seed)
			before = f
			fires, fails, lapses = fires+len(fired), fails+len(failed), lapses+len(lapsed)
		}
	}
	require.Greater(t, fires, 5_000)
	require.Greater(t, fails, 5_000)
	require.Greater(t, lapses, 2_000)
}
