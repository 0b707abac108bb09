//go:build crashpoints

package crashpoint

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

var reached atomic.Int64

// Reached kills the process when step is the one that CRASH_AT names, so many times as it
// says. Safe for concurrent use.
func Reached(step string) {
	name, times, _ := strings.Cut(os.Getenv("CRASH_AT"), ":")
	if step != name {
		return
	}
	n, _ := strconv.ParseInt(times, 10, 64) // without a number it is the first
	if reached.Add(1) == max(n, 1) {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}
