package embednats

import (
	"os"
	"runtime"
	"sync"
)

// diskWaits is how many threads of a busy store wait for the disk at any moment:
// the one that syncs, and the one that writes.
const diskWaits = 2

// withStore is how many processors a process with a store in it needs.
var withStore = sync.OnceValue(func() int { return runtime.GOMAXPROCS(0) + diskWaits })

// makeRoom gives the process as many more processors as wait for the disk: a
// thread in a system call keeps its own until the scheduler takes it away, which
// on two cores left a third of their time unused. An operator's GOMAXPROCS is
// obeyed. The runtime no longer follows a CPU limit that changes while it runs.
func makeRoom() {
	if _, set := os.LookupEnv("GOMAXPROCS"); !set && runtime.GOMAXPROCS(0) < withStore() {
		runtime.GOMAXPROCS(withStore())
	}
}
