package delivery

import (
	"hash/fnv"
	"strconv"
	"time"
)

// schedule is how long after a try that failed the next one is: the example of Standard
// Webhooks 1.0.0. With the first, which is at once, there are ten.
var schedule = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

// next is when a delivery is tried again after a try that began at a moment, the n-th since it
// was ordered, and failed; false when that was the last. What the receiver asks for can only
// make it later. Up to a tenth is added, so that what failed together does not come back
// together: the same by whoever works it out.
func next(id string, n uint32, at time.Time, asked time.Duration) (time.Time, bool) {
	if n == 0 || int(n) > len(schedule) {
		return time.Time{}, false
	}
	d := schedule[n-1]
	h := fnv.New32a()
	_, _ = h.Write([]byte(id + "/" + strconv.FormatUint(uint64(n), 10))) // a hash's write never fails
	d += time.Duration(float64(d) / 10 * float64(h.Sum32()) / (1 << 32))
	return at.Add(max(d, asked)), true
}

const (
	// patience is how long a delivery waits for a receiver that is told nothing.
	patience = 4 * 24 * time.Hour
	// longestTry bounds one try; margin is what the lease leaves for storing what came of it.
	longestTry = 45 * time.Second
	margin     = 30 * time.Second
	lease      = longestTry + margin
	// mostHeld bounds how long a receiver that is too busy is left alone.
	mostHeld = time.Hour
)
