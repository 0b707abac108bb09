package xlsxfile_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/rappel-loop/rappel/services/internal/xlsxfile"
)

// made is a workbook as a spreadsheet program writes it.
func made(t testing.TB, fill func(f *excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	fill(f)
	var b bytes.Buffer
	require.NoError(t, f.Write(&b))
	require.NoError(t, f.Close())
	return b.Bytes()
}

// Parts of a workbook as little as it can be, for what no library writes.
const (
	bookPart   = "xl/workbook.xml"
	relsPart   = "xl/_rels/workbook.xml.rels"
	sheetPart  = "xl/worksheets/sheet1.xml"
	textsPart  = "xl/sharedStrings.xml"
	stylesPart = "xl/styles.xml"
)

func least(sheetData string) map[string]string {
	return map[string]string{
		bookPart: `<workbook xmlns:r="r"><sheets><sheet name="Answers" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		relsPart: `<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/>` +
			`<Relationship Id="rId2" Type="x/sharedStrings" Target="/xl/sharedStrings.xml"/><Relationship Id="rId3" Type="x/styles" Target="styles.xml"/></Relationships>`,
		sheetPart: `<worksheet><cols><col/></cols><sheetData>` + sheetData + `</sheetData><mergeCells/></worksheet>`,
		stylesPart: `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="dd/mm/yyyy\ hh:mm"/><numFmt numFmtId="165" formatCode="[h]:mm"/></numFmts>` +
			`<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="14"/></cellXfs></styleSheet>`,
		textsPart: `<sst><si><t>first</t></si><si><r><t>ri</t></r><r><rPr><b/></rPr><t xml:space="preserve">ch </t></r><rPh><t>no</t></rPh></si><si/></sst>`,
	}
}

func zipped(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		w, err := z.Create(name)
		require.NoError(t, err)
		_, err = io.WriteString(w, parts[name])
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.Bytes()
}

func open(t testing.TB, data []byte, o xlsxfile.Options) *xlsxfile.Reader {
	t.Helper()
	r, err := xlsxfile.New(bytes.NewReader(data), int64(len(data)), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return r
}

func fails(t testing.TB, data []byte, o xlsxfile.Options) error {
	t.Helper()
	r, err := xlsxfile.New(bytes.NewReader(data), int64(len(data)), o)
	require.Error(t, err)
	require.Nil(t, r)
	return err
}

func rest(t testing.TB, r *xlsxfile.Reader) []*xlsxfile.Record {
	t.Helper()
	var all []*xlsxfile.Record
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		all = append(all, rec)
	}
}

func TestWhatCellsHold(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, time.November, 9, 10, 4, 0, 0, time.UTC)
	styled := func(value any, format string) func(t *testing.T, f *excelize.File) {
		return func(t *testing.T, f *excelize.File) {
			require.NoError(t, f.SetCellValue("Sheet1", "A2", value))
			s, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
			require.NoError(t, err)
			require.NoError(t, f.SetCellStyle("Sheet1", "A2", "A2", s))
		}
	}
	value := func(v any) func(*testing.T, *excelize.File) {
		return func(t *testing.T, f *excelize.File) { require.NoError(t, f.SetCellValue("Sheet1", "A2", v)) }
	}
	for name, c := range map[string]struct {
		put           func(t *testing.T, f *excelize.File)
		want, problem string
	}{
		"text":                          {value("  Zoé & <co>\nligne 2"), "  Zoé & <co>\nligne 2", ""},
		"text that is a number":         {value("007"), "007", ""},
		"an international phone":        {value(33612345678), "33612345678", ""},
		"a phone without its 0":         {value(612345678), "612345678", ""},
		"a phone that was computed":     {value(33612345678.0), "33612345678", ""},
		"decimals":                      {value(7.5), "7.5", ""},
		"decimals that do not come out": {value(0.1 + 0.2), "0.3", ""},
		"less than nothing":             {value(-12), "-12", ""},
		"little":                        {value(0.00001), "0.00001", ""},
		"yes":                           {value(true), "1", ""},
		"no":                            {value(false), "0", ""},
		"nothing":                       {value(""), "", ""},
		"a time":                        {value(at), "2026-11-09T10:04:00", ""},
		"a day":                         {styled(at.Truncate(24*time.Hour), "d mmm yy"), "2026-11-09", ""},
		"a time shown as a day":         {styled(at, "dd/mm/yyyy"), "2026-11-09T10:04:00", ""},
		"a time in another language":    {styled(at, `[$-40C]dddd d mmmm yyyy;@`), "2026-11-09T10:04:00", ""},
		"a time of day":                 {styled(0.5, "hh:mm"), "12:00:00", ""},
		"a duration":                    {styled(1.5, "[h]:mm"), "1.5", ""},
		"a day before there were any":   {styled(-3, "dd/mm/yyyy"), "-3", ""},
		"an amount":                     {styled(1234.5, `#,##0.00 "d'euros";[Red]-#,##0.00\ \d`), "1234.5", ""},
		"a percentage":                  {styled(0.25, "0%"), "0.25", ""},
		"rich text": {func(t *testing.T, f *excelize.File) {
			require.NoError(t, f.SetCellRichText("Sheet1", "A2", []excelize.RichTextRun{{Text: "très "}, {Text: "bien", Font: &excelize.Font{Bold: true}}}))
		}, "très bien", ""},
		"a formula nobody calculated": {func(t *testing.T, f *excelize.File) {
			require.NoError(t, f.SetCellFormula("Sheet1", "A2", "1+1"))
		}, "", "never calculated"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := open(t, made(t, func(f *excelize.File) {
				require.NoError(t, f.SetSheetRow("Sheet1", "A1", &[]string{"A", "B"}))
				require.NoError(t, f.SetCellValue("Sheet1", "B2", "x"))
				c.put(t, f)
			}), xlsxfile.Options{})
			recs := rest(t, r)
			require.Len(t, recs, 1)
			require.Equal(t, []string{c.want, "x"}, recs[0].Cells)
			if c.problem == "" {
				require.Empty(t, recs[0].Faults)
				return
			}
			require.Len(t, recs[0].Faults, 1)
			require.Zero(t, recs[0].Faults[0].Column)
			require.Contains(t, recs[0].Faults[0].Problem, c.problem)
		})
	}
}

func TestWhatOtherProgramsWrite(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]struct{ text, problem string }{
		`<c r="A2" t="s"><v>0</v></c>`: {"first", ""},
		`<c t="s"><v> 1 </v></c>`:      {"rich ", ""},
		`<c t="s"><v>2</v></c>`:        {"", ""},
		`<c t="s"><v>3</v></c>`:        {"", "not in the workbook"},
		`<c t="s"><v>-1</v></c>`:       {"", "not in the workbook"},
		`<c t="s"><v>x</v></c>`:        {"", "not in the workbook"},
		`<c t="s"/>`:                   {"", ""},
		`<c t="inlineStr"><is><t>in</t><r><t>line</t></r></is></c>`:               {"inline", ""},
		`<c t="inlineStr"><is><t>a_x000D_&#10;b_x005F_x0041__x0000_</t></is></c>`: {"a\nb_x0041__x0000_", ""},
		`<c t="str"><f>"a"&amp;"b"</f><v>ab</v></c>`:                              {"ab", ""},
		`<c t="str"><f>1+1</f></c>`:                                               {"", "never calculated"},
		`<c t="str"><f>""</f><v></v></c>`:                                         {"", ""},
		`<c><f>1+1</f><v>2</v></c>`:                                               {"2", ""},
		`<c><f>1+1</f><v></v></c>`:                                                {"", "never calculated"},
		`<c t="e"><f>NA()</f><v>#N/A</v></c>`:                                     {"#N/A", "holds the error #N/A"},
		`<c t="e"><v>Durand</v></c>`:                                              {"#ERROR!", "holds the error #ERROR!"},
		`<c t="b"><v>true</v></c>`:                                                {"1", ""},
		`<c><v>3.3612345678E10</v></c>`:                                           {"33612345678", ""},
		`<c><v>9007199254740993</v></c>`:                                          {"9007199254740993", ""},
		`<c><v>8.1999999999999993</v></c>`:                                        {"8.2", ""},
		`<c><v>1E400</v></c>`:                                                     {"", "a number that cannot"},
		`<c><v>NaN</v></c>`:                                                       {"", "a number that cannot"},
		`<c><v>0x1p4</v></c>`:                                                     {"", "a number that cannot"},
		`<c t="n" s="1"><v>46335.419444444444</v></c>`:                            {"2026-11-09T10:04:00", ""},
		`<c s="1"><v>46335.99999999</v></c>`:                                      {"2026-11-10", ""},
		`<c s="3"><v>59</v></c>`:                                                  {"1900-02-28", ""},
		`<c s="3"><v>61</v></c>`:                                                  {"1900-03-01", ""},
		`<c s="1"><v>2958466</v></c>`:                                             {"2958466", ""},
		`<c s="2"><v>46335.5</v></c>`:                                             {"46335.5", ""},
		`<c s="99"><v>46335</v></c>`:                                              {"46335", ""},
		`<c s="-1"><v>46335</v></c>`:                                              {"46335", ""},
		`<c t="d"><v>2026-11-09T10:04:00.000</v></c>`:                             {"2026-11-09T10:04:00", ""},
		`<c t="d"><v>2026-11-09T00:00:00Z</v></c>`:                                {"2026-11-09", ""},
		`<c t="d"><v>10:04:00</v></c>`:                                            {"10:04:00", ""},
		`<c t="d"><v>demain</v></c>`:                                              {"", "a date that cannot"},
		`<x:c xmlns:x="strict" t="str"><x:v>y</x:v></x:c>`:                        {"y", ""},
	} {
		t.Run(cell, func(t *testing.T) {
			t.Parallel()
			recs := rest(t, open(t, zipped(t, least(`<row><c t="str"><v>A</v></c></row><row>`+cell+`</row>`)), xlsxfile.Options{}))
			require.Len(t, recs, 1)
			require.Equal(t, []string{want.text}, recs[0].Cells)
			if want.problem == "" {
				require.Empty(t, recs[0].Faults)
			} else {
				require.Contains(t, recs[0].Faults[0].Problem, want.problem)
			}
		})
	}
}

func TestDaysFrom1904(t *testing.T) {
	t.Parallel()
	data := made(t, func(f *excelize.File) {
		on := true
		require.NoError(t, f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &on}))
		require.NoError(t, f.SetSheetRow("Sheet1", "A1", &[]any{"Date"}))
		require.NoError(t, f.SetCellValue("Sheet1", "A2", time.Date(2026, time.November, 9, 10, 4, 0, 0, time.UTC)))
		require.NoError(t, f.SetCellValue("Sheet1", "A3", time.Date(2026, time.November, 9, 0, 0, 0, 0, time.UTC)))
	})
	r := open(t, data, xlsxfile.Options{})
	require.True(t, r.From1904())
	recs := rest(t, r)
	require.Equal(t, []string{"2026-11-09T10:04:00"}, recs[0].Cells)
	require.Equal(t, []string{"2026-11-09"}, recs[1].Cells)
}

func TestRows(t *testing.T) {
	t.Parallel()
	data := made(t, func(f *excelize.File) {
		// Two empty rows, a header whose second name is merged over two columns, and
		// a column without a name at its end.
		require.NoError(t, f.SetSheetRow("Sheet1", "B3", &[]any{" Note ", "Avis", nil, "Date", nil, " "}))
		require.NoError(t, f.MergeCell("Sheet1", "C3", "D3"))
		require.NoError(t, f.SetSheetRow("Sheet1", "B4", &[]any{1, "a", "b", "x", nil, nil, "beside the table"}))
		style, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
		require.NoError(t, err)
		require.NoError(t, f.SetCellStyle("Sheet1", "A6", "H7", style))
		require.NoError(t, f.SetCellValue("Sheet1", "B9", 2))
		require.NoError(t, f.SetRowVisible("Sheet1", 9, false))
		require.NoError(t, f.SetCellValue("Sheet1", "B500", 3))
		require.NoError(t, f.SetCellStyle("Sheet1", "A900", "H900", style))
	})
	r := open(t, data, xlsxfile.Options{})
	require.Equal(t, []string{"", "Note", "Avis", "", "Date"}, r.Header())
	require.Equal(t, "Sheet1", r.Sheet())
	var lines []int64
	for _, rec := range rest(t, r) {
		require.Len(t, rec.Cells, 5, "as many as the header's")
		if !rec.Blank() {
			lines = append(lines, rec.Line)
		}
	}
	require.Equal(t, []int64{4, 9, 500}, lines)

	// Rows and cells without their places, out of order, and twice.
	recs := rest(t, open(t, zipped(t, least(
		`<row r="2"><c t="str"><v>A</v></c><c t="str"><v>B</v></c></row><row><c><v>1</v></c><c><v>2</v></c></row>`+
			`<row r="1"><c r="B1"><v>4</v></c><c r="A1"><v>3</v></c></row><row r="9"/><extLst><row><c/></row></extLst><row><c r="$"><v>5</v></c><c r="ZZZZZZ1"><v>6</v></c></row>`,
	)), xlsxfile.Options{}))
	require.Len(t, recs, 4)
	for i, want := range []struct {
		line  int64
		cells []string
	}{{3, []string{"1", "2"}}, {4, []string{"3", "4"}}, {9, []string{"", ""}}, {10, []string{"5", "6"}}} {
		require.Equal(t, want.line, recs[i].Line)
		require.Equal(t, want.cells, recs[i].Cells)
	}
}

func TestSheets(t *testing.T) {
	t.Parallel()
	data := made(t, func(f *excelize.File) {
		for _, s := range []string{"Été", "Réponses", "Notes"} {
			_, err := f.NewSheet(s)
			require.NoError(t, err)
			require.NoError(t, f.SetCellValue(s, "A1", "in "+s))
		}
		f.SetActiveSheet(2)
		require.NoError(t, f.SetSheetVisible("Sheet1", false))
		require.NoError(t, f.SetSheetVisible("Été", false, true))
	})
	for name, want := range map[string]string{"": "in Réponses", "notes": "in Notes", "ÉTÉ": "in Été"} {
		require.Equal(t, []string{want}, open(t, data, xlsxfile.Options{Sheet: name}).Header())
	}
	err := fails(t, data, xlsxfile.Options{Sheet: "Avis"})
	require.EqualError(t, err, `the workbook has no sheet "Avis"; it has: Sheet1 | Été | Réponses | Notes`)
	var sheet *xlsxfile.SheetError
	require.ErrorAs(t, err, &sheet)
	require.ErrorContains(t, fails(t, data, xlsxfile.Options{Sheet: "Sheet1"}), `the sheet "Sheet1" is empty`)
	parts := least("")
	parts[bookPart] = strings.Replace(parts[bookPart], "<sheet ", `<sheet state="hidden" `, 1)
	require.EqualError(t, fails(t, zipped(t, parts), xlsxfile.Options{}), "the workbook has no sheet that is not hidden; it has: Answers")

	one, two := open(t, data, xlsxfile.Options{}), open(t, data, xlsxfile.Options{Sheet: "Notes"})
	require.NotEqual(t, one.Fingerprint(), two.Fingerprint())
	require.Equal(t, one.Fingerprint(), open(t, data, xlsxfile.Options{}).Fingerprint())
}

func TestGoingOnAnywhere(t *testing.T) {
	t.Parallel()
	data := made(t, func(f *excelize.File) {
		for i := range 300 {
			require.NoError(t, f.SetSheetRow("Sheet1", "A"+strconv.Itoa(1+i*(1+i%2)), &[]any{"texte " + strconv.Itoa(i), i, i%3 == 0}))
		}
	})
	o := xlsxfile.Options{HeldTexts: 100, TempDir: t.TempDir()}
	whole := open(t, data, o)
	off, _ := whole.Offset()
	all := rest(t, whole)
	require.Positive(t, off)
	require.Less(t, all[len(all)-1].End, whole.Size())
	r := open(t, data, o)
	for _, i := range []int{len(all) - 1, 0, 150, 37} {
		require.Greater(t, all[i].End, off)
		require.NoError(t, r.SeekTo(all[i].End, all[i].EndLine))
		require.Equal(t, append([]*xlsxfile.Record(nil), all[i+1:]...), rest(t, r))
	}
	require.ErrorIs(t, r.SeekTo(whole.Size()+1, 1), xlsxfile.ErrDamaged)
}

func TestTextsThatDoNotFitInMemory(t *testing.T) {
	t.Parallel()
	var texts, rows strings.Builder
	for i := range 5000 {
		texts.WriteString("<si><t>" + strings.Repeat("x", i%200) + strconv.Itoa(i) + "</t></si>")
		rows.WriteString(`<row><c t="s"><v>` + strconv.Itoa(4999-i) + `</v></c></row>`)
	}
	parts := least(rows.String())
	parts[textsPart] = "<sst>" + texts.String() + "</sst>"
	data, dir := zipped(t, parts), t.TempDir()
	r, err := xlsxfile.New(bytes.NewReader(data), int64(len(data)), xlsxfile.Options{HeldTexts: 1000, TempDir: dir})
	require.NoError(t, err)
	recs := rest(t, r)
	require.Len(t, recs, 4999)
	for i, rec := range recs {
		n := 4998 - i
		require.Equal(t, []string{strings.Repeat("x", n%200) + strconv.Itoa(n)}, rec.Cells)
	}
	require.NoError(t, r.Close())
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
	require.ErrorContains(t, fails(t, data, xlsxfile.Options{HeldTexts: 1000, TempDir: dir + "/none"}), "TMPDIR")
}

// The library that made a workbook reads it as we do, where both can.
func TestAnotherReaderAgrees(t *testing.T) {
	t.Parallel()
	chance := rand.New(rand.NewPCG(1, 2))
	words := []any{"un", "deux\ntrois", "é&<>\"'", "", nil, 1, -7, 0.25, 12345678901, 1e-7, true, false}
	data := made(t, func(f *excelize.File) {
		require.NoError(t, f.SetSheetRow("Sheet1", "A1", &[]string{"a", "b", "c", "d"}))
		for i := range 500 {
			row := make([]any, chance.IntN(5))
			for j := range row {
				row[j] = words[chance.IntN(len(words))]
			}
			require.NoError(t, f.SetSheetRow("Sheet1", "A"+strconv.Itoa(i+2), &row))
		}
	})
	f, err := excelize.OpenReader(bytes.NewReader(data))
	require.NoError(t, err)
	defer f.Close()
	want, err := f.GetRows("Sheet1", excelize.Options{RawCellValue: true})
	require.NoError(t, err)
	for _, rec := range rest(t, open(t, data, xlsxfile.Options{})) {
		var theirs []string
		if rec.Line <= int64(len(want)) {
			theirs = want[rec.Line-1]
		}
		theirs = append(theirs, make([]string, 4-len(theirs))...)
		for i := range theirs {
			if theirs[i] == "1e-07" || theirs[i] == "1E-07" {
				theirs[i] = "0.0000001"
			}
		}
		require.Equal(t, theirs, rec.Cells, rec.Line)
	}
}
