package bus_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// inTheEnd bounds what waits for elections, each of which may take 9 s.
const inTheEnd = 90 * time.Second

func cluster(t *testing.T) *testkit.Cluster {
	t.Helper()
	if testing.Short() {
		t.Skip("a cluster and its elections take some seconds")
	}
	return testkit.NATSCluster(t)
}

// A follower may be served by a replica that is just back and far behind. It is
// caught up when it has what the leader has, not when that replica has no more.
func TestAFollowerIsNotCaughtUpBecauseItsReplicaLags(t *testing.T) {
	testkit.LosesNodes(t)
	t.Parallel()
	const missed = 4000
	c := cluster(t)
	late := c.Others(c.Leader(t, subject.Responses))[0]
	b := c.Bus(t, c.Others(late)...)
	publish(t, b, event("001", "seen by all"))
	c.AwaitHealthy(t)
	c.Stop(t, late)
	publishQuickly(t, b, missed)
	c.Start(t, late)
	var all sync.WaitGroup
	healthy := make(chan struct{})
	for range 2 { // the server chooses the replica: some get the late one, in time
		all.Go(func() { followUntil(t, b, healthy, missed+1) })
	}
	c.AwaitHealthy(t)
	close(healthy)
	all.Wait()
}

func publishQuickly(t *testing.T, b *bus.Bus, n int) {
	t.Helper()
	for i := range n {
		_, err := b.JetStream().PublishAsync(subject.Response("s", "001"), fmt.Append(nil, i))
		require.NoError(t, err)
	}
	<-b.JetStream().PublishAsyncComplete()
	require.EqualValues(t, n+1, stored(t, b, subject.Responses))
}

// followUntil follows again and again, from the beginning to where it is caught
// up, and wants all events each time.
func followUntil(t *testing.T, b *bus.Bus, end <-chan struct{}, want int) {
	for {
		had := 0
		// Without a deadline of its own: a request that a lost node was to answer is
		// given up after the library's 5 s.
		err := b.Follow(t.Context(), bus.FollowOptions{Stream: subject.Responses, HeadersOnly: true},
			func(bus.Delivery) error { had++; return nil },
			func() error { return errEnough })
		if errors.Is(err, errEnough) && had != want || !errors.Is(err, errEnough) && !errors.Is(err, bus.ErrUnavailable) {
			t.Errorf("caught up with %d events of %d: %v", had, want, err)
			return
		}
		select {
		case <-end:
			return
		default:
		}
	}
}
