//go:build crashpoints

package queue

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// crashPoints makes the process kill itself when it reaches the step that
// CRASH_AT names: reserved, decided, committed or applied, of a claim, or offered;
// "committed:7" is the seventh time. It is how the end-to-end tests prove that a claim
// and an offer survive a kill between any two steps.
func crashPoints() signals {
	step, times, _ := strings.Cut(os.Getenv("CRASH_AT"), ":")
	left := atomic.Int64{}
	n, _ := strconv.ParseInt(times, 10, 64)
	left.Store(max(n, 1))
	die := func() {
		if left.Add(-1) == 0 {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	switch step {
	case "reserved":
		return signals{reserved: die}
	case "decided":
		return signals{claimDecided: die}
	case "committed":
		return signals{claimCommitted: die}
	case "applied":
		return signals{claimApplied: die}
	case "offered":
		return signals{offerCommitted: die}
	default:
		return signals{}
	}
}
