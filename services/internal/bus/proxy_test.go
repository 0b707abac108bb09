package bus_test

import (
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/embednats"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// proxy stands between a client and a server and can lose what the server says.
type proxy struct {
	target string
	l      net.Listener
	deaf   atomic.Bool // what the server says is lost
	wg     sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

func newProxy(t *testing.T, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{target: strings.TrimPrefix(target, "nats://"), l: l}
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		_ = l.Close()
		p.cut()
		p.wg.Wait()
	})
	return p
}

func (p *proxy) url() string { return "nats://" + p.l.Addr().String() }

func (p *proxy) accept() {
	for {
		client, err := p.l.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, client, server)
		p.mu.Unlock()
		p.wg.Go(func() { _, _ = io.Copy(server, client); _ = server.Close() })
		p.wg.Go(func() { _, _ = io.Copy(lossy{p, client}, server); _ = client.Close() })
	}
}

// lossy writes to a client unless the proxy is deaf.
type lossy struct {
	p      *proxy
	client net.Conn
}

func (w lossy) Write(b []byte) (int, error) {
	if w.p.deaf.Load() {
		return len(b), nil
	}
	return w.client.Write(b)
}

// cut ends every connection; a client may come again, and hears again.
func (p *proxy) cut() {
	p.deaf.Store(false)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.conns = nil
}

// listening starts a server that others reach.
func listening(t *testing.T, cfg embednats.Config) *embednats.Server {
	t.Helper()
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	s, err := embednats.Start(cfg, zap.NewNop())
	require.NoError(t, err)
	return s
}

func dial(t *testing.T, url string) *nats.Conn {
	t.Helper()
	nc, err := nats.Connect(url, nats.MaxReconnects(-1), nats.ReconnectWait(10*time.Millisecond), nats.ReconnectJitter(0, 0))
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	return nc
}

func newBus(t *testing.T, nc *nats.Conn, ackTimeout time.Duration) *bus.Bus {
	t.Helper()
	b, err := bus.New(nc, bus.Options{Barrier: bus.Replicated{}, AckTimeout: ackTimeout})
	require.NoError(t, err)
	return b
}

func provision(t *testing.T, b *bus.Bus) {
	t.Helper()
	require.NoError(t, topology.Ensure(within(t, soon), b.JetStream(), topology.Options{}))
}
