package xlsxfile_test

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/rappel-loop/rappel/services/internal/xlsxfile"
)

func TestWhatIsNoWorkbook(t *testing.T) {
	t.Parallel()
	encrypted, err := excelize.Encrypt(made(t, func(*excelize.File) {}), &excelize.Options{Password: "secret"})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"old":       {append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 200_000)...), xlsxfile.ErrOld},
		"encrypted": {encrypted, xlsxfile.ErrEncrypted},
		"ods":       {zipped(t, map[string]string{"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>"}), xlsxfile.ErrODS},
		"xlsb":      {zipped(t, map[string]string{"xl/workbook.bin": "x"}), xlsxfile.ErrBinary},
		"archive":   {zipped(t, map[string]string{"a.txt": "x"}), xlsxfile.ErrNoWorkbook},
		"half":      {made(t, func(*excelize.File) {})[:3000], xlsxfile.ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.True(t, xlsxfile.Is(c.data))
			require.ErrorIs(t, fails(t, c.data, xlsxfile.Options{}), c.want)
		})
	}
	require.False(t, xlsxfile.Is([]byte("a;b")))
	require.False(t, xlsxfile.Is(nil))
}

// Damage never shortens a sheet in silence.
func TestDamage(t *testing.T) {
	t.Parallel()
	const rows = `<row><c t="str"><v>A</v></c></row><row><c><v>1</v></c></row><row><c><v>2</v></c></row>`
	for part, edits := range map[string][]string{
		bookPart:   {"</sheets></workbook>", ""},
		relsPart:   {"/></Relationships>", ""},
		textsPart:  {"</sst>", "", "</si>", "</si><"},
		stylesPart: {"<cellXfs>", "<cellXfs x>"},
		sheetPart:  {"<worksheet>", "", "<worksheet>", "<worksheet <"},
	} {
		for i := 0; i < len(edits); i += 2 {
			parts := least(rows)
			parts[part] = strings.Replace(parts[part], edits[i], edits[i+1], 1)
			if part == sheetPart && edits[i+1] == "" {
				continue // no reader needs it to be whole
			}
			require.ErrorIs(t, fails(t, zipped(t, parts), xlsxfile.Options{}), xlsxfile.ErrDamaged, "%s %s", part, edits[i])
		}
	}
	parts := least(rows)
	delete(parts, relsPart)
	require.ErrorIs(t, fails(t, zipped(t, parts), xlsxfile.Options{}), xlsxfile.ErrDamaged)

	for _, cut := range []string{"<v>2", "</sheetData>", `<c><v>2`} {
		parts := least(rows)
		parts[sheetPart], _, _ = strings.Cut(parts[sheetPart], cut)
		r := open(t, zipped(t, parts), xlsxfile.Options{})
		rec, err := r.Next()
		require.NoError(t, err)
		require.Equal(t, []string{"1"}, rec.Cells)
		for err == nil {
			_, err = r.Next()
		}
		require.ErrorIs(t, err, xlsxfile.ErrDamaged, cut)
	}

	// A bit that fell over on the disk is found before any row is handed out.
	data := zipped(t, least(rows))
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	for _, f := range z.File {
		if f.Name == sheetPart {
			at, err := f.DataOffset()
			require.NoError(t, err)
			data[at+int64(f.CompressedSize64)/2] ^= 1 //nolint:gosec // a test's sheet is small
		}
	}
	require.ErrorIs(t, fails(t, data, xlsxfile.Options{}), xlsxfile.ErrDamaged)
}

func TestBounds(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 300)
	row := func(cells ...string) string {
		return `<row><c t="str"><v>` + strings.Join(cells, `</v></c><c t="str"><v>`) + `</v></c></row>`
	}
	o := xlsxfile.Options{MaxRecord: 500}
	recs := rest(t, open(t, zipped(t, least(row("A", "B")+row("ok", "1")+row(long, "2")+row("x", long+long)+row("ok", "3"))), o))
	require.Len(t, recs, 4)
	require.Empty(t, recs[0].Problem)
	for _, rec := range recs[1:3] {
		require.Equal(t, "the row is longer than 500 bytes", rec.Problem)
		require.Len(t, rec.Cells, 2)
		require.LessOrEqual(t, len(rec.Cells[0])+len(rec.Cells[1]), 2500)
	}
	require.Equal(t, []string{"ok", "3"}, recs[3].Cells, "the damage stays in its rows")
	require.ErrorContains(t, fails(t, zipped(t, least(row(long))), o), "the header row (row 1): the row is longer than")

	parts := least(row("A", "B") + `<row><c t="s"><v>0</v></c></row>`)
	parts[textsPart] = `<sst><si><t>` + long + `</t></si></sst>`
	require.NotEmpty(t, rest(t, open(t, zipped(t, parts), o))[0].Problem)

	huge := zipped(t, least(row("A")+row(strings.Repeat(" ", 1<<20))))
	require.Less(t, len(huge), 8<<10)
	err := fails(t, huge, xlsxfile.Options{MaxUnzipped: 1 << 20})
	require.ErrorIs(t, err, xlsxfile.ErrTooLarge)
	require.ErrorContains(t, err, "save the sheet as CSV")
	// One text that would have to be held as a whole.
	_, err = open(t, huge, o).Next()
	require.ErrorIs(t, err, xlsxfile.ErrDamaged)
	require.ErrorContains(t, err, "longer than any spreadsheet writes")
}
