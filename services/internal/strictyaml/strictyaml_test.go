package strictyaml_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

const limit = 64 << 10

// shop is what the tests' files hold.
type shop struct {
	name   string
	tags   []string
	rate   float64
	floors int
	open   bool
	labels []string // in the file's order
	staff  []string
	any    any
	given  map[string]bool
}

func read(r *strictyaml.Reader, text string) (s shop, err error) {
	root := r.Document([]byte(text))
	if root == nil {
		return s, r.Err()
	}
	s.given = r.Object(root, "", strictyaml.Fields{
		"name":   func(n *yaml.Node, path string) { s.name = r.Text(n, path) },
		"tags":   func(n *yaml.Node, path string) { s.tags = r.Texts(n, path) },
		"rate":   func(n *yaml.Node, path string) { s.rate = r.Number(n, path, 0.5, 100) },
		"floors": func(n *yaml.Node, path string) { s.floors = r.Whole(n, path, -1, 9) },
		"open":   func(n *yaml.Node, path string) { s.open = r.Flag(n, path) },
		"any":    func(n *yaml.Node, path string) { s.any, _ = r.Value(n, path) },
		"labels": func(n *yaml.Node, path string) {
			r.Pairs(n, path, func(key string, n *yaml.Node, path string) { s.labels = append(s.labels, key, r.Text(n, path)) })
		},
		"staff": func(n *yaml.Node, path string) {
			r.Most(n, path, 2, "person", func(n *yaml.Node, path string) {
				given := r.Object(n, path, strictyaml.Fields{"name": func(n *yaml.Node, path string) { s.staff = append(s.staff, r.Text(n, path)) }})
				r.Required(n, path, given, "name")
			})
		},
	})
	return s, r.Err()
}

func options() strictyaml.Options { return strictyaml.Options{File: "f.yaml", Limit: limit} }

func TestAFileIsRead(t *testing.T) {
	t.Parallel()
	s, err := read(strictyaml.New(options()), `
name: &name "010"
tags: [a, *name]
rate: "2.5"
floors: -1
open: Yes
labels: {z: 1, a: &x b, *x : c}
any: {a: [1, true, *name]}
staff:
  - &zoe {name: Zoé}
  - *zoe
`)
	require.NoError(t, err)
	require.Equal(t, shop{
		name: "010", tags: []string{"a", "010"}, rate: 2.5, floors: -1, open: true,
		labels: []string{"z", "1", "a", "b", "b", "c"}, staff: []string{"Zoé", "Zoé"},
		any:   map[string]any{"a": []any{1, true, "010"}},
		given: map[string]bool{"name": true, "tags": true, "rate": true, "floors": true, "open": true, "labels": true, "any": true, "staff": true},
	}, s)
}

func TestEveryMistakeIsNamedWithItsLine(t *testing.T) {
	t.Parallel()
	const possible = "any, floors, labels, name, open, rate, staff, tags"
	for name, c := range map[string]struct{ text, want string }{
		"no mapping":          {"- a", "f.yaml:1: must hold " + possible + ", as name: value"},
		"not YAML":            {"name: a\ntags: [\n", "f.yaml:2: not YAML: did not find expected node content"},
		"a character":         {"name: a\x00", "f.yaml: not YAML: control characters are not allowed"},
		"no anchor":           {"name: *nobody", "f.yaml: not YAML: unknown anchor 'nobody' referenced"},
		"two documents":       {"name: a\n---\nname: b", "f.yaml:2: a second document begins here; a file holds one"},
		"a broken second":     {"name: ''\n---\n[", "f.yaml:1: name: must not be empty\nf.yaml:3: not YAML: did not find expected node content"},
		"too large":           {strings.Repeat("#", limit+1), "f.yaml: is larger than 65536 bytes"},
		"an unknown key":      {"name: a\nnmae: b", "f.yaml:2: nmae: is not known here; possible are " + possible},
		"a merged key":        {"staff:\n- &a {name: b}\n- {name: c, <<: *a}", "f.yaml:3: staff[1].<<: is not known here; possible are name"},
		"a key is missing":    {"staff:\n- {}\n- a", "f.yaml:2: staff[0].name: is required\nf.yaml:3: staff[1]: must hold name, as name: value"},
		"a key of many lines": {"\"a\\nb\": c", "f.yaml:1: a b: is not known here; possible are " + possible},
		"a key twice":         {"name: a\nrate: 1\nname: b", "f.yaml:3: name: stands twice, first on line 1"},
		"an alias for a key":  {"labels: {&a b: c, *a : d}", "f.yaml:1: labels.b: stands twice, first on line 1"},
		"a list for a key":    {"labels: {[a]: c}", "f.yaml:1: labels: a name must be a text"},
		"no pairs":            {"labels: a", "f.yaml:1: labels: must be pairs, as name: value"},
		"no list":             {"staff: {name: a}", "f.yaml:1: staff: must be a list: each entry begins with a dash"},
		"too many":            {"staff:\n  - {name: a}\n  - {name: ''}\n  - {}\n  - {b: c}", "f.yaml:3: staff[1].name: must not be empty\nf.yaml:4: this is the person too many: a file holds at most 2"},
		"no text":             {"name: [a]", "f.yaml:1: name: must be a text"},
		"a brace":             {"name: {a}", "f.yaml:1: name: must be a text; a text that begins with a brace needs quotes"},
		"nothing":             {"name:\nopen: ~", "f.yaml:1: name: must not be empty\nf.yaml:2: open: must not be empty"},
		"no texts":            {"tags: []", "f.yaml:1: tags: must not be empty"},
		"a text of texts":     {"tags:\n  - a\n  - []", "f.yaml:3: tags[1]: must be a text"},
		"no number":           {"rate: 1e", "f.yaml:1: rate: must be a number from 0.5 to 100"},
		"not a number":        {"rate: NaN", "f.yaml:1: rate: must be a number from 0.5 to 100"},
		"a number too high":   {"rate: 100.5", "f.yaml:1: rate: must be a number from 0.5 to 100"},
		"a fraction":          {"floors: 1.5", "f.yaml:1: floors: must be a whole number from -1 to 9"},
		"too low":             {"floors: -2", "f.yaml:1: floors: must be a whole number from -1 to 9"},
		"no flag":             {"open: maybe", "f.yaml:1: open: must be true or false"},
		"a value's key twice": {"any:\n  a: 1\n  a: 2", `f.yaml:3: any: mapping key "a" already defined at line 2`},
		"an alias's text":     {"name: &a ''\ntags: *a", "f.yaml:1: name: must not be empty\nf.yaml:1: tags: must not be empty"},
		"an alias in itself":  {"any: a\nstaff: &a\n  - {name: [*a]}", "f.yaml:3: this alias stands for what it is a part of"},
		"too deep":            {"any: " + strings.Repeat("[", 64) + strings.Repeat("]", 64), "f.yaml:1: is nested deeper than 64 levels"},
		"all at once":         {"open: 1\nfloors: x\nrate: x", "f.yaml:1: open: must be true or false\nf.yaml:2: floors: must be a whole number from -1 to 9\nf.yaml:3: rate: must be a number from 0.5 to 100"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := read(strictyaml.New(options()), c.text)
			require.EqualError(t, err, c.want)
		})
	}
	_, err := read(strictyaml.New(options()), "any: "+strings.Repeat("[", 63)+strings.Repeat("]", 63))
	require.NoError(t, err, "as deep as can be")
}

func TestAFileThatHoldsNothing(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "\n# nothing\n", "---", "~"} {
		_, err := read(strictyaml.New(options()), text)
		require.NoError(t, err, "unless that is a problem")
		o := options()
		o.Empty = "is empty: it needs a name"
		_, err = read(strictyaml.New(o), text)
		require.EqualError(t, err, "f.yaml: is empty: it needs a name", text)
	}
}

// What stands in the wrong place of a secret file may be a secret.
func TestASecretFileIsNotRepeated(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"hunter2: a", "name: *hunter2", "hunter2", "labels: {hunter2: []}", "labels: {hunter2: a, hunter2: b}", "any: {hunter2: a, hunter2: b}", "any: !!int hunter2",
		"name: 'hunter2", "name: @hunter2", "name: %hunter2", "%hunter2 a\n---\n", "name: !hunter2!a b", "open: hunter2", "rate: hunter2", "staff: [{hunter2: a}]", "{hunter2: &a [*a]}", "name: a: hunter2",
		"hunter2:\n\t- a", "&hunter2 a: b", "any: {<<: hunter2}", "any: !!binary hunter2", "any: !!float hunter2",
	} {
		o := options()
		o.Secret = true
		_, err := read(strictyaml.New(o), text)
		require.Error(t, err, text)
		require.NotContains(t, err.Error(), "hunter2")
		require.NotContains(t, err.Error(), "hunt")
	}
}

func TestWhatAProblemIsAbout(t *testing.T) {
	t.Parallel()
	o := options()
	o.Columns = true
	r := strictyaml.New(o)
	root := r.Document([]byte("a:\n  b: c"))
	r.Add(strictyaml.Problem{Message: "is no good"})
	r.About("rule late")
	r.Text(root, "a")
	r.Add(strictyaml.Problem{Line: 2, Column: 6, Message: "is undeclared"})
	r.About("")
	r.Text(root, "")
	require.Equal(t, 4, r.Count())
	require.EqualError(t, r.Err(), `f.yaml: is no good
f.yaml:1:1: rule late: a: must be a text; a text that begins with a brace needs quotes
f.yaml:1:1: must be a text; a text that begins with a brace needs quotes
f.yaml:2:6: rule late: is undeclared`)
}

func TestProblemsFoundAfterwardsAreInOrder(t *testing.T) {
	t.Parallel()
	require.NoError(t, strictyaml.Refuse("f.yaml", nil))
	err := strictyaml.Refuse("f.yaml", []strictyaml.Problem{{Line: 2, Path: "b", Message: "is wrong"}, {Line: 1, Message: "too"}})
	require.EqualError(t, err, "f.yaml:1: too\nf.yaml:2: b: is wrong")
}

func TestProblemsAreBounded(t *testing.T) {
	t.Parallel()
	r := strictyaml.New(options())
	_, err := read(r, "labels:\n"+strings.Repeat("  a:\n", 1003))
	var refused *strictyaml.Error
	require.ErrorAs(t, err, &refused)
	require.Len(t, refused.Problems, 1000)
	require.Equal(t, 3, refused.More)
	require.Equal(t, 1003, r.Count())
	require.Equal(t, "f.yaml: and 3 problems more", refused.Lines()[1000])
	_, err = read(strictyaml.New(options()), "? "+strings.Repeat("é", 2000)+"\n: a")
	require.Contains(t, err.Error(), "f.yaml:1: "+strings.Repeat("é", 1000)+"…: is not known")
}

// laughs is a file of a few hundred bytes that stands for a billion texts.
func laughs(base string) string {
	text := "labels:\n  a0: &a0 " + base + "\n"
	for i := range 9 {
		text += fmt.Sprintf("  a%d: &a%d [%s]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d,", i), 10))
	}
	return text
}

func TestAnAliasBombIsRefused(t *testing.T) {
	t.Parallel()
	var chain strings.Builder // one level deeper with each line
	chain.WriteString("any:\n  - &a0 a\n")
	for i := range 200 {
		fmt.Fprintf(&chain, "  - &a%d [*a%d]\n", i+1, i)
	}
	long := strings.Repeat("x", 20_000)
	for name, c := range map[string]struct{ text, want string }{
		"a billion laughs": {laughs("ha"), "f.yaml:8: stands for more than 1048576 values, with its aliases"},
		"a long text":      {laughs(long), "f.yaml:6: stands for more than 1048576 values, with its aliases"},
		"a deep chain":     {chain.String(), "f.yaml:64: is nested deeper than 64 levels"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := read(strictyaml.New(options()), c.text)
			require.EqualError(t, err, c.want)
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"name: a\ntags: [a, b]\nrate: 1\nfloors: 2\nopen: yes\nlabels: {a: b}\nstaff: [{name: a}]", laughs("a"), "any: &a [*a]", "any: {<<: [&a {b: c}, *a]}",
		"&a ? *a : *a", "a\n---\nb", "any: !!binary \"\x00\"", "any: [!!float a, 2026-01-01, 0x10, .inf]", "? - a\n: - b", "\ufeffname: a", "%YAML 1.1\n---\nname: a",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, secret := range []bool{false, true} {
			o := options()
			o.Secret = secret
			r := strictyaml.New(o)
			s, err := read(r, text)
			require.Equal(t, err == nil, r.Count() == 0)
			// Each text that was read was walked: there are no more than a document stands for.
			require.LessOrEqual(t, len(s.tags)+len(s.labels)+len(s.staff), max(1<<20, 2*len(text)))
			if err != nil {
				require.LessOrEqual(t, strings.Count(err.Error(), "\n"), 1000)
			}
		}
	})
}
