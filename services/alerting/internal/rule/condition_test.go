package rule_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

// asRule writes a condition as a block, which begins at 5:7.
func asRule(when string) string {
	return "version: 1\nrules:\n  - name: r\n    when: |\n      " + strings.ReplaceAll(when, "\n", "\n      ") + "\n"
}

func compile(t *testing.T, when string) *rule.Rule {
	t.Helper()
	set, err := rule.Load("rules.yaml", []byte(asRule(when)), rule.Options{})
	require.NoError(t, err)
	return set.Rules[0]
}

// Conditions that do not type-check, cannot mean what they say, or cost too much.
func TestConditionsThatAreRefused(t *testing.T) {
	t.Parallel()
	for when, want := range map[string]string{
		"nps.class ==":              "5:18: rule r: Syntax error",
		"nps.class = 1":             "5:17: rule r: Syntax error: token recognition error at: '= '; == compares",
		"nps.class == 'DETRACTOR'":  "5:17: rule r: found no matching overload for '==' applied to '(int, string)'; the two sides",
		"csat.satisfaction < 40":    "5:7: rule r: csat", // either message will do: it is wrong twice
		"nps.classe == 1":           "5:10: rule r: undefined field 'classe'",
		"now() > 1":                 "5:10: rule r: undeclared reference to 'now'; the names are nps, csat",
		"may_call &&\n\n  mai_call": "7:9: rule r: undeclared reference to 'mai_call'",
		"'é' == survey && foo":      "5:24: rule r: undeclared reference to 'foo'",
		"nps.class":                 "4:11: rule r: when: must be true or false, this is int",

		"has(csat.satisfaction)":                                         "5:10: rule r: has(csat.satisfaction) is false for 0",
		"csat.satisfaction < 40.0":                                       "5:11: rule r: csat.satisfaction is 0 when nothing was asked, which is also the worst there is: write has(csat.metric) && …",
		"nps.value <= 3.0 && may_call":                                   "5:10: rule r: nps.value is 0 when nothing was asked",
		"score.worst_satisfaction < 10.0":                                "5:12: rule r: score.worst_satisfaction is 0",
		"attributes.segment == 'pro'":                                    `5:17: rule r: fails on a response without the attribute "segment"`,
		"attributes['a'] == 'x' && 'b' in attributes":                    `5:18: rule r: fails on a response without the attribute "a": write attributes[?"a"].orValue("")`,
		"response.attributes.region == 'IDF'":                            `5:26: rule r: fails on a response without the attribute "region"`,
		"csat.class == Class.HIGH_EFFORT":                                "5:26: rule r: csat.class is never Class.HIGH_EFFORT: it is DISSATISFIED, NEUTRAL or SATISFIED",
		"Class.RESOLVED == nps.class":                                    "5:12: rule r: nps.class is never Class.RESOLVED",
		"ces.class in [Class.HIGH_EFFORT, Class.DETRACTOR]":              "5:45: rule r: ces.class is never Class.DETRACTOR",
		"fcr.class != Metric.NPS":                                        "5:26: rule r: fcr.class is never Metric.NPS: it is RESOLVED or UNRESOLVED",
		"response.answers.exists(a, response.answers.exists(b, a == b))": "could cost",
		"response.answers.exists(a, response.answers.exists(b, response.answers.exists(c, true)))": "can stand in each other twice",
		"survey.matches('(')":                       "5:22: rule r: invalid matches argument; the pattern",
		"survey.matches('(a{100}){100}')":           "invalid matches argument; the pattern",
		"timestamp('soon') < response.submitted_at": "5:17: rule r: invalid timestamp argument",
	} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			if want == "5:7: rule r: csat" {
				problems(t, asRule(when))
				return
			}
			require.Contains(t, strings.Join(problems(t, asRule(when)), "\n"), want)
		})
	}
}

func TestConditionsThatAreTaken(t *testing.T) {
	t.Parallel()
	for _, when := range []string{
		"true",
		"has(csat.metric) && csat.satisfaction < 40.0",
		"nps.class == Class.DETRACTOR && nps.value <= 3.0",
		"nps.class == Class.CLASS_UNSPECIFIED",
		"score.worst_class == Class.UNRESOLVED && score.worst_satisfaction == 0.0",
		"score.answers.exists(a, a.metric == Metric.CES && a.satisfaction < 20.0)",
		"'segment' in attributes && attributes.segment == 'pro'",
		"has(attributes.segment) && attributes['segment'] == 'pro'",
		"attributes[?'segment'].orValue('') == 'pro'",
		"attributes.?segment.orValue('') in ['pro', 'enterprise']",
		"response.answers.exists(a, a.verbatim.matches('(?i)avocat|huissier|mise en demeure|tribunal|plainte|signal conso'))",
		"response.answers.filter(a, a.verbatim != '').size() > 1",
		"response.customer.language.startsWith('fr') && !may_call",
		"response.submitted_at.getDayOfWeek('Europe/Paris') == 0",
		"survey == 'apres-livraison' ? channel == 'sms' : touchpoint.contains('delivery')",
	} {
		compile(t, when)
	}
}

// The line and column of a mistake, however YAML lets the text be written.
func TestPositionsInEveryStyleOfText(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		when string
		want string
	}{
		"plain":               {"may_call && wrong", "4:23"},
		"plain, two lines":    {"may_call &&\n      wrong", "5:7"},
		"single quotes":       {`'survey == ''a'' && wrong'`, "4:31"},
		"double quotes":       {`"survey == \"a\" && wrong"`, "4:31"},
		"double, two lines":   {"\"may_call\n      && wrong\"", "5:10"},
		"literal":             {"|\n      may_call &&\n      wrong\n", "6:7"},
		"literal, indented":   {"|2\n        may_call &&\n          wrong\n", "6:11"},
		"literal, blank":      {"|\n\n\n      may_call && wrong\n", "7:19"},
		"folded":              {">\n      may_call\n      && survey == 'x'\n      && wrong\n", "7:10"},
		"folded, a comment":   {">- # why wrong\n      may_call\n      && wrong\n", "6:10"},
		"accents before it":   {"|\n      survey == 'été' && wrong\n", "5:26"},
		"the same word twice": {"|\n      wrongs == 'wrong' || wrong\n", "5:7"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := fmt.Sprintf("version: 1\nrules:\n  - name: r\n    when: %s\n    about: NPS\n", c.when)
			got := problems(t, text)
			require.True(t, strings.HasPrefix(got[0], "rules.yaml:"+c.want+": rule r: undeclared reference"), got[0])
		})
	}
}

func TestTheCostBoundIsTheCallers(t *testing.T) {
	t.Parallel()
	text := []byte(asRule("response.answers.exists(a, a.verbatim.contains('avocat'))"))
	_, err := rule.Load("rules.yaml", text, rule.Options{MaxCost: 1000})
	require.ErrorContains(t, err, "more than 1000 allowed")
	_, err = rule.Load("rules.yaml", text, rule.Options{MaxCost: 1_000_000})
	require.NoError(t, err)
}

func FuzzLoad(f *testing.F) {
	f.Add(rule.DefaultText)
	f.Add([]byte(asRule("has(nps.metric) && nps.value < 3.0")))
	f.Add([]byte("version: 1\nrules: &a\n  - *a\n"))
	f.Add([]byte("version: \"1\"\nrules:\n  - {name: a, when: \"a\\u00e9 == \\x41\", callback: {queue: q}}\n"))
	f.Add([]byte("version: 1\nrules:\n  - name: r\n    when: >+3\n        && wrong\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := rule.Load("rules.yaml", text, rule.Options{})
		if err != nil {
			require.Nil(t, set)
			require.NotEmpty(t, err.Error())
			return
		}
		for _, r := range set.Rules {
			require.NotEmpty(t, r.Name)
			_, _ = r.Matches(rule.NewFacts(nil, nil))
		}
		wantFired, wantFailed := asked(set, rule.NewFacts(nil, nil))
		fired, failed := told(set.Ask(rule.NewFacts(nil, nil)))
		require.Equal(t, wantFired, fired)
		require.Equal(t, wantFailed, failed)
	})
}
