package imports

import (
	"bytes"
	"context"
	"io"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// What is read in parts is what was written, wherever and however much is asked for.
func TestContentIsTheFile(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		file := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "file")
		size := rapid.Int64Range(1, 50).Draw(t, "part")
		c := &content{
			ctx: context.Background(), size: int64(len(file)), part: size,
			get: func(_ context.Context, part string) ([]byte, error) {
				n, err := strconv.ParseInt(part, 10, 64)
				require.NoError(t, err)
				return file[n*size : min((n+1)*size, int64(len(file)))], nil
			},
		}
		want := bytes.NewReader(file)
		for range 20 {
			n := rapid.IntRange(1, 120).Draw(t, "n")
			off := rapid.Int64Range(0, 220).Draw(t, "off")
			a, b := make([]byte, n), make([]byte, n)
			na, ea := c.ReadAt(a, off)
			nb, eb := want.ReadAt(b, off)
			require.Equal(t, nb, na)
			require.Equal(t, eb, ea)
			require.Equal(t, b, a)
			at, err := c.Seek(off, io.SeekStart)
			require.NoError(t, err)
			require.Equal(t, off, at)
			rest, err := io.ReadAll(c)
			require.NoError(t, err)
			require.Equal(t, file[min(off, int64(len(file))):], rest)
		}
	})
}
