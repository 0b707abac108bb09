package xlsxfile_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/rappel-loop/rappel/services/internal/xlsxfile"
)

// held is what must be true of any file that opens: an end, offsets and numbers
// that rise, rows as wide as the header, and bounded rows.
func held(t *testing.T, data []byte) {
	t.Helper()
	o := xlsxfile.Options{MaxRecord: 200, MaxUnzipped: 1 << 20, HeldTexts: 100}
	r, err := xlsxfile.New(bytes.NewReader(data), int64(len(data)), o)
	if err != nil {
		return
	}
	off, line := r.Offset()
	for {
		var rec *xlsxfile.Record
		if rec, err = r.Next(); err != nil {
			break
		}
		require.GreaterOrEqual(t, rec.Line, line)
		require.Greater(t, rec.End, off)
		require.Len(t, rec.Cells, len(r.Header()))
		size := 0
		for _, c := range rec.Cells {
			size += len(c)
		}
		require.LessOrEqual(t, size, 2*o.MaxRecord+3)
		off, line = rec.End, rec.EndLine
	}
	require.LessOrEqual(t, off, r.Size())
	if !errors.Is(err, io.EOF) {
		require.ErrorIs(t, err, xlsxfile.ErrDamaged)
	}
	require.NoError(t, r.Close())
}

// FuzzFile reads any bytes as a workbook.
func FuzzFile(f *testing.F) {
	f.Add(made(f, func(b *excelize.File) {
		require.NoError(f, b.SetSheetRow("Sheet1", "A1", &[]any{"a", 1, true}))
		require.NoError(f, b.SetSheetRow("Sheet1", "A2", &[]any{"b", 2.5, false}))
	}))
	f.Add(zipped(f, least(`<row><c t="str"><v>A</v></c></row>`)))
	f.Add([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))
	f.Fuzz(held)
}

// FuzzParts reads any text as the parts of a workbook, which hardly any change of
// the archive's bytes would get through to.
func FuzzParts(f *testing.F) {
	p := least("")
	for _, rows := range []string{
		`<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="inlineStr"><is><r><t>x</t></r></is></c></row><row r="7"><c s="1"><v>46335.5</v></c><c t="e"><v>#N/A</v></c></row>`,
		`<row><c t="str"><f>1</f><v>a_x000D_</v></c></row><row><c t="b"><v>1</v></c></row><row><c t="d"><v>2026-11-09</v></c></row></sheetData>`,
	} {
		f.Add(p[bookPart], p[relsPart], p[stylesPart], p[textsPart], `<worksheet><sheetData>`+rows+`</sheetData></worksheet>`)
	}
	f.Fuzz(func(t *testing.T, book, rels, styles, texts, sheet string) {
		held(t, zipped(t, map[string]string{bookPart: book, relsPart: rels, stylesPart: styles, textsPart: texts, sheetPart: sheet}))
	})
}
