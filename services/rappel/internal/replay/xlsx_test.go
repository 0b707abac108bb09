package replay_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/rappel-loop/rappel/services/internal/responsefile"
	"github.com/rappel-loop/rappel/services/rappel/internal/replay"
)

// workbook is written by the library that others write theirs with.
func workbook(t testing.TB, name string, fill func(f *excelize.File)) string {
	t.Helper()
	f := excelize.NewFile()
	fill(f)
	path := filepath.Join(t.TempDir(), name)
	// The library wants a workbook's name; a person may have taken it away.
	data, err := f.WriteToBuffer()
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.NoError(t, os.WriteFile(path, data.Bytes(), 0o600))
	return path
}

func rows(t testing.TB, f *excelize.File, sheet string, all ...[]any) {
	t.Helper()
	for i, row := range all {
		require.NoError(t, f.SetSheetRow(sheet, "A"+strconv.Itoa(i+1), &row))
	}
}

const shopMapping = `
file: {sheet: Réponses}
survey: magasins
submittedAt: {column: Date, layouts: [dd/mm/yyyy HH:MM], timeZone: Europe/Paris}
customer:
  name: Client
  phone: {column: Téléphone, country: FR}
answers:
  - {metric: CSAT, column: "Note, sur 10", scale: {min: 1, max: 10}}
  - verbatim: Avis
callbackRequested: Rappel
attributes: {visit: Visite}
`

func TestAWorkbook(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, time.November, 9, 10, 4, 0, 0, time.UTC)
	day := at.Truncate(24 * time.Hour)
	file := workbook(t, "export", func(f *excelize.File) {
		_, err := f.NewSheet("Réponses")
		require.NoError(t, err)
		rows(t, f, "Sheet1", []any{"a cover sheet"})
		rows(t, f, "Réponses",
			[]any{"Client", "Date", "Téléphone", "Note, sur 10", "Avis", "Rappel", "Visite", "Calcul"},
			[]any{"Zoé Arc", at, 199001877, 7.5, "Bien", true, day},
			[]any{"Léo Pic", "09/11/2026 10:04", 33199001877, 2, "Long; \"trop\"\nlong", false, "hier"},
			[]any{},
			[]any{"Ana Roc", at, "01 99 00 18 77", 12, "", nil, day},
			[]any{"Eva Lac", "demain", nil, nil, nil, nil, nil},
			[]any{"Tom Bel", 0.5, nil, 3, nil, nil, nil},
			[]any{"Ida Val", at, nil, nil, "Fin", "peut-être", day},
		)
		require.NoError(t, f.SetCellFormula("Réponses", "D6", "1/0"))
		require.NoError(t, f.SetCellFormula("Réponses", "H2", "1/0"))
	})
	c := newCollector(t)
	o := options(t, c, file)
	o.Mapping, o.Rejects = write(t, "m.yaml", shopMapping), ""
	var last replay.Progress
	o.OnProgress = func(p replay.Progress) { last = p }
	s, err := replay.Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, responsefile.XLSX, s.Format)
	require.Equal(t, replay.Totals{Rows: 6, Sent: 2, Refused: 4}, s.Totals)
	require.Greater(t, float64(last.Bytes)/float64(last.Size), 0.7)
	require.LessOrEqual(t, last.Bytes, last.Size)
	require.Equal(t, []replay.Refusal{
		{5, `"Note, sur 10": is beyond the scale`},
		{6, `"Note, sur 10": holds a formula that was never calculated: open the workbook in a spreadsheet program and save it`},
		{7, `"Date": "0.5" is no date that exists, written as dd/mm/yyyy HH:MM`},
		{8, `"Rappel": must be empty, yes (oui, yes, o, y, x, 1, vrai, true) or no (non, no, n, 0, faux, false)`},
	}, s.Refusals)
	for _, k := range c.held {
		require.Equal(t, "2026-11-09T09:04:00Z", k.last.GetSubmittedAt().AsTime().Format(time.RFC3339), "Paris is an hour ahead")
		require.Equal(t, "+33199001877", k.last.GetCustomer().GetPhone())
		if k.last.GetCustomer().GetName() == "Zoé Arc" {
			require.True(t, k.last.GetCallbackRequested())
			require.Equal(t, "2026-11-09", k.last.GetAttributes()["visit"])
			require.InDelta(t, 7.5, k.last.GetAnswers()[0].GetValue(), 0)
		}
	}

	// Played twice it stores nothing twice.
	require.Equal(t, int64(2), totals(t, o).Duplicates)

	// The rejects are a CSV that the same mapping reads: mended, three of four go
	// through, and what was right in them is what it was in the workbook.
	require.Equal(t, file+".rejects.csv", s.RejectsFile)
	rejects, err := os.ReadFile(s.RejectsFile)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(rejects), "\ufeff\"Client\";\"Date\";\"Téléphone\";\"Note, sur 10\";"), string(rejects))
	mended := strings.NewReplacer(";12;", ";10;", "demain", "09/11/2026 10:04", ";0.5;", ";;", "peut-être", "oui").Replace(string(rejects))
	o2 := options(t, newCollector(t), write(t, "mended.csv", mended))
	o2.Mapping = o.Mapping
	c2 := newCollector(t)
	o2.Server, o2.Client = c2.URL, c2.Client()
	s, err = replay.Run(t.Context(), o2)
	require.NoError(t, err)
	require.Equal(t, replay.Totals{Rows: 4, Sent: 3, Refused: 1}, s.Totals, s.Refusals)
	dated := 0
	for _, k := range c2.held {
		if k.last.GetSubmittedAt() != nil {
			dated++
			require.Equal(t, "2026-11-09T09:04:00Z", k.last.GetSubmittedAt().AsTime().Format(time.RFC3339))
		}
	}
	require.Equal(t, 2, dated)
}

func TestWorkbooksThatCannotBegin(t *testing.T) {
	t.Parallel()
	book := workbook(t, "a.csv", func(f *excelize.File) { rows(t, f, "Sheet1", []any{"Avis", "D"}, []any{"x", 1}) })
	from1904 := workbook(t, "b.xlsx", func(f *excelize.File) {
		on := true
		require.NoError(t, f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &on}))
		rows(t, f, "Sheet1", []any{"Avis", "D"}, []any{"x", 1})
	})
	fits := write(t, "m.yaml", "survey: s\nanswers: [{verbatim: Avis}]")
	for want, o := range map[string]replay.Options{
		"an Excel workbook needs a mapping":           {File: book},
		"is a workbook or an archive, not csv":        {File: book, Format: responsefile.CSV, Mapping: fits},
		"is no Excel workbook":                        {File: write(t, "c.xlsx", "Avis\nx\n"), Format: responsefile.XLSX, Mapping: fits},
		"save it as .xlsx or CSV":                     {File: write(t, "d.xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), Mapping: fits},
		"damaged":                                     {File: write(t, "e.xlsx", "PK\x03\x04"), Mapping: fits},
		"it has: Sheet1; the mapping's file":          {File: book, Mapping: write(t, "m.yaml", "file: {sheet: Autre}\nsurvey: s\nanswers: [{verbatim: Avis}]")},
		"m.yaml:2: answers[0].verbatim: the file has": {File: book, Mapping: write(t, "m.yaml", "survey: s\nanswers: [{verbatim: Nom}]")},
		"serial counts days from 1900":                {File: from1904, Mapping: write(t, "m.yaml", "survey: s\nsubmittedAt: {column: D, layouts: [serial], timeZone: UTC}\nanswers: [{verbatim: Avis}]")},
		"\"yyyy-dd-mm\" reads a workbook's 2026":      {File: book, Mapping: write(t, "m.yaml", "survey: s\nsubmittedAt: {column: D, layouts: [yyyy-dd-mm], timeZone: UTC}\nanswers: [{verbatim: Avis}]")},
	} {
		_, err := replay.Run(t.Context(), o)
		require.ErrorContains(t, err, want)
	}
	// A CSV that was given a workbook's name is still a CSV.
	o := options(t, newCollector(t), write(t, "f.xlsx", "Avis\nx\n"))
	o.Mapping = fits
	require.Equal(t, int64(1), totals(t, o).Sent)
}

// mixedBook is mixed as a workbook, half of it without ids.
func mixedBook(t *testing.T, n int) (file, mapping string) {
	t.Helper()
	_, mapping = mixed(t, 1)
	return workbook(t, "mixed.xlsx", func(f *excelize.File) {
		all := [][]any{{"id", "note", "avis"}}
		for i := range n {
			var id any
			if i%2 == 0 {
				id = "r-" + strconv.Itoa(i)
			}
			switch i % 50 {
			case 7:
				all = append(all, []any{id, 12, nil}) // the server refuses it
			case 9:
				all = append(all, []any{id, "x", nil}) // the mapping does
			case 11:
				all = append(all, []any{id, 0, "test"}, nil) // skipped, and a blank row
			default:
				all = append(all, []any{id, i % 11, "ligne\nd'avis"})
			}
		}
		rows(t, f, "Sheet1", all...)
	}), mapping
}

func TestAWorkbookInterruptedAndResumed(t *testing.T) {
	t.Parallel()
	file, mapping := mixedBook(t, 1000)
	whole := newCollector(t)
	o := options(t, whole, file)
	o.Mapping = mapping
	want, err := replay.Run(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, replay.Totals{Rows: 1000, Sent: 940, Refused: 40, Skipped: 20}, want.Totals)
	wantRejects, err := os.ReadFile(o.Rejects)
	require.NoError(t, err)

	c := newCollector(t)
	o = options(t, c, file)
	o.Mapping = mapping
	for run := 1; ; run++ {
		ctx, cancel := context.WithCancel(t.Context())
		begun := 0
		o.OnProgress = func(replay.Progress) {
			if begun++; begun == 15 {
				cancel()
			}
		}
		got, err := replay.Run(ctx, o)
		cancel()
		if err != nil {
			require.ErrorIs(t, err, context.Canceled)
			require.Less(t, run, 50)
			continue
		}
		require.Greater(t, run, 2)
		require.True(t, got.Resumed)
		// A batch may have been answered whose predecessor had not begun.
		got.SentAgain = 0
		require.Equal(t, want.Totals, got.Totals)
		require.Equal(t, want.Refusals, got.Refusals)
		break
	}
	gotRejects, err := os.ReadFile(o.Rejects)
	require.NoError(t, err)
	require.Equal(t, string(wantRejects), string(gotRejects))
	requireSame(t, whole, c)
}

func TestAWorkbookKilledAndResumed(t *testing.T) {
	t.Parallel()
	file, mapping := mixedBook(t, 1000)
	c := newCollector(t)
	o := options(t, c, file)
	o.Mapping, o.Client, o.GiveUp = mapping, nil, 0
	killed(t, c, o)

	got, err := replay.Run(t.Context(), o)
	require.NoError(t, err)
	require.True(t, got.Resumed)
	require.Positive(t, got.SentAgain, "rows whose answer died with the process")
	got.SentAgain = 0
	require.Equal(t, replay.Totals{Rows: 1000, Sent: 940, Refused: 40, Skipped: 20}, got.Totals)
	require.Equal(t, 940, c.stored, "those without an id as well")
}

// Who saved a workbook, and when, makes no other file of it; a cell does.
func TestAnEditedWorkbookIsAnotherFile(t *testing.T) {
	t.Parallel()
	mapping := write(t, "m.yaml", "survey: s\nanswers: [{verbatim: Avis}]")
	saved := func(creator, text string) string {
		return workbook(t, "a.xlsx", func(f *excelize.File) {
			require.NoError(t, f.SetDocProps(&excelize.DocProperties{Creator: creator}))
			rows(t, f, "Sheet1", []any{"Avis"}, []any{"same"}, []any{text})
		})
	}
	c := newCollector(t)
	play := func(file string) replay.Totals {
		o := options(t, c, file)
		o.Mapping = mapping
		return totals(t, o)
	}
	require.Equal(t, int64(2), play(saved("a", "un")).Sent)
	require.Equal(t, int64(2), play(saved("somebody else", "un")).Duplicates)
	require.Equal(t, int64(2), play(saved("a", "deux")).Sent, "as with an edited CSV")
}
