package invite_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/collector/internal/invite"
)

// FuzzOpen holds that nothing opens a page but what was sealed here: whatever is tried is no
// link, also a link that was changed by one byte.
func FuzzOpen(f *testing.F) {
	s := sealer(f, "a secret of these tests")
	good, err := s.Seal(invitation(), now)
	require.NoError(f, err)
	f.Add("AAAA", 0, byte(0))
	f.Add("", 1, byte('A'))
	f.Add("AQ", 0, byte('_'))
	f.Fuzz(func(t *testing.T, token string, at int, b byte) {
		_, err := s.Open(token, now)
		require.ErrorIs(t, err, invite.ErrLink)
		changed := []byte(good)
		changed[uint(at)%uint(len(changed))] = b
		i, err := s.Open(string(changed), now)
		if string(changed) == good {
			require.NoError(t, err)
			return
		}
		// The last character has bits that mean nothing; another spelling is the same link.
		if err == nil {
			require.Equal(t, "s", i.GetSurvey())
			require.Equal(t, len(changed)-1, int(uint(at)%uint(len(changed))))
			return
		}
		require.ErrorIs(t, err, invite.ErrLink)
		_, err = s.Open(string(changed), now.Add(time.Hour))
		require.ErrorIs(t, err, invite.ErrLink)
	})
}
