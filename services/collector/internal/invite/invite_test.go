package invite_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/invite"
)

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func sealer(t testing.TB, secret string) *invite.Sealer {
	t.Helper()
	s, err := invite.NewSealer([]byte(secret))
	require.NoError(t, err)
	return s
}

func invitation() *collectorv1.Invitation {
	return &collectorv1.Invitation{
		Survey: "s", Customer: &eventsv1.Customer{Id: "CUSTOMER-77", Email: "zoe@example.org"}, ExpiresAt: now.Add(time.Hour).Unix(),
	}
}

func TestALinkHoldsWhatItIsForAndShowsNothing(t *testing.T) {
	t.Parallel()
	s := sealer(t, "a secret of these tests")
	i := invitation()
	token, err := s.Seal(i, now)
	require.NoError(t, err)
	require.NotEmpty(t, i.GetResponseId())
	for _, secret := range []string{"CUSTOMER", "zoe"} {
		require.NotContains(t, token, secret)
	}
	got, err := s.Open(token, now)
	require.NoError(t, err)
	require.True(t, proto.Equal(i, got))
	again, err := s.Seal(i, now)
	require.NoError(t, err)
	require.NotEqual(t, token, again)
	got, err = s.Open(token, now.Add(time.Hour))
	require.ErrorIs(t, err, invite.ErrExpired)
	require.Equal(t, "s", got.GetSurvey())
}

func TestALinkOfAnothersIsNone(t *testing.T) {
	t.Parallel()
	s := sealer(t, "a secret of these tests")
	token, err := s.Seal(invitation(), now)
	require.NoError(t, err)
	_, err = sealer(t, "another secret").Open(token, now)
	require.ErrorIs(t, err, invite.ErrLink)
	for i := range len(token) - 1 { // the last character has bits that mean nothing
		changed := []byte(token)
		changed[i] = map[bool]byte{true: 'B', false: 'A'}[changed[i] == 'A']
		_, err = s.Open(string(changed), now)
		require.ErrorIs(t, err, invite.ErrLink, i)
	}
	for _, bad := range []string{"", "A", "AQ", "!", strings.Repeat("A", 9000), token[:len(token)-4], token + "AAAA"} {
		_, err = s.Open(bad, now)
		require.ErrorIs(t, err, invite.ErrLink, bad)
	}
}
