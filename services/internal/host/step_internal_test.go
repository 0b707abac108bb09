package host

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAStepIsBoundedEvenIfItHeedsNothing(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	defer close(release)
	start := time.Now()
	err := step{name: "deaf", timeout: 20 * time.Millisecond, stop: func(context.Context) error { <-release; return nil }}.run()
	require.ErrorIs(t, err, errAbandoned)
	require.Less(t, time.Since(start), 10*time.Second)

	err = step{name: "slow", timeout: 20 * time.Millisecond, stop: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}.run()
	require.ErrorIs(t, err, context.DeadlineExceeded)
}
