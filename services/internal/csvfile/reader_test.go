package csvfile_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/csvfile"
)

// got is a record as the tables below write it.
type got struct {
	line    int64
	cells   []string
	problem string // a part of it
}

func readAll(t testing.TB, text string, o csvfile.Options) (*csvfile.Reader, []*csvfile.Record) {
	t.Helper()
	r, err := csvfile.New(strings.NewReader(text), o)
	require.NoError(t, err)
	var all []*csvfile.Record
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return r, all
		}
		require.NoError(t, err)
		all = append(all, rec)
	}
}

func TestWhatSpreadsheetsWrite(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 300)
	for name, c := range map[string]struct {
		text string
		o    csvfile.Options
		want []got
	}{
		"byte order mark, semicolons, CRLF": {
			text: "\xef\xbb\xbfa;b\r\n1;é\r\n", want: []got{{2, []string{"1", "é"}, ""}},
		},
		"windows-1252, found out": {
			text: "caf\xe9;b\n\x80 5;n\x92est\n", want: []got{{2, []string{"€ 5", "n’est"}, ""}},
		},
		"windows-1252, declared: valid UTF-8 is not taken for it": {
			text: "a;b\n\xc3\xa9;x\n", o: csvfile.Options{Encoding: csvfile.Windows1252},
			want: []got{{2, []string{"Ã©", "x"}, ""}},
		},
		"a byte order mark wins over what is declared": {
			text: "\xef\xbb\xbfa;b\né;x\n", o: csvfile.Options{Encoding: csvfile.Windows1252},
			want: []got{{2, []string{"é", "x"}, ""}},
		},
		"UTF-8 declared, and it is not": {
			text: "a;b\ncaf\xe9;x\nok;y\n", o: csvfile.Options{Encoding: csvfile.UTF8},
			want: []got{{2, []string{"caf\uFFFD;x"}, "not UTF-8"}, {3, []string{"ok", "y"}, ""}},
		},
		"commas": {text: "a,b\n\"1,5\",2\n", want: []got{{2, []string{"1,5", "2"}, ""}}},
		"tabs":   {text: "a\tb\n1,5\t2;3\n", want: []got{{2, []string{"1,5", "2;3"}, ""}}},
		"sep line": {
			text: "sep=|\na;x|b\n1|2\n", want: []got{{3, []string{"1", "2"}, ""}},
		},
		"quotes with line breaks of all kinds": {
			text: "a;b\r\n\"un\r\ndeux\ntrois\rquatre\";x\r\n5;6", want: []got{
				{2, []string{"un\ndeux\ntrois\nquatre", "x"}, ""}, {6, []string{"5", "6"}, ""},
			},
		},
		"doubled quotes and delimiters inside": {
			text: "a;b\n\"dit \"\"non\"\" ; et\";\"\"\n", want: []got{{2, []string{`dit "non" ; et`, ""}, ""}},
		},
		"a quote inside a plain cell is a letter": {
			text: "a;b\n5\" de plus;x\n", want: []got{{2, []string{`5" de plus`, "x"}, ""}},
		},
		"old Macintosh line ends": {text: "a;b\r1;2\r3;4", want: []got{{2, []string{"1", "2"}, ""}, {3, []string{"3", "4"}, ""}}},
		"ragged rows are given as they are": {
			text: "a;b\n1\n1;2;3\n", want: []got{{2, []string{"1"}, ""}, {3, []string{"1", "2", "3"}, ""}},
		},
		"text after a closing quote harms its line only": {
			text: "a;b\n\"x\" y;1\nok;2\n", want: []got{{2, []string{`"x" y;1`}, "closing quote"}, {3, []string{"ok", "2"}, ""}},
		},
		"a quote never closed harms its line only": {
			text: "a;b\nx;\"y\nok;2\n", want: []got{{2, []string{`x;"y`}, "never closed"}, {3, []string{"ok", "2"}, ""}},
		},
		"NUL": {
			text: "a;b\n1\x00;2\nok;3\n", want: []got{{2, []string{"1\uFFFD;2"}, "NUL"}, {3, []string{"ok", "3"}, ""}},
		},
		"a huge row": {
			text: "a;b\n" + long + ";2\nok;3\n", o: csvfile.Options{MaxRecord: 100},
			want: []got{{2, []string{long + ";2"}, "longer than 100"}, {3, []string{"ok", "3"}, ""}},
		},
		"a quote that swallows more than a row may hold": {
			text: "a;b\n\"x\n" + strings.Repeat("ok;3\n", 20_000), o: csvfile.Options{MaxRecord: 100},
			want: append([]got{{2, []string{`"x`}, "not closed"}}, repeated(got{3, []string{"ok", "3"}, ""}, 20_000)...),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, recs := readAll(t, c.text, c.o)
			require.Len(t, recs, len(c.want))
			for i, w := range c.want {
				require.Equal(t, w.line, recs[i].Line)
				require.Equal(t, w.cells, recs[i].Cells)
				if w.problem == "" {
					require.Empty(t, recs[i].Problem)
				} else {
					require.Contains(t, recs[i].Problem, w.problem)
				}
			}
		})
	}
}

func repeated(g got, n int) []got {
	all := make([]got, n)
	for i := range all {
		all[i] = got{g.line + int64(i), g.cells, g.problem}
	}
	return all
}

func TestHeads(t *testing.T) {
	t.Parallel()
	r, _ := readAll(t, "\n;;\n N° réponse ;\"Note\";\n1;2;3\n", csvfile.Options{})
	require.Equal(t, []string{"N° réponse", "Note", ""}, r.Header(), "blank rows come before it")
	require.Equal(t, byte(';'), r.Delimiter())
	for text, want := range map[string]string{
		"":              "is empty",
		"\n\n":          "is empty",
		"\xff\xfea\x00": "UTF-16",
		"\"a\nb":        "header row (line 1): a quote",
		"a;\x00\n":      "NUL",
	} {
		_, err := csvfile.New(strings.NewReader(text), csvfile.Options{})
		require.ErrorContains(t, err, want)
	}
	_, err := csvfile.New(bytes.NewReader(append([]byte{0xfe, 0xff}, "ab"...)), csvfile.Options{})
	require.ErrorIs(t, err, csvfile.ErrUTF16)
}

func TestGoingOnAnywhere(t *testing.T) {
	t.Parallel()
	const text = "a;b\r\n\"1\r\nx\";2\r\n\"bad\" x;\r\n3;\xe9\r\n\r\n4;5"
	_, all := readAll(t, text, csvfile.Options{})
	for i, rec := range all {
		r, err := csvfile.New(strings.NewReader(text), csvfile.Options{})
		require.NoError(t, err)
		require.NoError(t, r.SeekTo(rec.End, rec.EndLine))
		for _, want := range all[i+1:] {
			next, err := r.Next()
			require.NoError(t, err)
			require.Equal(t, want, next)
		}
	}
}

func TestAFileThatBreaks(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk")
	r, err := csvfile.New(seeker{io.MultiReader(strings.NewReader("a;b\n"+strings.Repeat("1;2\n", 40_000)), iotest.ErrReader(broken))}, csvfile.Options{})
	require.NoError(t, err)
	for err == nil {
		_, err = r.Next()
	}
	require.ErrorIs(t, err, broken)
}

type seeker struct{ io.Reader }

func (seeker) Seek(int64, int) (int64, error) { return 0, errors.ErrUnsupported }

func TestNames(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]byte{"": 0, "auto": 0, ";": ';', "tab": '\t', `\t`: '\t', "|": '|'} {
		d, err := csvfile.ParseDelimiter(in)
		require.NoError(t, err)
		require.Equal(t, want, d)
	}
	_, err := csvfile.ParseDelimiter("::")
	require.Error(t, err)
	e, err := csvfile.ParseEncoding("CP1252")
	require.NoError(t, err)
	require.Equal(t, csvfile.Windows1252, e)
	_, err = csvfile.ParseEncoding("utf-16")
	require.Error(t, err)
}

// FuzzRead holds what must be true of any input: no panic, an end, offsets and
// lines that rise, nothing lost between records, and bounded records.
func FuzzRead(f *testing.F) {
	for _, s := range []string{"a;b\n1;2\n", "\xef\xbb\xbfa,b\r\n\"x\r\ny\",\"\"\"\"\r\n", "sep=;\na\n\"", "a\tb\n\xe9\t\x00", "a\r\"b\"c\r\n\"\"\r", "a\n\"" + strings.Repeat("b\n", 200)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		o := csvfile.Options{MaxRecord: 64}
		r, err := csvfile.New(bytes.NewReader(data), o)
		if err != nil {
			return
		}
		off, line := r.Offset()
		for {
			rec, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			require.Equal(t, line, rec.Line)
			require.Greater(t, rec.End, off)
			require.GreaterOrEqual(t, rec.EndLine, rec.Line)
			off, line = rec.End, rec.EndLine
		}
		require.Equal(t, int64(len(data)), off)
	})
}

// FuzzWritten reads back what encoding/csv writes.
func FuzzWritten(f *testing.F) {
	f.Add("a", "b;c", "d\"e\nf", uint8(0))
	f.Add("", " x", "\t,|", uint8(1))
	f.Fuzz(func(t *testing.T, a, b, c string, which uint8) {
		for _, s := range []*string{&a, &b, &c} {
			// Line breaks are read as \n, NUL is refused, and \r alone is an end.
			*s = strings.NewReplacer("\r", "", "\x00", "").Replace(strings.ToValidUTF8(*s, ""))
		}
		var buf bytes.Buffer
		w := csv.NewWriter(&buf)
		w.Comma = []rune{';', ',', '\t', '|'}[which%4]
		w.UseCRLF = which&4 != 0
		require.NoError(t, w.Write([]string{"x", "y", "z"}))
		require.NoError(t, w.Write([]string{a, b, c}))
		require.NoError(t, w.Write([]string{"1", "2", "3"}))
		w.Flush()
		_, recs := readAll(t, buf.String(), csvfile.Options{Delimiter: byte(w.Comma)})
		require.Len(t, recs, 2)
		require.Equal(t, []string{a, b, c}, recs[0].Cells)
		require.Equal(t, []string{"1", "2", "3"}, recs[1].Cells)
	})
}
