package responsefile_test

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/responsefile"
)

// endless is a file of so many equal rows behind a header, which stands nowhere.
type endless struct {
	header, row string
	rows        int64
	at          int64
}

func (e *endless) size() int64 { return int64(len(e.header)) + e.rows*int64(len(e.row)) }

func (e *endless) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) && off < e.size() {
		from := e.header
		at := off
		if off >= int64(len(e.header)) {
			from, at = e.row, (off-int64(len(e.header)))%int64(len(e.row))
		}
		m := copy(p[n:], from[at:])
		n, off = n+m, off+int64(m)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (e *endless) Read(p []byte) (int, error) {
	n, err := e.ReadAt(p, e.at)
	e.at += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (e *endless) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += e.at
	case io.SeekEnd:
		offset += e.size()
	}
	e.at = offset
	return offset, nil
}

// A file is read in the same memory however large it is. The test runs alone: it measures.
func TestALargeFileIsReadInLittleMemory(t *testing.T) {
	rows := int64(100_000)
	if testing.Short() {
		rows = 20_000
	}
	for name, c := range map[string]struct {
		file *endless
		o    responsefile.Options
	}{
		"csv": {
			&endless{header: "Note,Avis\n", row: "7,\"" + strings.Repeat("Livré en retard. ", 16) + "\"\n", rows: rows},
			responsefile.Options{Format: responsefile.CSV, Mapping: mappingOf(t, mapped)},
		},
		"jsonl": {
			&endless{row: `{"survey":"s","answers":[{"metric":"NPS","value":2},{"verbatim":"` + strings.Repeat("Livré en retard. ", 14) + `"}]}` + "\n", rows: rows},
			responsefile.Options{Format: responsefile.JSONL},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := responsefile.Open(c.file, c.file.size(), c.o)
			require.NoError(t, err)
			before, most, n := heap(), uint64(0), int64(0)
			for {
				_, err := f.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				require.NoError(t, err)
				if n++; n%(rows/20) == 0 {
					most = max(most, heap())
				}
			}
			require.Equal(t, rows, n)
			grown := int64(most) - int64(before) //nolint:gosec // far below
			t.Logf("%d MB read in %d kB", c.file.size()>>20, grown>>10)
			require.Less(t, grown, int64(2<<20), "of %d MB", c.file.size()>>20)
			require.NoError(t, f.Close())
		})
	}
}

// heap is what is in use once what nobody needs is gone.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
