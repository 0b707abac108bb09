package responsefile_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/rappel-loop/rappel/services/internal/mapping"
	"github.com/rappel-loop/rappel/services/internal/responsefile"
)

const mapped = "survey: shops\nanswers:\n  - {metric: CSAT, column: Note}\n  - verbatim: Avis\n"

func open(t require.TestingT, text, as string) *responsefile.File {
	o := responsefile.Options{}
	if as != "" {
		m, err := mapping.Parse("m.yaml", []byte(as))
		require.NoError(t, err)
		o.Mapping, o.MappingText = m, []byte(as)
	}
	f, err := responsefile.Open(strings.NewReader(text), int64(len(text)), o)
	require.NoError(t, err)
	return f
}

func all(t require.TestingT, f *responsefile.File) (rows []*responsefile.Row) {
	for {
		r, err := f.Next()
		if errors.Is(err, io.EOF) {
			return rows
		}
		require.NoError(t, err)
		rows = append(rows, r)
	}
}

// rejected is the file that refusing all rows leaves.
func rejected(t require.TestingT, f *responsefile.File) string {
	var b bytes.Buffer
	out := f.Rejects(&b)
	require.NoError(t, out.Header())
	for _, r := range all(t, f) {
		require.NoError(t, out.Write(r, "why"))
	}
	require.NoError(t, out.Flush())
	return b.String()
}

func TestRejectsRunAsNoFormula(t *testing.T) {
	t.Parallel()
	text := "Note,Avis\nx,\"=HYPERLINK(\"\"https://example.com\"\")\"\n-1,+33 6 12 34 56 78\nx,@SUM\nx,-cher\nx,'=1\nx,'quoted'\n"
	first := rejected(t, open(t, text, mapped))
	require.Equal(t, "\ufeffNote,Avis,_line,_reason\n"+
		"x,\"'=HYPERLINK(\"\"https://example.com\"\")\",2,why\n-1,+33 6 12 34 56 78,3,why\nx,'@SUM,4,why\nx,'-cher,5,why\nx,''=1,6,why\nx,'quoted',7,why\n", first)
	// Read again, it says what it said.
	again := rejected(t, open(t, first, mapped))
	require.Equal(t, strings.Count(first, "'"), strings.Count(again, "'"))
	require.Contains(t, again, `x,''=1,`)
}

func TestWhatIsRejectedIsReadAsItWas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		avis := rapid.StringMatching(`['=+\-@]{0,3}[a-z0-9][a-z0-9 ]{0,8}`).Draw(t, "avis")
		first := rejected(t, open(t, "Note,Avis\n5,\""+avis+"\"\n", mapped))
		rows := all(t, open(t, first, mapped))
		require.Len(t, rows, 1)
		require.Equal(t, strings.TrimSpace(avis), strings.TrimSpace(rows[0].Response.GetAnswers()[1].GetVerbatim()))
	})
}

func TestGoingOnBehindAnyRow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, mapping string }{
		"csv":   {"\xef\xbb\xbfNote;Avis\n5;\"deux\nlignes\"\n\n4;b\nx;c\n3;d", mapped},
		"jsonl": {"{\"survey\":\"s\",\"answers\":[{\"metric\":\"NPS\",\"value\":9}]}\n\nno\n{\"survey\":\"s\",\"id\":\"a\"}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := all(t, open(t, c.text, c.mapping))
			require.NotEmpty(t, whole)
			for i, r := range whole {
				f := open(t, c.text, c.mapping)
				require.NoError(t, f.Resume(r.End, r.EndLine))
				rest := all(t, f)
				require.Len(t, rest, len(whole)-i-1)
				for j, r := range rest {
					require.Equal(t, whole[i+1+j].Line, r.Line)
					require.Equal(t, whole[i+1+j].Refuse, r.Refuse)
					require.Equal(t, whole[i+1+j].Response.GetId(), r.Response.GetId())
				}
			}
		})
	}
}

func TestWhatIsNoFileOfResponses(t *testing.T) {
	t.Parallel()
	m, err := mapping.Parse("m.yaml", []byte(mapped))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		text string
		o    responsefile.Options
		want error
	}{
		"columns":        {"Note,Avis\n", responsefile.Options{Name: "a.csv"}, responsefile.ErrNeedsMapping},
		"responses":      {"{}\n", responsefile.Options{Mapping: m}, responsefile.ErrTakesNoMapping},
		"a list":         {"[{}]", responsefile.Options{}, responsefile.ErrFormat},
		"no workbook":    {"Note,Avis\n", responsefile.Options{Format: responsefile.XLSX, Mapping: m}, responsefile.ErrFormat},
		"an archive":     {"PK\x03\x04", responsefile.Options{Format: responsefile.CSV, Mapping: m}, responsefile.ErrFormat},
		"nobody can say": {"Note,Avis\n", responsefile.Options{}, responsefile.ErrUnknownFormat},
	} {
		_, err := responsefile.Open(strings.NewReader(c.text), int64(len(c.text)), c.o)
		require.ErrorIs(t, err, c.want, name)
	}
}

func mappingOf(t require.TestingT, text string) *mapping.Mapping {
	m, err := mapping.Parse("m.yaml", []byte(text))
	require.NoError(t, err)
	return m
}
