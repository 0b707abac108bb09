package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rappel-loop/rappel/services/internal/keyfile"
)

// Limit is how many answers are taken.
type Limit struct {
	// Rate is in answers a second, from 0.001 to 100,000; 0 is without a limit.
	Rate float64 `koanf:"rate"`
	// Burst is how many are taken at once after a pause, from 1 to 1,000,000.
	Burst int `koanf:"burst"`
}

// Validate names what is wrong.
func (l Limit) Validate() error {
	if l == (Limit{}) {
		return nil
	}
	var errs []error
	if !(l.Rate >= keyfile.MinRate && l.Rate <= keyfile.MaxRate) {
		errs = append(errs, fmt.Errorf("rate: is %v, must be %v to %d answers a second, or 0 with a burst of 0 for no limit", l.Rate, keyfile.MinRate, keyfile.MaxRate))
	}
	if l.Burst < 1 || l.Burst > keyfile.MaxBurst {
		errs = append(errs, fmt.Errorf("burst: is %d, must be 1 to %d answers", l.Burst, keyfile.MaxBurst))
	}
	return errors.Join(errs...)
}

// Limiter keeps buckets: each is full at first, with as many answers as its burst, and
// fills at its rate. Safe for concurrent use.
type Limiter interface {
	// Take takes n answers, 1 to the limit's burst, and returns 0; or it takes nothing,
	// and returns how long it is until n are there.
	Take(ctx context.Context, bucket string, l Limit, n int) (wait time.Duration, err error)
}

// Clock tells the time.
type Clock interface{ Now() time.Time }
