package redisindex

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// errand records what is done together, and waits to be let go.
type errand struct {
	begun   chan []int
	proceed chan error
}

func newErrand() (*errand, *together[int]) {
	e := &errand{begun: make(chan []int), proceed: make(chan error)}
	return e, &together[int]{do: func(_ context.Context, all []int) error {
		e.begun <- slices.Clone(all)
		return <-e.proceed
	}}
}

// joining brings something, and returns once it is with those who wait.
func joining(t *testing.T, g *together[int], n int) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- g.join(t.Context(), []int{n}) }()
	require.Eventually(t, func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return g.next != nil && slices.Contains(g.next.all, n)
	}, 20*time.Second, time.Millisecond)
	return done
}

func TestWhoComesMeanwhileGoesTogether(t *testing.T) {
	t.Parallel()
	e, g := newErrand()
	first := make(chan error, 1)
	go func() { first <- g.join(t.Context(), []int{1}) }()
	require.Equal(t, []int{1}, <-e.begun, "nobody is waited for")
	second, third := joining(t, g, 2), joining(t, g, 3)
	e.proceed <- nil
	require.NoError(t, <-first)

	require.Equal(t, []int{2, 3}, <-e.begun)
	require.Empty(t, second)
	fourth := joining(t, g, 4)
	failure := errors.New("it did not work")
	e.proceed <- failure
	require.ErrorIs(t, <-second, failure)
	require.ErrorIs(t, <-third, failure)

	require.Equal(t, []int{4}, <-e.begun, "a failure is theirs who met it")
	e.proceed <- nil
	require.NoError(t, <-fourth)
	go func() { first <- g.join(t.Context(), []int{5}) }()
	require.Equal(t, []int{5}, <-e.begun, "and nobody is left behind")
	e.proceed <- nil
	require.NoError(t, <-first)
}

func TestWhoHasNoTimeLeavesTheOthers(t *testing.T) {
	t.Parallel()
	e, g := newErrand()
	first := make(chan error, 1)
	go func() { first <- g.join(t.Context(), []int{1}) }()
	<-e.begun
	other := joining(t, g, 2)
	hurried, leave := context.WithCancel(t.Context())
	leave()
	require.ErrorIs(t, g.join(hurried, []int{3}), context.Canceled)
	e.proceed <- nil
	require.NoError(t, <-first)
	require.Equal(t, []int{2, 3}, <-e.begun, "it was brought, so it is done")
	e.proceed <- nil
	require.NoError(t, <-other)
}

func TestNothingIsForgottenAtABusyMoment(t *testing.T) {
	t.Parallel()
	var done []int // guarded by the promise that one thing is done at a time
	g := &together[int]{do: func(_ context.Context, all []int) error {
		done = append(done, all...)
		return nil
	}}
	const callers, each = 16, 500
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := range each {
				if g.join(t.Context(), []int{c*each + i}) != nil {
					t.Error("failed")
				}
			}
		})
	}
	wg.Wait()
	slices.Sort(done)
	require.Len(t, done, callers*each)
	require.Len(t, slices.Compact(done), callers*each)
}
