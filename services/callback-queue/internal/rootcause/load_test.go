package rootcause_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/rootcause"
)

func TestTheSampleTree(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../../sample/root-causes.yaml")
	require.NoError(t, err)
	tree, err := rootcause.Load("root-causes.yaml", text)
	require.NoError(t, err)
	require.Len(t, tree, len(callback.Dimensions))
	for _, d := range tree {
		require.NotEmpty(t, d.Causes, d.ID)
		require.False(t, tree.Has(d.ID), "a dimension is no cause")
	}
	require.True(t, tree.Has("product_service_quality/damaged"))
	require.True(t, tree.Has("responsiveness_after_sales/delivery/late"))
	require.True(t, tree.Has("responsiveness_after_sales/delivery"))
	for _, no := range []string{"", "/", "damaged", "product_service_quality/", "product_service_quality/damaged/", "product_service_quality//damaged"} {
		require.False(t, tree.Has(no), no)
	}
}

const good = `root_causes:
  - {id: product_service_quality, label: {fr: a, en: a}, causes: [{id: damaged, label: {fr: abîmé, en: damaged}}]}
  - {id: communication_relationship, label: {fr: a, en: a}}
  - {id: responsiveness_after_sales, label: {fr: a, en: a}}
  - {id: overall_experience, label: {fr: a, en: a}}
`

func TestEverythingWrongIsNamedWithItsLine(t *testing.T) {
	t.Parallel()
	_, err := rootcause.Load("f.yaml", []byte(good))
	require.NoError(t, err)
	deep := strings.Repeat("causes: [{id: x, label: {fr: a, en: a}, ", 5) + strings.Repeat("}]", 5)
	for name, c := range map[string]struct{ text, want string }{
		"nothing":        {"", "f.yaml: root_causes: lacks the dimension product_service_quality\n"},
		"not yaml":       {"root_causes: [", "f.yaml:1: not YAML: "},
		"another field":  {"causes: []", "f.yaml:1: causes: is not known here; possible are root_causes"},
		"a dimension":    {strings.ReplaceAll(good, "overall_experience", "price"), "f.yaml:5: the first level must be the dimensions "},
		"one is missing": {good[:strings.Index(good, "  - {id: overall")], "f.yaml: root_causes: lacks the dimension overall_experience"},
		"twice":          {good + "  - {id: overall_experience, label: {fr: a, en: a}}", "f.yaml:6: overall_experience: is there twice"},
		"no label":       {strings.Replace(good, "en: damaged", "de: kaputt", 1), "f.yaml:2: product_service_quality/damaged: lacks its label in en"},
		"an empty label": {strings.Replace(good, "en: damaged", "en: ''", 1), "f.yaml:2: root_causes[0].causes[0].label.en: must not be empty"},
		"a field twice":  {strings.Replace(good, "id: damaged", "id: damaged, id: late", 1), "f.yaml:2: root_causes[0].causes[0].id: stands twice, first on line 2"},
		"a bad word":     {strings.Replace(good, "id: damaged", "id: Da/maged", 1), `f.yaml:2: id must be 1 to 40 small letters, digits or _, not "Da/maged"`},
		"a stray field":  {strings.Replace(good, "id: damaged", "id: damaged, cost: 3", 1), "f.yaml:2: root_causes[0].causes[0].cost: is not known here; possible are causes, id, label"},
		"no cause":       {strings.Replace(good, "[{id: damaged", "[7, {id: damaged", 1), "f.yaml:2: root_causes[0].causes[0]: must hold causes, id, label, as name: value"},
		"too deep":       {strings.Replace(good, "experience, label: {fr: a, en: a}", "experience, label: {fr: a, en: a}, "+deep, 1), "is too deep"},
		"too many":       {good + strings.Repeat("  - {id: overall_experience, label: {fr: a, en: a}}\n", 1000), "f.yaml:1001: this is the cause too many"},
	} {
		_, err := rootcause.Load("f.yaml", []byte(c.text))
		require.ErrorContains(t, err, c.want, name)
	}
	_, err = rootcause.Load("f.yaml", []byte("root_causes: [{id: price}, {id: Price, label: {en: a}}]"))
	require.Len(t, strings.Split(err.Error(), "\n"), 9, err)
}

func FuzzLoad(f *testing.F) {
	f.Add(good)
	f.Fuzz(func(_ *testing.T, text string) { _, _ = rootcause.Load("f.yaml", []byte(text)) })
}
