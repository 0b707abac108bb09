package responsefile_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/responsefile"
)

// FuzzJSONL holds what must be true of any file of lines: it is read to its end, places
// rise, each row is a response or says why not, and a file of its refused rows is read as
// the rows were.
func FuzzJSONL(f *testing.F) {
	for _, s := range []string{
		`{"id":"r","survey":"s","answers":[{"metric":"NPS","value":2}]}` + "\n\n" + `{"survey":"s","answers":[{"verbatim":"x"}]}`,
		"\xef\xbb\xbf{}\r\n{", `{"_line":3,"_reason":"why","row":{"survey":"s"}}` + "\n", `{"_line":3,"_reason":"why","row":"{\"a\""}`, `{"_line":1}`,
		`{"_line":1,"row":{"_line":1,"row":{}}}`, "null\n1\n\"x\"\n\x00\xff",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		open := func(text []byte) *responsefile.File {
			file, err := responsefile.Open(bytes.NewReader(text), int64(len(text)), responsefile.Options{Format: responsefile.JSONL})
			if err != nil {
				require.ErrorIs(t, err, responsefile.ErrFormat) // it begins as a workbook does
				return nil
			}
			return file
		}
		file := open(text)
		if file == nil {
			return
		}
		var rejects bytes.Buffer
		out := file.Rejects(&rejects)
		end, line := file.Start()
		var rows []*responsefile.Row
		for {
			r, err := file.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
			require.Greater(t, r.End, end)
			require.GreaterOrEqual(t, r.Line, line)
			require.LessOrEqual(t, r.End, int64(len(text)))
			require.NotEqual(t, r.Response == nil, r.Refuse == "", "one of the two")
			end, line = r.End, r.EndLine
			require.NoError(t, out.Write(r, "why"))
			rows = append(rows, r)
		}
		require.NoError(t, out.Flush())
		again := open(rejects.Bytes())
		require.NotNil(t, again)
		for _, was := range rows {
			r, err := again.Next()
			require.NoError(t, err)
			require.Equal(t, was.Refuse == "", r.Refuse == "", "%s: %s", was.Refuse, r.Refuse)
			require.Equal(t, was.Response.GetSurvey(), r.Response.GetSurvey())
			require.Equal(t, was.Response.GetAnswers(), r.Response.GetAnswers())
		}
		_, err := again.Next()
		require.ErrorIs(t, err, io.EOF)
	})
}

// FuzzRejects holds the same of a table: what was refused is read again as it was.
func FuzzRejects(f *testing.F) {
	for _, s := range []string{"Note,Avis\n5,a\n", "Note;Avis\r\n\"5\";\"=1\"\"\n\"\r\n", "\xef\xbb\xbfNote\tAvis\t_line\t_reason\n'=5\tx\t1\twhy\n", "Note,Avis\n'\n5,'-1,more\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m := mappingOf(t, mapped)
		read := func(text []byte) (rows []*responsefile.Row, rejects []byte, ok bool) {
			file, err := responsefile.Open(bytes.NewReader(text), int64(len(text)), responsefile.Options{Format: responsefile.CSV, Mapping: m})
			if err != nil {
				return nil, nil, false
			}
			var b bytes.Buffer
			out := file.Rejects(&b)
			require.NoError(t, out.Header())
			for {
				r, err := file.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				require.NoError(t, err)
				rows = append(rows, r)
				require.NoError(t, out.Write(r, "why"))
			}
			require.NoError(t, out.Flush())
			return rows, b.Bytes(), true
		}
		rows, rejects, ok := read(text)
		if !ok || len(rows) == 0 {
			return
		}
		again, same, ok := read(rejects)
		require.True(t, ok, "%q", rejects)
		require.Len(t, again, len(rows))
		_, third, ok := read(same)
		require.True(t, ok)
		require.Len(t, third, len(same)) // it grows no further
	})
}
