package testkit

import (
	"os"
	"testing"
)

// Chaos is the environment variable that asks for the long forms of tests, and for
// those that only make chaos runs.
const Chaos = "CHAOS"

// LosesNodes is called by a test that stops nodes of a cluster or cuts them off,
// and skips it unless CHAOS is set: those that are left elect a leader each time,
// which takes them 4 to 9 s on a quiet machine and any time on a busy one.
func LosesNodes(t testing.TB) {
	t.Helper()
	if os.Getenv(Chaos) == "" {
		t.Skip("it loses nodes of a cluster: make chaos (CHAOS=1) runs it")
	}
}
