package rule_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// problems loads a text that must be refused and returns file:line:column and
// reason of each problem.
func problems(t *testing.T, text string) []string {
	t.Helper()
	set, err := rule.Load("rules.yaml", []byte(text), rule.Options{})
	require.Nil(t, set)
	var refused *strictyaml.Error
	require.ErrorAs(t, err, &refused)
	return refused.Lines()
}

func TestAWholeRule(t *testing.T) {
	t.Parallel()
	set, err := rule.Load("rules.yaml", []byte(`
version: 2026-11
rules:
  - name: pro_detractor
    description: {fr: Détracteur pro., en: Professional detractor.}
    when: nps.class == Class.DETRACTOR
    about: NPS
    severity: high
    team: b2b
    labels: {region: IDF, cost_centre: "042"}
    stop: true
    callback:
      queue: pro
      priority: 90
      skills: [billing, 'english:3']
      first_attempt_within: 1h30m
  - name: note
    when: may_call
`), rule.Options{})
	require.NoError(t, err)
	require.Regexp(t, `^2026-11\+[0-9a-f]{8}$`, set.Version)
	require.Len(t, set.Rules, 2)
	r := set.Rules[0]
	require.Equal(t, "pro_detractor", r.Name)
	require.Equal(t, map[string]string{"fr": "Détracteur pro.", "en": "Professional detractor."}, r.Description)
	require.Equal(t, "nps.class == Class.DETRACTOR", r.When)
	require.Equal(t, eventsv1.Metric_NPS, r.About)
	require.Equal(t, eventsv1.Severity_HIGH, r.Severity)
	require.Equal(t, "b2b", r.Team)
	require.Equal(t, map[string]string{"region": "IDF", "cost_centre": "042"}, r.Labels)
	require.True(t, r.Stop)
	require.False(t, set.Rules[1].Stop)
	require.Equal(t, "pro", r.Callback.GetQueue())
	require.Equal(t, int32(90), r.Callback.GetPriority())
	require.Equal(t, []string{"billing", "english:3"}, r.Callback.GetSkills())
	require.Equal(t, 90*time.Minute, r.Callback.GetFirstAttemptWithin().AsDuration())
	require.Nil(t, set.Rules[1].Callback)
	require.Equal(t, eventsv1.Metric_METRIC_UNSPECIFIED, set.Rules[1].About)
	require.Equal(t, eventsv1.Severity_MEDIUM, set.Rules[1].Severity)
}

func TestHowLongAlertsStandAndWhoIsTold(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"1m": time.Minute, "90m": 90 * time.Minute, "4h": 4 * time.Hour, "7d": 168 * time.Hour, "30d": 720 * time.Hour} {
		set, err := rule.Load("rules.yaml", []byte("version: 1\nrules: [{name: a, when: may_call, notify: true, resolves_after: "+text+"}]\n"), rule.Options{})
		require.NoError(t, err)
		require.True(t, set.Rules[0].Notify)
		require.Equal(t, want, set.Rules[0].ResolvesAfter.AsDuration())
	}
	set, err := rule.Load("rules.yaml", []byte("version: 1\nrules: [{name: a, when: may_call}]\n"), rule.Options{})
	require.NoError(t, err)
	require.False(t, set.Rules[0].Notify)
	require.Nil(t, set.Rules[0].ResolvesAfter)
}

func TestEverySeverity(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]eventsv1.Severity{
		"low": eventsv1.Severity_LOW, "medium": eventsv1.Severity_MEDIUM, "high": eventsv1.Severity_HIGH, "critical": eventsv1.Severity_CRITICAL,
	} {
		set, err := rule.Load("rules.yaml", []byte("version: 1\nrules: [{name: a, when: may_call, severity: "+word+"}]\n"), rule.Options{})
		require.NoError(t, err)
		require.Equal(t, want, set.Rules[0].Severity)
	}
}

func TestTheVersionTellsTwoFilesApart(t *testing.T) {
	t.Parallel()
	const text = "version: 1\nrules: [{name: a, when: may_call}]\n"
	a, err := rule.Load("a.yaml", []byte(text), rule.Options{})
	require.NoError(t, err)
	same, err := rule.Load("b.yaml", []byte(text), rule.Options{})
	require.NoError(t, err)
	other, err := rule.Load("a.yaml", []byte(text+"# changed\n"), rule.Options{})
	require.NoError(t, err)
	require.Equal(t, a.Version, same.Version)
	require.NotEqual(t, a.Version, other.Version)
}

// What is wrong with a file as YAML and as a rules file, and on which line.
func TestWrongFiles(t *testing.T) {
	t.Parallel()
	const head = "version: 1\nrules:\n"
	for name, c := range map[string]struct{ text, want string }{
		"empty":               {"", "rules.yaml: is empty: it needs a version and rules"},
		"only a comment":      {"# nothing\n", "rules.yaml: is empty: it needs a version and rules"},
		"not YAML":            {"version: 1\nrules: [\n", "rules.yaml:2:1: not YAML: did not find expected node content"},
		"NUL":                 {"version: 1\x00\n", "rules.yaml: not YAML: control characters are not allowed"},
		"not UTF-8":           {"version: \xff\xfe\n", "rules.yaml: not YAML: "},
		"huge":                {strings.Repeat("#\n", 1<<20), "rules.yaml: is larger than 1048576 bytes"},
		"two documents":       {head + "  - {name: a, when: may_call}\n---\nversion: 2\n", "rules.yaml:4:1: a second document begins here; a file holds one"},
		"a list":              {"- a\n", "rules.yaml:1:1: must hold contact, fallbacks, metrics, rules, version, as name: value"},
		"no version":          {"rules:\n  - {name: a, when: may_call}\n", "rules.yaml:1:1: version: is required"},
		"bad version":         {"version: a b\nrules:\n  - {name: a, when: may_call}\n", "rules.yaml:1:10: version: must be 1 to 32"},
		"no rules":            {"version: 1\n", "rules.yaml:1:1: rules: is required"},
		"empty rules":         {"version: 1\nrules: []\n", "rules.yaml:2:8: rules: is empty"},
		"rules a mapping":     {"version: 1\nrules:\n  a: b\n", "rules.yaml:3:3: rules: must be a list"},
		"unknown key":         {"version: 1\nrule: []\nrules: [{name: a, when: may_call}]\n", `rules.yaml:2:1: rule: is not known here; possible are contact, fallbacks, metrics, rules, version`},
		"key twice":           {"version: 1\nversion: 2\nrules: [{name: a, when: may_call}]\n", `rules.yaml:2:1: version: stands twice, first on line 1`},
		"a rule is a text":    {head + "  - detractor\n", "rules.yaml:3:5: must hold about, callback, description, fallback, labels, name, notify, resolves_after, severity, stop, team, when, as name: value"},
		"unknown rule key":    {head + "  - name: a\n    when: may_call\n    prioritee: 3\n", `rules.yaml:5:5: rule a: prioritee: is not known here; possible are about, callback`},
		"no name":             {head + "  - when: may_call\n", "rules.yaml:3:5: name: is required"},
		"name null":           {head + "  - name:\n    when: may_call\n", "rules.yaml:3:10: name: must not be empty"},
		"bad name":            {head + "  - name: a.b\n    when: may_call\n", `rules.yaml:3:11: name: "a.b" must be 1 to 64 letters, digits, _ or -`},
		"name of no rule":     {head + "  - {name: follow_up, when: may_call}\n", "rules.yaml:3:12: rule follow_up: name: is taken by the answers to follow-up surveys"},
		"name twice":          {head + "  - {name: a, when: may_call}\n\n  - name: a\n    when: may_call\n", "rules.yaml:5:11: rule a: name: is taken by the rule on line 3"},
		"no condition":        {head + "  - name: a\n", "rules.yaml:3:5: rule a: when: is required"},
		"condition empty":     {head + "  - name: a\n    when: '  '\n", "rules.yaml:4:11: rule a: when: must not be empty"},
		"condition a list":    {head + "  - name: a\n    when: [may_call]\n", "rules.yaml:4:11: rule a: when: must be a text"},
		"bad metric":          {head + "  - name: a\n    when: may_call\n    about: nps\n", "rules.yaml:5:12: rule a: about: must be NPS, CSAT, CES or FCR"},
		"unknown severity":    {head + "  - name: a\n    when: may_call\n    severity: urgent\n", "rules.yaml:5:15: rule a: severity: must be low, medium, high or critical"},
		"severity aloud":      {head + "  - name: a\n    when: may_call\n    severity: HIGH\n", "rules.yaml:5:15: rule a: severity: must be low"},
		"severity null":       {head + "  - name: a\n    when: may_call\n    severity:\n", "rules.yaml:5:14: rule a: severity: must be low"},
		"severity a list":     {head + "  - name: a\n    when: may_call\n    severity: [high]\n", "rules.yaml:5:15: rule a: severity: must be low"},
		"severity unsaid":     {head + "  - name: a\n    when: may_call\n    severity: severity_unspecified\n", "rules.yaml:5:15: rule a: severity: must be low"},
		"unknown language":    {head + "  - name: a\n    when: may_call\n    description:\n      de: Nein\n", `rules.yaml:6:7: rule a: description.de: is not known here; possible are en, fr`},
		"empty description":   {head + "  - name: a\n    when: may_call\n    description: {fr: ''}\n", "rules.yaml:5:23: rule a: description.fr: must not be empty"},
		"callback a text":     {head + "  - name: a\n    when: may_call\n    callback: default\n", "rules.yaml:5:15: rule a: callback: must hold even_if_called, first_attempt_within, priority, queue, skills, as name: value"},
		"no queue":            {head + "  - name: a\n    when: may_call\n    callback:\n      priority: 1\n", "rules.yaml:6:7: rule a: callback.queue: is required"},
		"no priority":         {head + "  - name: a\n    when: may_call\n    callback:\n      queue: q\n", "rules.yaml:6:7: rule a: callback.priority: is required"},
		"bad queue":           {head + "  - name: a\n    when: may_call\n    callback: {queue: 'a b', priority: 1}\n", "rules.yaml:5:23: rule a: callback.queue: must be 1 to 64"},
		"priority too high":   {head + "  - name: a\n    when: may_call\n    callback: {queue: q, priority: 101}\n", "rules.yaml:5:36: rule a: callback.priority: must be a whole number from 0 to 100"},
		"priority a text":     {head + "  - name: a\n    when: may_call\n    callback: {queue: q, priority: high}\n", "rules.yaml:5:36: rule a: callback.priority: must be"},
		"skill twice":         {head + "  - name: a\n    when: may_call\n    callback: {queue: q, priority: 5, skills: [x, x]}\n", `rules.yaml:5:51: rule a: callback.skills[1]: the skill "x" is there twice`},
		"skill at two levels": {head + "  - name: a\n    when: may_call\n    callback: {queue: q, priority: 5, skills: [x, 'x:2']}\n", `rules.yaml:5:51: rule a: callback.skills[1]: the skill "x" is there twice`},
		"skill too high":      {head + "  - name: a\n    when: may_call\n    callback: {queue: q, priority: 5, skills: ['x:11']}\n", `rules.yaml:5:48: rule a: callback.skills[0]: must be 1 to 64 letters, digits, _ or -, and may ask for a level of 1 to 10, as billing:3`},
		"skills a text":       {head + "  - name: a\n    when: may_call\n    callback: {queue: q, priority: 5, skills: x}\n", "rules.yaml:5:47: rule a: callback.skills: must be a list"},
		"bad team":            {head + "  - name: a\n    when: may_call\n    team: a b\n", "rules.yaml:5:11: rule a: team: must be 1 to 64"},
		"bad stop":            {head + "  - name: a\n    when: may_call\n    stop: maybe\n", "rules.yaml:5:11: rule a: stop: must be true or false"},
		"labels a list":       {head + "  - name: a\n    when: may_call\n    labels: [x]\n", "rules.yaml:5:13: rule a: labels: must be pairs, as name: value"},
		"bad label":           {head + "  - name: a\n    when: may_call\n    labels: {a-b: x}\n", "rules.yaml:5:19: rule a: labels.a-b: a label's name must be"},
		"label empty":         {head + "  - name: a\n    when: may_call\n    labels: {a: }\n", "rules.yaml:5:17: rule a: labels.a: must not be empty"},
		"label too long":      {head + "  - name: a\n    when: may_call\n    labels: {a: " + strings.Repeat("é", 201) + "}\n", "rules.yaml:5:17: rule a: labels.a: is longer than 200 characters"},
		"too many labels":     {head + "  - name: a\n    when: may_call\n    labels:\n" + manyLabels(21), "rules.yaml:6:7: rule a: labels: holds more than 20"},
		"notify":              {head + "  - name: a\n    when: may_call\n    notify: maybe\n", "rules.yaml:5:13: rule a: notify: must be true or false"},
		"bad standing":        {head + "  - name: a\n    when: may_call\n    resolves_after: soon\n", "rules.yaml:5:21: rule a: resolves_after: must be a time in whole minutes like 90m, 4h or 7d, 1m to 30d"},
		"standing too short":  {head + "  - name: a\n    when: may_call\n    resolves_after: 30s\n", "rules.yaml:5:21: rule a: resolves_after: must be"},
		"standing too long":   {head + "  - name: a\n    when: may_call\n    resolves_after: 31d\n", "rules.yaml:5:21: rule a: resolves_after: must be"},
		"standing negative":   {head + "  - name: a\n    when: may_call\n    resolves_after: -1d\n", "rules.yaml:5:21: rule a: resolves_after: must be"},
		"bad duration":        {head + "  - name: a\n    when: may_call\n    callback: {queue: q, priority: 5, first_attempt_within: 4}\n", "rules.yaml:5:61: rule a: callback.first_attempt_within: must be a time like"},
		"negative duration":   {head + "  - name: a\n    when: may_call\n    callback: {queue: q, priority: 5, first_attempt_within: -4h}\n", "rules.yaml:5:61: rule a: callback.first_attempt_within: must be"},
		"merge key":           {head + "  - &a {name: a, when: may_call}\n  - {<<: *a, name: b}\n", `rules.yaml:4:6: rule b: <<: is not known here`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, strings.Join(problems(t, c.text), "\n"), c.want)
		})
	}
}

func manyLabels(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "      l%d: x\n", i)
	}
	return b.String()
}

func TestEverythingWrongIsNamedAtOnceInTheFilesOrder(t *testing.T) {
	t.Parallel()
	got := problems(t, `version: 1
rules:
  - name: first
    when: npss.class == Class.DETRACTOR
    about: SMILE
    callback:
      queue: default
      priority: 500
  - name: first
    when: |
      may_call &&
      nps.klass == Class.DETRACTOR
  - name: third
    colour: red
    when: nps.class
`)
	want := []string{
		"rules.yaml:4:11: rule first: undeclared reference to 'npss' (did you mean 'nps'?)",
		"rules.yaml:5:12: rule first: about: must be NPS, CSAT, CES or FCR",
		"rules.yaml:8:17: rule first: callback.priority: must be a whole number from 0 to 100",
		"rules.yaml:9:11: rule first: name: is taken by the rule on line 3",
		"rules.yaml:12:10: rule first: undefined field 'klass'",
		`rules.yaml:14:5: rule third: colour: is not known here`,
		"rules.yaml:15:11: rule third: when: must be true or false, this is int",
	}
	require.Len(t, got, len(want))
	for i := range want {
		require.Contains(t, got[i], want[i])
	}
}

func TestAnAliasStandsForWhatItNames(t *testing.T) {
	t.Parallel()
	set, err := rule.Load("rules.yaml", []byte(`
version: 1
rules:
  - {name: a, when: may_call, callback: &cb {queue: q, priority: 3}}
  - {name: b, when: may_call, callback: *cb}
`), rule.Options{})
	require.NoError(t, err)
	require.Equal(t, int32(3), set.Rules[1].Callback.GetPriority())
	got := problems(t, "version: 1\nrules: &all\n  - {name: a, when: may_call, callback: *all}\n")
	require.Contains(t, got[0], "rules.yaml:3:41: this alias stands for what it is a part of")
}

func TestTooManyRules(t *testing.T) {
	t.Parallel()
	text := "version: 1\nrules:\n" + strings.Repeat("  - {}\n", 1001)
	require.Contains(t, problems(t, text), "rules.yaml:1003:5: this is the rule too many: a file holds at most 1000")
}
