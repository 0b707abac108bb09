package queue

import (
	"strconv"
	"time"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// Ranking names what ranks are made by: entries whose policies have the same name can
// stand in one index. It is what a point of priority moves a rank by, in milliseconds,
// which is all that a configuration changes of it.
func Ranking(p callback.Policy) string {
	epoch := time.UnixMilli(0)
	with, without := p.Rank(&callback.Callback{OpenedAt: epoch, Priority: 1}), p.Rank(&callback.Callback{OpenedAt: epoch})
	return strconv.FormatInt(without-with, 10)
}
