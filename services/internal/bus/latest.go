package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// lease is for how long after a majority was heard its leader cannot have been
// replaced: a server misses its leader for 4 s at least before it stands for
// election. The rest is for the time that an answer takes.
const lease = 3 * time.Second

// Latest returns the last event of a subject, as the stream's leader has it, or
// ErrNotFound. Last asks any replica, which may not have heard of it yet: a
// refusal, which no compare-and-set checks, is built on this one. Where no leader
// with a majority behind it answers, it is ErrUnavailable.
//
// A leader that was cut off from the others answers, too, with what it had: it
// takes 10 s and more to find out, and they elect another in 4 to 9 s. So it is
// asked after that whom it has heard, and not believed alone. What is left is the
// moment when the two meet again, if each answers one of the two questions.
func (b *Bus) Latest(ctx context.Context, subj string) (Delivery, error) {
	stream, err := streamNameOf(subj)
	if err != nil {
		return Delivery{}, err
	}
	ctx, cancel := b.question(ctx)
	defer cancel()
	d, err := b.leaderGet(ctx, stream, getRequest{Last: subj})
	if err != nil && !errors.Is(err, ErrNotFound) {
		return d, err
	}
	if lerr := checkLease(ctx, b.js, stream); lerr != nil {
		return Delivery{}, fmt.Errorf("%w: %w", ErrUnavailable, lerr)
	}
	return d, err
}

var errNoLease = errors.New("the leader has not heard of the other replicas lately")

// checkLease fails unless the stream's leader has just heard a majority, itself
// included.
func checkLease(ctx context.Context, js jetstream.JetStream, stream string) error {
	s, err := js.Stream(ctx, stream)
	if err != nil {
		return err
	}
	c := s.CachedInfo().Cluster
	switch {
	case c == nil:
		return nil // a server that is no cluster
	case c.Leader == "":
		return errNoLease // a replica that leads nothing answers, too
	}
	heard := 1
	for _, r := range c.Replicas {
		// Zero is a replica that this leader has never heard.
		if r.Active > 0 && r.Active < lease {
			heard++
		}
	}
	if 2*heard <= len(c.Replicas)+1 {
		return errNoLease
	}
	return nil
}
