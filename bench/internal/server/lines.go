package server

import (
	"bytes"
	"strings"
	"sync"
)

// kept is how much of what a server says is shown when it fails.
const kept = 20

// lines splits what a server writes, keeps the last of it, and tells each line.
type lines struct {
	tell func(string)

	mu   sync.Mutex
	rest []byte
	last []string
}

// Write never fails: a server that writes must not be stopped by its log.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		line, rest, found := bytes.Cut(l.rest, []byte("\n"))
		if !found {
			return len(p), nil
		}
		l.rest = rest
		l.keep(string(line))
	}
}

func (l *lines) keep(line string) {
	l.last = append(l.last, line)
	if len(l.last) > kept {
		l.last = l.last[1:]
	}
	if l.tell != nil {
		l.tell(line)
	}
}

// String is the last of what was written.
func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return "  " + strings.Join(l.last, "\n  ")
}
