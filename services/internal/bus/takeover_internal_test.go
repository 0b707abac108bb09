package bus

import (
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
)

// linedUp is what a takeover lets through, in order.
type linedUp struct {
	mu   sync.Mutex
	seqs []uint64
}

func (l *linedUp) put(d Delivery, _ jetstream.Msg) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seqs = append(l.seqs, d.Sequence)
}

func (l *linedUp) all() []uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]uint64(nil), l.seqs...)
}

func TestWhatAnotherHadInHandIsPutInOrder(t *testing.T) {
	t.Parallel()
	var l linedUp
	o := &takeover{lineUp: l.put, most: time.Minute}
	deliver := func(pin string, seq, deliveries uint64) {
		d := Delivery{Sequence: seq, Deliveries: deliveries}
		if !o.gathers(pin, d, nil) {
			l.put(d, nil)
		}
	}
	deliver("a", 1, 1)
	deliver("a", 2, 1)
	deliver("a", 1, 2) // a redelivery of one's own waits for nothing
	require.Equal(t, []uint64{1, 2, 1}, l.all())

	for _, seq := range []uint64{7, 8, 3, 4, 5, 6} { // the server's line, turned round
		deliver("b", seq, 2)
	}
	require.Len(t, l.all(), 3)
	deliver("b", 9, 1)
	deliver("b", 10, 1)
	require.Equal(t, []uint64{1, 2, 1, 3, 4, 5, 6, 7, 8, 9, 10}, l.all())

	deliver("c", 12, 2)
	deliver("c", 11, 3)
	require.Eventually(t, func() bool { return len(l.all()) == 13 }, 10*time.Second, time.Millisecond, "nothing new comes")
	require.Equal(t, []uint64{11, 12}, l.all()[11:])

	deliver("d", 14, 2)
	deliver("d", 13, 2)
	o.end() // who stops hands on what there is
	require.Equal(t, []uint64{13, 14}, l.all()[13:])
}

func TestGatheringHasAnEnd(t *testing.T) {
	t.Parallel()
	var l linedUp
	o := &takeover{lineUp: l.put}
	require.True(t, o.gathers("a", Delivery{Sequence: 2, Deliveries: 2}, nil))
	require.Eventually(t, func() bool { return len(l.all()) == 1 }, 10*time.Second, time.Millisecond)
}
