package testkit

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// link is the road by which one node of a cluster dials another. Cut, it ends
// what goes over it in the middle of a word, as a machine that dies does, and
// takes nobody until it is mended.
type link struct {
	listener net.Listener
	target   func() string // HOST:PORT where it leads now

	going sync.WaitGroup
	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]struct{}
}

func newLink(t testing.TB, target func() string) *link {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &link{listener: listener, target: target, conns: map[net.Conn]struct{}{}}
	l.going.Go(l.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		l.set(true)
		l.going.Wait()
	})
	return l
}

func (l *link) addr() string { return l.listener.Addr().String() }

func (l *link) accept() {
	for {
		from, err := l.listener.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", l.target())
		if err != nil || !l.hold(from, to) {
			_ = from.Close()
			continue
		}
		l.going.Go(func() { l.carry(from, to) })
		l.going.Go(func() { l.carry(to, from) })
	}
}

// hold takes a connection's two ends unless the link is cut.
func (l *link) hold(ends ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, end := range ends {
		if l.cut {
			_ = end.Close()
			continue
		}
		l.conns[end] = struct{}{}
	}
	return !l.cut
}

// carry brings what one end says to the other until either is closed.
func (l *link) carry(from, to net.Conn) {
	_, _ = io.Copy(to, from)
	_, _ = from.Close(), to.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, from)
}

// set cuts the link, or mends it.
func (l *link) set(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
	if cut {
		for end := range l.conns {
			_ = end.Close()
		}
	}
}
