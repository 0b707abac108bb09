package cli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestText(t *testing.T) {
	t.Parallel()
	require.Equal(t, "a[31mb\nc d", clean("a\x1b[31mb\nc\td\x00\u202e"))
	require.Equal(t, "a b c", oneLine(" a\n b\tc "))
	require.Equal(t, 5, cells("é👏e\u0301漢"[:len("é👏e\u0301")])+1)
	require.Equal(t, "abc…", cut("abcdef", 4))
	require.Equal(t, "👏…", cut("👏👏👏", 4))
	require.Equal(t, []string{"un deux", "trois", "", "qua"}, wrap("un deux trois\n\nqua", 8))
	require.Equal(t, []string{"aaaa", "aaaa", "aa b"}, wrap("aaaaaaaaaa b", 4))
	for _, l := range wrap(strings.Repeat("👏", 50)+" "+strings.Repeat("mot ", 50), 11) {
		require.LessOrEqual(t, cells(l), 11)
	}
	require.Equal(t, []string{"👏", "👏"}, wrap("👏👏", 1), "what cannot fit is not lost")
	require.Equal(t, `"la cause"`, shellWord("la cause"))
	require.Equal(t, `'a"b$c'\''d'`, shellWord(`a"b$c'd`))
	require.Equal(t, `""`, shellWord(""))
	require.Equal(t, "rappel", programName("rappel"))
	require.Equal(t, "./bin/rappel", programName("./bin/rappel"))
	require.Equal(t, "rappel", programName("/my folder/rappel"))
	require.Equal(t, "1,234,567", grouped(1234567))
}

func FuzzWrap(f *testing.F) {
	f.Add("un deux 👏 trois", 5)
	f.Fuzz(func(t *testing.T, s string, most int) {
		most = 1 + (most%40+40)%40
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		require.Equal(t, squeeze(clean(s)), squeeze(strings.Join(wrap(clean(s), most), "")))
	})
}
