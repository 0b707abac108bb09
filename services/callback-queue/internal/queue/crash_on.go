//go:build crashpoints

package queue

import (
	"os"
	"syscall"
)

// crashPoints makes the process kill itself when it reaches the step that
// CRASH_AT names: reserved, decided, committed or applied. It is how the
// end-to-end tests prove that a claim survives a kill between any two steps.
func crashPoints() signals {
	die := func() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL); select {} }
	switch os.Getenv("CRASH_AT") {
	case "reserved":
		return signals{reserved: die}
	case "decided":
		return signals{claimDecided: die}
	case "committed":
		return signals{claimCommitted: die}
	case "applied":
		return signals{claimApplied: die}
	default:
		return signals{}
	}
}
