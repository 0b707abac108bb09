package model_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/verbatim/model"
)

func TestAModelIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	m := base(t)
	data := m.Encode()
	require.Less(t, len(data), 400<<10)
	again, err := model.Decode(data)
	require.NoError(t, err)
	require.Equal(t, m, again)
	require.Equal(t, data, again.Encode())
}

func TestBadBytesAreNoModel(t *testing.T) {
	t.Parallel()
	data := base(t).Encode()
	bad := map[string][]byte{
		"empty": nil, "other": []byte("a file of something else, and long enough for a header"), "too long": make([]byte, model.MaxEncoded+1),
		"cut": data[:len(data)/2], "header alone": data[:37], "name cut": append(bytes.Clone(data[:36]), 32, 'b'),
	}
	for _, at := range []int{0, 3, 4, 36, 40, len(data) / 2} {
		damaged := bytes.Clone(data)
		damaged[at] ^= 0x41
		if at != 40 { // a letter of the name
			bad[string(rune('a'+at%26))+" damaged"] = damaged
		}
	}
	for name, b := range bad {
		_, err := model.Decode(b)
		require.ErrorIs(t, err, model.ErrNotAModel, name)
	}
}

// Seeds are short: mutating a whole model is slow, and its digest lets no mutant in.
func FuzzDecode(f *testing.F) {
	data := base(f).Encode()
	for _, n := range []int{0, 36, 42, 200, 2000} {
		f.Add(data[:n])
	}
	a := analyser(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := model.Decode(data)
		if err != nil {
			require.ErrorIs(t, err, model.ErrNotAModel)
			return
		}
		check(t, a, m, "Service nul, mais jolie boutique")
	})
}
