package wire

import (
	"time"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
)

// QueueStats is one queue's count as it is shown.
func QueueStats(name string, ready, delayed, held int, oldest time.Time) *callbackv1.QueueStats {
	return &callbackv1.QueueStats{
		Queue: name, Ready: int64(ready), Delayed: int64(delayed), Held: int64(held), OldestReady: Stamp(oldest),
	}
}
