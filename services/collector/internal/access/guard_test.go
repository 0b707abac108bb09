package access_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/collector/internal/access"
	"github.com/rappel-loop/rappel/services/internal/keyfile"
)

func TestWhoIsLetIn(t *testing.T) {
	t.Parallel()
	until := noon.Add(time.Hour)
	old, oldEntry := newKey(t, keyfile.Entry{Name: "shop", NotAfter: until})
	next, nextEntry := newKey(t, keyfile.Entry{Name: "shop"})
	other, _ := newKey(t, keyfile.Entry{})
	d := setup(access.Limit{}, oldEntry, nextEntry)
	for _, c := range []struct {
		authorization []string
		want          access.Reason
	}{
		{nil, access.KeyRequired},
		{[]string{""}, access.KeyRequired},
		{[]string{"Basic abc"}, access.KeyRequired},
		{[]string{"Bearer"}, access.KeyUnknown},
		{[]string{"Bearer "}, access.KeyUnknown},
		{[]string{other}, access.KeyUnknown},
		{[]string{old + "x"}, access.KeyUnknown},
		{[]string{"Bearer " + oldEntry.Hash.String()}, access.KeyUnknown},
		{[]string{old, next}, access.KeyUnknown},
		{[]string{old}, ""},
		{[]string{next}, ""},
		{[]string{"bearer  " + next[len("Bearer "):]}, ""},
	} {
		_, err := d.Admit(t.Context(), c.authorization, "a")
		if c.want == "" {
			require.NoError(t, err, c.authorization)
			continue
		}
		var refused *access.RefusedError
		require.ErrorAs(t, err, &refused, c.authorization)
		require.Equal(t, c.want, refused.Reason, c.authorization)
	}
	caller, err := d.Admit(t.Context(), []string{old}, "a")
	require.NoError(t, err)
	d.clock.Advance(time.Hour)
	require.NoError(t, caller.Current(), "the last moment is one of them")
	d.clock.Advance(1)
	require.ErrorContains(t, caller.Current(), "KEY_EXPIRED", "a call that lasts outlives no key")
	_, err = d.Admit(t.Context(), []string{old}, "a")
	require.ErrorContains(t, err, "KEY_EXPIRED")
	_, err = d.Admit(t.Context(), []string{next}, "a")
	require.NoError(t, err)
	require.Equal(t, map[access.Reason]int{access.KeyRequired: 3, access.KeyUnknown: 6, access.KeyExpired: 2}, d.refused)
}

func TestAnswersAreCountedAndNotCalls(t *testing.T) {
	t.Parallel()
	d := setup(access.Limit{Rate: 10, Burst: 100})
	require.Zero(t, d.call(t, "a", 60))
	require.Zero(t, d.call(t, "a", 40))
	require.Equal(t, 100*time.Millisecond, d.call(t, "a", 1), "one is there after a tenth of a second")
	require.Zero(t, d.call(t, "b", 1), "another address has a bucket of its own")
	d.clock.Advance(3 * time.Second)
	require.Equal(t, 2100*time.Millisecond, d.call(t, "a", 50), "50 are 20 more than are there, and one was taken at the door")
	require.Equal(t, 2, d.refused[access.RateLimited])
}

// However often a large batch is refused, at the time it was told it is taken.
func TestABatchLargerThanTheBurstIsTakenInTime(t *testing.T) {
	t.Parallel()
	for _, l := range []access.Limit{{Rate: 10, Burst: 100}, {Rate: 1, Burst: 5}, {Rate: 0.1, Burst: 1}} {
		d := setup(l)
		require.Zero(t, d.call(t, "a", 1000))
		for range 20 {
			tries := 0
			for wait := d.call(t, "a", 1000); wait > 0; wait = d.call(t, "a", 1000) {
				d.clock.Advance(wait)
				tries++
				require.LessOrEqual(t, tries, 2, "once for the door, once for the rest")
			}
		}
	}
}

func TestAKeyHasItsOwnRateWhereverItComesFrom(t *testing.T) {
	t.Parallel()
	old, oldEntry := newKey(t, keyfile.Entry{Name: "shop", Rate: 1, Burst: 2})
	next, nextEntry := newKey(t, keyfile.Entry{Name: "shop", Rate: 1, Burst: 2})
	free, freeEntry := newKey(t, keyfile.Entry{Name: "batch"})
	d := setup(access.Limit{}, oldEntry, nextEntry, freeEntry)
	require.Zero(t, d.call(t, "a", 1, old))
	require.Zero(t, d.call(t, "b", 1, next))
	require.NotZero(t, d.call(t, "c", 1, old), "two keys of one name are one sender's")
	require.Zero(t, d.call(t, "c", 1000, free))
}

func TestWhoGuessesKeysRunsDry(t *testing.T) {
	t.Parallel()
	key, entry := newKey(t, keyfile.Entry{Name: "shop"})
	d := setup(access.Limit{Rate: 1, Burst: 3}, entry)
	for range 3 {
		_, err := d.Admit(t.Context(), []string{"Bearer " + keyfile.New()}, "a")
		require.ErrorContains(t, err, "KEY_UNKNOWN")
	}
	require.Equal(t, time.Second, d.call(t, "a", 1, key))
	require.Zero(t, d.call(t, "b", 1, key))
	require.ErrorContains(t, d.AdmitAddress(t.Context(), "a"), "RATE_LIMITED", "sources count by their address, too")
}

func TestALimit(t *testing.T) {
	t.Parallel()
	require.NoError(t, access.Limit{}.Validate())
	require.NoError(t, access.Limit{Rate: 0.5, Burst: 1}.Validate())
	for want, l := range map[string]access.Limit{
		"rate: is -1": {Rate: -1, Burst: 1}, "rate: is 0": {Burst: 1}, "burst: is 0": {Rate: 1}, "burst: is 2000000": {Rate: 1, Burst: 2_000_000},
	} {
		require.ErrorContains(t, l.Validate(), want)
	}
}
