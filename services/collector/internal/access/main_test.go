package access_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/collector/internal/access"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/keyfile"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// door is a guard with its clock, and what it refused.
type door struct {
	*access.Guard
	clock   *clock.Manual
	refused map[access.Reason]int
}

func setup(perAddress access.Limit, keys ...keyfile.Entry) *door {
	d := &door{clock: clock.NewManual(noon), refused: map[access.Reason]int{}}
	d.Guard = access.New(access.Options{
		Keys: keys, PerAddress: perAddress, Clock: d.clock, Log: zap.NewNop(),
		Limiter: access.NewMemory(d.clock, 100), Count: func(r access.Reason) { d.refused[r]++ },
	})
	return d
}

// call sends n answers at once and returns how long it is told to wait; 0 when all were taken.
func (d *door) call(t *testing.T, address string, n int, authorization ...string) time.Duration {
	t.Helper()
	c, err := d.Admit(t.Context(), authorization, address)
	if err == nil {
		err = c.Charge(t.Context(), n)
	}
	if err == nil {
		return 0
	}
	var refused *access.RefusedError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, access.RateLimited, refused.Reason)
	require.Positive(t, refused.Wait)
	return refused.Wait
}

// newKey is a key and its entry.
func newKey(t *testing.T, e keyfile.Entry) (string, keyfile.Entry) {
	t.Helper()
	text := keyfile.New()
	var err error
	e.Hash, err = keyfile.Sum(text)
	require.NoError(t, err)
	return "Bearer " + text, e
}

// failing does not answer, as long as it is told.
type failing struct {
	access.Limiter
	asked atomic.Int32
	down  atomic.Bool
	hangs bool
}

func (f *failing) Take(ctx context.Context, bucket string, l access.Limit, n int) (time.Duration, error) {
	f.asked.Add(1)
	switch {
	case !f.down.Load():
		return f.Limiter.Take(ctx, bucket, l, n)
	case f.hangs:
		<-ctx.Done()
		return 0, ctx.Err()
	}
	return 0, context.DeadlineExceeded
}
