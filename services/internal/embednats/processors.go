package embednats

import (
	"os"
	"runtime"
	"sync"
)

// withStore is how many processors a process with a store in it needs.
var withStore = sync.OnceValue(func() int { return runtime.GOMAXPROCS(0) + 1 })

// makeRoom gives the process one processor more, for the thread that syncs: while
// it waits for the disk, which is most of the time, it keeps its own until the
// scheduler takes it away, and on two cores a third of their time went unused. An
// operator's GOMAXPROCS is obeyed. The runtime no longer follows a CPU limit that
// changes while it runs.
func makeRoom() {
	if _, set := os.LookupEnv("GOMAXPROCS"); !set && runtime.GOMAXPROCS(0) < withStore() {
		runtime.GOMAXPROCS(withStore())
	}
}
