package queue

import (
	"context"
	"errors"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

// openNext opens the customer's next callback, where the completed one leaves reasons
// unanswered. It is done here so that it is done at once: if it fails, or the process
// ends before, it is a deadline of the completed callback, and whoever watches those
// does it.
func (q *Queue) openNext(ctx context.Context, a callback.Aggregate) {
	if a.Callback == nil || a.Callback.NextAt.IsZero() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellTimeout)
	defer cancel()
	_, err := q.settleOn(ctx, a.CustomerKey, onOnly(a.Callback.ID, callback.OpenNext{}))
	if err != nil && !errors.Is(err, callback.ErrNoChange) && !errors.Is(err, callback.ErrNoCallback) {
		q.log.Warn("a customer's next callback is not open yet; the timers open it", zap.String(obs.CallbackID, a.Callback.ID), zap.Error(err))
	}
}
