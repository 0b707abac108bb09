package queue

import (
	"context"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/internal/clock"
)

// markedFor is how long it is remembered in the index that a callback has left a queue,
// or that there is none: longer than anybody may still bring older news of it. Later
// ones would be found out by the commit.
const markedFor = 24 * time.Hour

// Tidy has the index forget what was closed long ago, until ctx ends. The stream knows
// it still. Any number of processes may.
func (q *Queue) Tidy(ctx context.Context) error {
	clock.Every(ctx, q.pace.tidy, func() {
		if err := q.index.Tidy(ctx, q.clock.Now()); err != nil && ctx.Err() == nil {
			q.log.Warn("the index could not be tidied; it is tried again", zap.Error(err))
		}
	})
	return nil
}

const (
	// trimEvery is how often histories are trimmed, and trimFirst, give or take a half,
	// how long after the start for the first time: replicas that start together find that
	// one of them has done it.
	trimEvery, trimFirst = 24 * time.Hour, 20 * time.Minute
)

// Trim removes from the stream what is older than histories are kept, once a day, until
// ctx ends. Any number of processes may.
func (q *Queue) Trim(ctx context.Context) error {
	pause := trimFirst/2 + rand.N(trimFirst)
	for clock.Sleep(ctx, pause) == nil {
		if _, err := q.store.Trim(ctx); err != nil && ctx.Err() == nil {
			q.log.Warn("histories could not be trimmed; it is tried again tomorrow", zap.Error(err))
		}
		pause = trimEvery
	}
	return nil
}
