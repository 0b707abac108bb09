package bus

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/rappel-loop/rappel/services/internal/clock"
)

// ErrReplaced says that a stream that nothing leaves was made anew, put back to an older
// state, or emptied in part: what was followed is to be read again.
var ErrReplaced = errors.New("the stream is no longer the one that was followed")

// watch ends following with ErrReplaced when the stream is no longer what was read. It
// looks twice: a leader just elected may not have counted up yet.
func (f *follower) watch(ctx context.Context, began *jetstream.StreamInfo, every time.Duration, end context.CancelCauseFunc) {
	for doubts := 0; doubts < 2; {
		if clock.Sleep(ctx, every) != nil {
			return
		}
		doubts++
		if !f.doubtful(ctx, began) {
			doubts = 0
		}
	}
	end(ErrReplaced)
}

func (f *follower) doubtful(ctx context.Context, began *jetstream.StreamInfo) bool {
	last, handed := f.last.Load(), f.handed.Load()
	s, err := f.bus.js.Stream(ctx, f.name)
	if err != nil {
		return false // it is away: following waits for it
	}
	now := s.CachedInfo()
	return !now.Created.Equal(began.Created) || now.State.LastSeq < last || now.State.Msgs < max(handed, began.State.Msgs)
}
