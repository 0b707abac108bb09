package memory

import (
	"context"
	"time"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/order"
)

// tidyBatch is how many entries are forgotten while the mutex is held.
const tidyBatch = 500

// Tidy implements queue.Index.
func (x *Index) Tidy(ctx context.Context, now time.Time) error {
	for x.tidyOnce(order.Nanos(now)) {
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

func (x *Index) tidyOnce(now int64) (more bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for range tidyBatch {
		r, found := x.gone.Min()
		if !found || r.forget > now {
			return false
		}
		x.remove(r)
	}
	return true
}

// passes reports whether a record is to be forgotten some day.
func (r *record) passes() bool { return r.state.Terminal() && r.forget != order.Never }
