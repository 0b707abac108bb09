package xlsxfile_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"github.com/rappel-loop/rappel/services/internal/csvfile"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/xlsxfile"
)

// answer is a row as surveys have them.
func answer(i int) []any {
	n := strconv.Itoa(i)
	return []any{"R-" + n, 46335 + float64(i%1000)/1440, "Client " + n, 33612345678 + i, i % 11, "Le retrait a pris du temps, mais l'accueil était agréable. (" + n + ")"}
}

var answerHeader = []any{"Id", "Date", "Client", "Téléphone", "Note", "Avis"}

// written is a workbook of so many answers in a file of the test, written as a
// stream: with shared texts, as programs that hold the sheet in memory write it,
// or without.
func written(t testing.TB, rows int) string {
	t.Helper()
	f := excelize.NewFile()
	w, err := f.NewStreamWriter("Sheet1")
	require.NoError(t, err)
	require.NoError(t, w.SetRow("A1", answerHeader))
	for i := range rows {
		require.NoError(t, w.SetRow("A"+strconv.Itoa(i+2), answer(i)))
	}
	require.NoError(t, w.Flush())
	path := filepath.Join(t.TempDir(), "answers.xlsx")
	require.NoError(t, f.SaveAs(path))
	require.NoError(t, f.Close())
	return path
}

// shared is a workbook whose texts are all different and all shared.
func shared(t testing.TB, rows int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shared.xlsx")
	f, err := os.Create(path)
	require.NoError(t, err)
	z := zip.NewWriter(f)
	put := func(name, head, tail string, each func(w io.Writer, i int)) {
		w, err := z.Create(name)
		require.NoError(t, err)
		_, err = io.WriteString(w, head)
		require.NoError(t, err)
		for i := range rows {
			each(w, i)
		}
		_, err = io.WriteString(w, tail)
		require.NoError(t, err)
	}
	p := least("")
	none := func(io.Writer, int) {}
	put(bookPart, p[bookPart], "", none)
	put(relsPart, p[relsPart], "", none)
	put(stylesPart, p[stylesPart], "", none)
	put(textsPart, "<sst>", "</sst>", func(w io.Writer, i int) {
		fmt.Fprintf(w, "<si><t>%s</t></si>", answer(i)[5])
	})
	put(sheetPart, `<worksheet><sheetData><row><c t="str"><v>Avis</v></c></row>`, `</sheetData></worksheet>`, func(w io.Writer, i int) {
		fmt.Fprintf(w, `<row><c t="s"><v>%d</v></c></row>`, i)
	})
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
	return path
}

// What is in use is measured in the midst of reading, after a collection: what the
// collector has not come to yet is no one's.
func TestMemoryDoesNotGrowWithTheWorkbook(t *testing.T) {
	// Not in parallel: the heap is the process's.
	rows, bound := 10_000, uint64(3<<19) // of 3.4 MB
	if os.Getenv(testkit.Chaos) != "" {
		rows, bound = 400_000, 8<<20 // of 140 MB; 3 are the places of the texts
	}
	for name, path := range map[string]string{"inline": written(t, rows), "shared": shared(t, rows)} {
		f, err := os.Open(path)
		require.NoError(t, err)
		info, err := f.Stat()
		require.NoError(t, err)
		before := heap()
		r, err := xlsxfile.New(f, info.Size(), xlsxfile.Options{HeldTexts: 1 << 20, TempDir: t.TempDir()})
		require.NoError(t, err)
		read, most := 0, uint64(0)
		for ; ; read++ {
			_, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			if read%(rows/10) == 0 {
				now := heap()
				most = max(most, now-min(before, now))
			}
		}
		require.Equal(t, rows, read)
		require.Less(t, most, bound, "%s: %d rows", name, rows)
		t.Logf("%s: %d rows, %d KB unzipped, %d KB of heap at most", name, rows, r.Size()>>10, most>>10)
		require.NoError(t, r.Close())
		require.NoError(t, f.Close())
	}
}

// heap is what is in use after a collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkRows compares a workbook with the CSV of the same answers.
func BenchmarkRows(b *testing.B) {
	rows := 20_000
	if testing.Short() {
		rows = 100
	}
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	w.Comma = ';'
	for i := -1; i < rows; i++ {
		row := answerHeader
		if i >= 0 {
			row = answer(i)
		}
		cells := make([]string, len(row))
		for j, c := range row {
			cells[j] = fmt.Sprint(c)
		}
		require.NoError(b, w.Write(cells))
	}
	w.Flush()
	book, err := os.ReadFile(written(b, rows))
	require.NoError(b, err)
	all := func(b *testing.B, next func() error) {
		b.Helper()
		for range rows {
			require.NoError(b, next())
		}
		require.ErrorIs(b, next(), io.EOF)
	}
	b.Run("xlsx", func(b *testing.B) {
		for b.Loop() {
			r, err := xlsxfile.New(bytes.NewReader(book), int64(len(book)), xlsxfile.Options{})
			require.NoError(b, err)
			all(b, func() error { _, err := r.Next(); return err })
			require.NoError(b, r.Close())
		}
		b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("csv", func(b *testing.B) {
		for b.Loop() {
			r, err := csvfile.New(bytes.NewReader(text.Bytes()), csvfile.Options{})
			require.NoError(b, err)
			all(b, func() error { _, err := r.Next(); return err })
		}
		b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}
