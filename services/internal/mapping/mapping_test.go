package mapping_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/mapping"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

const whole = `
file: {delimiter: tab, encoding: windows-1252}
survey: {column: Enquête, values: {Livraison: apres-livraison}, default: autre}
id: {template: "m-{N°}-{{x}}"}
channel: email
touchpoint: {column: Étape}
submittedAt: {column: Date, layouts: [dd/mm/yyyy HH:MM, iso, serial], timeZone: Europe/Paris}
customer:
  id: Client n°
  name: {template: "{Prénom} {Nom}"}
  phone: {column: Tél, country: fr}
  email: Courriel
  language: {text: fr}
  timeZone: {text: Europe/Paris}
answers:
  - {metric: csat, column: Note, scale: {min: 1, max: 10}, question: q1}
  - {metric: CES, column: Effort, scale: {min: 1, max: 5, direction: lower_is_better}}
  - {metric: FCR, column: Réglé, when: {column: Étape, isNot: [vente]}}
  - {metric: NPS, column: Humeur, values: {content: 10, "mécontent": 0}}
  - verbatim: Commentaire
attributes: {magasin: Magasin, source: {text: papier}}
callbackRequested: {column: Rappel, yes: [oui, "à rappeler"]}
consent: {callback: Accord}
skip:
  - when: [{column: Note, empty: true}, {column: Étape, is: test}]
    reason: an empty test
`

var header = strings.Split("Enquête|N°|Étape|Date|Client n°|Prénom|Nom|Tél|Courriel|Note|Effort|Réglé|Humeur|Commentaire|Magasin|Rappel|Accord", "|")

// cells of a row by column; the others are empty.
func cells(pairs ...string) []string {
	row := make([]string, len(header))
	for i := 0; i < len(pairs); i += 2 {
		for j, h := range header {
			if h == pairs[i] {
				row[j] = pairs[i+1]
			}
		}
	}
	return row
}

func bound(t testing.TB, text string) *mapping.Bound {
	t.Helper()
	m, err := mapping.Parse("m.yaml", []byte(text))
	require.NoError(t, err)
	b, err := m.Bind(header)
	require.NoError(t, err)
	return b
}

func TestARowBecomesAResponse(t *testing.T) {
	t.Parallel()
	b := bound(t, whole)
	row := b.Map(cells("Enquête", "livraison", "N°", " 7 ", "Étape", "quai", "Date", "9/11/2026 10:04", "Client n°", "C-1",
		"Prénom", "Zoé", "Nom", "Arc", "Tél", "199001877", "Courriel", "Z@example.org", "Note", "7,5", "Effort", "2", "Réglé", "Oui",
		"Humeur", "Mécontent", "Commentaire", "Bof\nbof", "Magasin", "01", "Rappel", "À rappeler", "Accord", "non"))
	require.Empty(t, row.Problems)
	want := &eventsv1.Response{}
	require.NoError(t, protojson.Unmarshal([]byte(`{"id":"m-7-{x}","survey":"apres-livraison","channel":"email","touchpoint":"quai",
	  "customer":{"id":"C-1","name":"Zoé Arc","phone":"+33199001877","email":"Z@example.org","language":"fr","timeZone":"Europe/Paris"},
	  "answers":[{"question":"q1","metric":"CSAT","value":7.5,"scale":{"min":1,"max":10}},
	    {"metric":"CES","value":2,"scale":{"min":1,"max":5,"direction":"LOWER_IS_BETTER"}},{"metric":"FCR","value":1},
	    {"metric":"NPS","value":0},{"verbatim":"Bof\nbof"}],
	  "attributes":{"magasin":"01","source":"papier"},"callbackRequested":true,"consent":{"callback":false},
	  "submittedAt":"2026-11-09T09:04:00Z"}`), want))
	require.True(t, proto.Equal(want, row.Response), "%s", protojson.Format(row.Response))
	require.Equal(t, `"Note"`, b.Origin(row, "answers[0].value"))
	require.Equal(t, `"Commentaire"`, b.Origin(row, "answers[4].verbatim"))
	require.Equal(t, `"Prénom", "Nom"`, b.Origin(row, "customer.name"))
	require.Equal(t, `"Date"`, b.Origin(row, "submittedAt"))
	require.Equal(t, "customer.language", b.Origin(row, "customer.language"))
	require.Equal(t, "answers[9].value", b.Origin(row, "answers[9].value"))
}

func TestEveryRowMaySayTheSame(t *testing.T) {
	t.Parallel()
	b := bound(t, "survey: s\nanswers: [{verbatim: Note}]\nconsent: {callback: {always: no}, purpose: research}\ncallbackRequested: {always: yes}")
	first, second := b.Map(cells("Note", "7")).Response, b.Map(cells("Note", "8")).Response
	require.NotNil(t, first.GetConsent().Callback)
	require.False(t, first.GetConsent().GetCallback())
	require.True(t, first.GetCallbackRequested())
	require.Equal(t, "research", first.GetConsent().GetPurpose())
	require.NotSame(t, first.GetConsent().Callback, second.GetConsent().Callback)
	for text, want := range map[string]string{
		"consent: {callback: {always: no, column: Accord}}": "consent.callback: must have always, or a column",
		"consent: {callback: {always: no, yes: [oui]}}":     "consent.callback: must have always, or a column",
		"consent: {callback: {always: perhaps}}":            "consent.callback.always: must be true or false",
		"consent: {callback: {}}":                           "consent.callback: must name a column, or say always",
	} {
		_, err := mapping.Parse("m.yaml", []byte("survey: s\nanswers: [{verbatim: Note}]\n"+text))
		require.ErrorContains(t, err, want)
	}
}

// Whoever takes a response over may change it.
func TestResponsesShareNothing(t *testing.T) {
	t.Parallel()
	b := bound(t, whole)
	row := cells("Enquête", "x", "Note", "7", "Effort", "2")
	first, second := b.Map(row).Response, b.Map(row).Response
	require.Len(t, first.GetAnswers(), 2)
	for i, a := range first.GetAnswers() {
		require.NotSame(t, a.GetScale(), second.GetAnswers()[i].GetScale())
	}
}

func TestASparseRow(t *testing.T) {
	t.Parallel()
	b := bound(t, whole)
	row := b.Map(cells("Étape", "vente", "Nom", "Arc", "Réglé", "oui", "Humeur", "8", "Rappel", "peut-être"))
	require.Empty(t, row.Problems)
	require.Equal(t, "autre", row.Response.GetSurvey(), "the default")
	require.Empty(t, row.Response.GetId(), "its column is empty: the caller makes one")
	require.Equal(t, "Arc", row.Response.GetCustomer().GetName())
	require.Nil(t, row.Response.GetSubmittedAt())
	require.Nil(t, row.Response.GetConsent(), "the customer was not asked")
	require.False(t, row.Response.GetCallbackRequested(), "words that are no yes are no, when only yes is given")
	require.Len(t, row.Response.GetAnswers(), 1, "FCR does not count where the condition does not hold")
}

func TestRowsThatCannotBe(t *testing.T) {
	t.Parallel()
	b := bound(t, whole)
	for name, c := range map[string]struct {
		row  []string
		want string
	}{
		"a date that does not exist":     {cells("Date", "31/11/2026 16:16", "Note", "1"), `"Date": "31/11/2026 16:16" is no date that exists, written as dd/mm/yyyy HH:MM or iso or serial`},
		"no number":                      {cells("Note", "12/20"), `"Note": "12/20" is no number`},
		"no number, and maybe a name":    {cells("Note", "Mme Durand"), `"Note": what it holds is no number`},
		"no number, and a telephone's":   {cells("Note", "06 12 34 56 78"), `"Note": what it holds is no number`},
		"no number, and written so":      {cells("Note", "06.12.34.56.78"), `"Note": what it holds is no number`},
		"no number, and of another land": {cells("Note", "+33612345678x"), `"Note": what it holds is no number`},
		"no answer":                      {cells("Nom", "Arc"), `there is no answer in this row: "Note", "Effort", "Réglé", "Humeur", "Commentaire" are empty`},
		"neither yes nor no":             {cells("Note", "1", "Accord", "bof"), `"Accord": must be empty, yes (oui, yes`},
		"too few cells":                  {[]string{"a", "b"}, "has only 2 cells where the header has 17"},
		"too many cells":                 {append(cells("Note", "1"), "x"), "has 18 cells where the header has 17"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row := b.Map(c.row)
			require.Nil(t, row.Response)
			require.Contains(t, strings.Join(row.Problems, "; "), c.want)
		})
	}
	row := b.Map(cells("Note", "x", "Date", "y", "Accord", "z"))
	require.Len(t, row.Problems, 3, "every problem at once")
	require.Equal(t, "an empty test", b.Map(cells("Étape", "TEST")).Skip)
	require.NotNil(t, b.Map(append(cells("Note", "1"), "", " ")).Response, "empty cells too many do no harm")
}

func TestEveryMistakeIsNamedWithItsLine(t *testing.T) {
	t.Parallel()
	_, err := mapping.Parse("m.yaml", []byte(`survey: Enquête 1
file: {delimiter: "::", encoding: utf-16, feuille: 1}
id: {text: same}
submittedAt:
  column: Date
  layouts: [DD/MM/YYYY, HH:MM]
  timeZone: Paris
customer:
  nom: Client
  phone: {column: T, country: XX}
  name: {template: "{Client"}
answers:
  - metric: NPZ
  - {metric: NPS}
  - {metric: CSAT, column: Note, scale: {min: 5, max: 1}}
  - {metric: CSAT, column: Note, scale: {min: x}}
  - {metric: CSAT, column: Note, verbatim: Note}
  - {metric: CES, column: N, values: {bon: beau}}
  - {}
attributes: [a]
callbackRequested: {yes: [oui]}
skip:
  - {when: {column: A}}
  - {when: {column: A, is: b}}
survey: x
couleur: bleu
`))
	var refused *strictyaml.Error
	require.ErrorAs(t, err, &refused)
	got := err.Error()
	for _, want := range []string{
		`m.yaml:1: survey: "Enquête 1" cannot be a survey's name: it must be 1 to 64`,
		`m.yaml:2: file.delimiter: must be one of`,
		`m.yaml:2: file.encoding: must be auto`,
		`m.yaml:2: file.feuille: is not known here; possible are delimiter, encoding, sheet`,
		`m.yaml:3: id: must read at least one column`,
		`m.yaml:6: submittedAt.layouts: "DD/MM/YYYY": cannot be read at "DD/MM/YYYY"; written with yyyy yy mm dd`,
		`m.yaml:6: submittedAt.layouts: "HH:MM": must hold a day, a month and a year`,
		`m.yaml:7: submittedAt.timeZone: "Paris" is no time zone`,
		`m.yaml:9: customer.nom: is not known here; possible are email, id, language, name, phone, timeZone`,
		`m.yaml:10: customer.phone.country: must be a country's two letters`,
		`m.yaml:11: customer.name.template: a brace opens`,
		`m.yaml:13: answers[0].metric: must be NPS, CSAT, CES or FCR`,
		`m.yaml:14: answers[1]: must name the column that holds the NPS`,
		`m.yaml:15: answers[2].scale: min must be less than max`,
		`m.yaml:16: answers[3].scale.min: must be a number`,
		`m.yaml:17: answers[4]: is either a verbatim or a metric`,
		`m.yaml:18: answers[5].values.bon: must be a number`,
		`m.yaml:19: answers[6]: must have a metric`,
		`m.yaml:20: attributes: must be pairs`,
		`m.yaml:21: callbackRequested: must name a column`,
		`m.yaml:23: skip[0].when: must say what the column holds`,
		`m.yaml:24: skip[1]: must say when, and give a reason`,
		`m.yaml:25: survey: stands twice, first on line 1`,
		`m.yaml:26: couleur: is not known here`,
	} {
		require.Contains(t, got, want)
	}
	for _, text := range []string{"", "[]", "a", "survey: [", "survey: x", "survey: x\nanswers: [{verbatim: V}]\n---\nsurvey: y", "answers: []", strings.Repeat("#", 300<<10), "submittedAt: {column: D, layouts: dd/mm/yyyy}"} {
		_, err := mapping.Parse("m.yaml", []byte(text))
		require.ErrorAs(t, err, &refused, "%.20q", text)
	}
	require.ErrorContains(t, err, "m.yaml:6: ")
}

func TestColumnsAreLookedFor(t *testing.T) {
	t.Parallel()
	m, err := mapping.Parse("m.yaml", []byte("survey: Magasin\nanswers:\n  - {metric: NPS, column: \"NOTE E\u0301TE\u0301\"}\n  - verbatim: Avis\n  - verbatim: Double\n"))
	require.NoError(t, err)
	_, err = m.Bind([]string{"note Été", "magasin", "double", "Double"})
	require.EqualError(t, err, `m.yaml:1: survey: "Magasin" is also a column: write {column: Magasin} to read it, or give the survey another name
m.yaml:4: answers[1].verbatim: the file has no column "Avis"; it has: note Été | magasin | double | Double. For the same text on every row write {text: …}
m.yaml:5: answers[2].verbatim: the file has 2 columns called "Double"; give them different names`)
}

func TestLayouts(t *testing.T) {
	t.Parallel()
	paris, err := time.LoadLocation("Europe/Paris")
	require.NoError(t, err)
	for _, c := range []struct{ layout, text, want string }{
		{"dd/mm/yyyy", "9/1/2026", "2026-01-09T00:00:00+01:00"},
		{"dd/mm/yyyy", "09/07/2026", "2026-07-09T00:00:00+02:00"},
		{"d.m.yy HH:MM:SS", "9.7.26 8:05:06", "2026-07-09T08:05:06+02:00"},
		{"yyyymmdd", "20260709", "2026-07-09T00:00:00+02:00"},
		{"yyyymmdd", "2026079", ""},
		{"mm/dd/yyyy hh:MM AM", "07/09/2026 03:05 PM", "2026-07-09T15:05:00+02:00"},
		{"yyyy-mm-ddTHH:MM:SS", "2026-07-09T08:05:06.125", "2026-07-09T08:05:06+02:00"},
		{"yyyy-mm-dd HH:MM ZZ", "2026-07-09 08:05 -03:00", "2026-07-09T13:05:00+02:00"},
		{"iso", "2026-07-09T08:05:06Z", "2026-07-09T10:05:06+02:00"},
		{"iso", "09/07/2026", ""},
		// How a workbook's dates are handed over is read beside any layout.
		{"dd/mm/yyyy", "2026-07-09", "2026-07-09T00:00:00+02:00"},
		{"iso", "2026-07-09T08:05:06", "2026-07-09T08:05:06+02:00"},
		{"yyyy-dd-mm", "2026-07-09", "2026-09-07T00:00:00+02:00"},
		{"dd/mm/yyyy", "2026-02-29", ""},
		{"serial", "46212,25", "2026-07-09T06:00:00+02:00"},
		{"serial", "0.5", ""},
		{"dd/mm/yyyy", "29/02/2026", ""},
		{"dd/mm/yyyy HH:MM", "09/07/2026", ""},
	} {
		m, err := mapping.Parse("m.yaml", []byte("survey: s\nsubmittedAt: {column: D, layouts: [\""+c.layout+"\"], timeZone: Europe/Paris}\nanswers: [{verbatim: V}]"))
		require.NoError(t, err, c.layout)
		b, err := m.Bind([]string{"D", "V"})
		require.NoError(t, err)
		row := b.Map([]string{c.text, "x"})
		if c.want == "" {
			require.NotEmpty(t, row.Problems, "%s %s", c.layout, c.text)
			continue
		}
		require.Empty(t, row.Problems, "%s %s", c.layout, c.text)
		require.Equal(t, c.want, row.Response.GetSubmittedAt().AsTime().In(paris).Format(time.RFC3339), c.layout)
	}
}

func TestAWorkbooksDates(t *testing.T) {
	t.Parallel()
	const frame = "survey: s\nsubmittedAt: {column: D%s}\nanswers: [{verbatim: V}]"
	parse := func(t *testing.T, rest string) *mapping.Mapping {
		t.Helper()
		m, err := mapping.Parse("m.yaml", fmt.Appendf(nil, frame, rest))
		require.NoError(t, err)
		return m
	}
	row := func(t *testing.T, m *mapping.Mapping, date string) mapping.Row {
		t.Helper()
		b, err := m.Bind([]string{"D", "V"})
		require.NoError(t, err)
		require.True(t, b.Reads(0))
		require.False(t, b.Reads(2))
		return b.Map([]string{date, "x"})
	}
	none := parse(t, ", timeZone: Europe/Paris")
	require.NoError(t, none.CheckWorkbook(true), "no layouts are needed")
	require.Equal(t, "2026-07-09T06:05:06Z", row(t, none, "2026-07-09T08:05:06").Response.GetSubmittedAt().AsTime().Format(time.RFC3339))
	require.Equal(t, []string{`"D": "08:05:06" is no date that exists, written as yyyy-mm-dd or yyyy-mm-ddTHH:MM:SS`}, row(t, none, "08:05:06").Problems)

	zoneless := parse(t, ", layouts: [iso]")
	require.NoError(t, zoneless.CheckWorkbook(false))
	require.Equal(t, []string{`"D": "2026-07-09" does not say which clock it is from: give submittedAt a timeZone, as Europe/Paris`}, row(t, zoneless, "2026-07-09").Problems)

	for layout, from1904 := range map[string]bool{"yyyy-dd-mm": false, "yyyy-dd-mmTHH:MM:SS": false, "serial": true} {
		m := parse(t, ", layouts: ["+layout+"], timeZone: UTC")
		require.ErrorContains(t, m.CheckWorkbook(from1904), "m.yaml:2: submittedAt: ")
	}
	require.NoError(t, parse(t, ", layouts: [serial, dd/mm/yyyy, yyyy-mm-dd, yyyymmdd], timeZone: UTC").CheckWorkbook(false))
	_, err := mapping.Parse("m.yaml", fmt.Appendf(nil, frame, ""))
	require.ErrorContains(t, err, "timeZone")
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	b := bound(t, "survey: s\nanswers: [{metric: NPS, column: Note}]")
	for text, want := range map[string]float64{"7,5": 7.5, "3.0": 3, "-1": -1, "+2": 2, "010": 10, "\u00a07\u202f": 7} {
		row := b.Map(cells("Note", text))
		require.Empty(t, row.Problems, text)
		require.InDelta(t, want, row.Response.GetAnswers()[0].GetValue(), 0)
	}
	for _, text := range []string{"1.234,5", "1e3", "0x10", "NaN", "inf", "1_000", "--1", "7,", ",5", "7/10", "-"} {
		require.NotEmpty(t, b.Map(cells("Note", text)).Problems, text)
	}
}

// The examples of the documentation are the ones people copy.
func TestTheDocumentationsExamplesAreRight(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../../docs/mappings.md")
	require.NoError(t, err)
	blocks := strings.Split(string(doc), "```yaml\n")[1:]
	require.NotEmpty(t, blocks)
	mappings := 0
	for _, b := range blocks {
		text, _, closed := strings.Cut(b, "```")
		require.True(t, closed)
		if !strings.Contains(text, "survey:") || !strings.Contains(text, "answers:") {
			// A part: it must fit into a mapping.
			text += "\n"
			for _, must := range []string{"survey: part", "answers: [{verbatim: Comment}]"} {
				if key, _, _ := strings.Cut(must, ":"); !strings.HasPrefix(text, key+":") && !strings.Contains(text, "\n"+key+":") {
					text += must + "\n"
				}
			}
		} else {
			mappings++
		}
		if strings.Contains(text, "path:") {
			_, err := mapping.ParseBody("m.yaml", []byte(text))
			require.NoError(t, err, "%s", text)
			continue
		}
		_, err := mapping.Parse("m.yaml", []byte(text))
		require.NoError(t, err, "%s", text)
	}
	require.GreaterOrEqual(t, mappings, 2)
	for _, file := range []string{"magasins", "reviews"} {
		shipped, err := os.ReadFile("../../../sample/" + file + ".mapping.yaml")
		require.NoError(t, err)
		m, err := mapping.Parse("m.yaml", shipped)
		require.NoError(t, err)
		require.NotZero(t, m.Delimiter())
		require.Contains(t, string(doc), strings.TrimSpace(string(shipped)), "the documentation shows %s.mapping.yaml as it is", file)
	}
}

func FuzzMap(f *testing.F) {
	f.Add("7,5", "31/12/2026 10:00", "oui", "06 39 98 20 11")
	f.Add("{", "46212.5", "\x00", "+")
	b := bound(f, whole)
	f.Fuzz(func(t *testing.T, note, date, yes, phone string) {
		row := b.Map(cells("Note", note, "Date", date, "Accord", yes, "Tél", phone))
		if row.Response == nil && row.Skip == "" {
			require.NotEmpty(t, row.Problems)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(whole)
	f.Add("survey: &a [*a]\nanswers: *a")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := mapping.Parse("m.yaml", []byte(text))
		if err == nil {
			_, _ = m.Bind(header)
			return
		}
		var refused *strictyaml.Error
		require.ErrorAs(t, err, &refused)
	})
}
