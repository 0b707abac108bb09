package load

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Progress tells who waits that it moves.
type Progress struct {
	out  io.Writer
	from time.Time
	mu   sync.Mutex
}

// NewProgress writes to out.
func NewProgress(out io.Writer) *Progress { return &Progress{out: out, from: time.Now()} }

// Say writes a line.
func (p *Progress) Say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, "%5.1f s  %s\n", time.Since(p.from).Seconds(), fmt.Sprintf(format, args...))
}

// Watch says every other second how far a count is, until stop is called.
func (p *Progress) Watch(what string, of int, count func() int) (stop func()) {
	end := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(2 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-end:
				return
			case <-tick.C:
				p.Say("%s: %d of %d", what, count(), of)
			}
		}
	})
	return func() { close(end); done.Wait() }
}
