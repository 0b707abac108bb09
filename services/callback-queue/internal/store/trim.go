package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// Trim removes of each customer's history what is older than histories are kept and came
// before an event by which a callback was closed, as long ago. That event stays, so
// the last one of a subject always does: the state, the alerts that were heard of, and
// the number of the next callback are in it, and nothing can be opened a second time.
// It returns how many customers' histories were trimmed.
//
// Each history is one order to the server, up to a sequence: what is stored meanwhile
// is behind it, and whoever dies in between leaves the rest to the next time.
func (s *Store) Trim(ctx context.Context) (int, error) {
	before := s.trimmed()
	upTo, err := s.trimmable(ctx, before)
	if err != nil || len(upTo) == 0 {
		return 0, err
	}
	stream, err := s.bus.JetStream().Stream(ctx, subject.Callbacks)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", bus.ErrUnavailable, err)
	}
	trimmed := 0
	for key, seq := range upTo {
		if seq == 0 {
			continue
		}
		if err := stream.Purge(ctx, jetstream.WithPurgeSubject(subjectOf(key)), jetstream.WithPurgeSequence(seq)); err != nil {
			return trimmed, fmt.Errorf("trim a history: %w: %w", bus.ErrUnavailable, err)
		}
		trimmed++
	}
	s.log.Info("histories trimmed", zap.Int("customers", trimmed), zap.Time("before", before))
	return trimmed, nil
}

// trimmed is the moment before which histories are trimmed; zero is never.
func (s *Store) trimmed() time.Time {
	if s.keep <= 0 {
		return time.Time{}
	}
	return time.Now().Add(-s.keep)
}

// errFarEnough ends a reading at the first event that is too young.
var errFarEnough = errors.New("far enough")

// trimmable is where the rest of each history that has something to trim begins; 0
// where it all stays.
func (s *Store) trimmable(ctx context.Context, before time.Time) (map[string]uint64, error) {
	upTo := make(map[string]uint64)
	err := s.bus.Follow(ctx, bus.FollowOptions{Stream: subject.Callbacks}, func(d bus.Delivery) error {
		if !d.Time.Before(before) {
			return errFarEnough
		}
		a, _, err := s.outline(d)
		if err != nil || a.Callback == nil {
			return nil //nolint:nilerr // what cannot be read is left for somebody to look at
		}
		_, older := upTo[a.CustomerKey]
		switch {
		case a.Callback.State.Terminal() && older:
			upTo[a.CustomerKey] = d.Sequence
		case !a.Callback.State.Terminal() && !older:
			upTo[a.CustomerKey] = 0
		}
		return nil
	}, func() error { return errFarEnough })
	if !errors.Is(err, errFarEnough) {
		return nil, err
	}
	return upTo, nil
}
