package queue

import (
	"context"
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
