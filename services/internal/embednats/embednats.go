// Package embednats runs a NATS server inside the process: the all-in-one's
// event store. It is the only importer of nats-server outside tests.
//
// Durability. JetStream acknowledges once a write has reached the kernel: a kill
// loses nothing, a power cut loses what was not synced. The Barrier closes the
// gap by group commit: it answers after a sync of the file system that started
// after the question. Where there is no such call the server syncs each message
// itself, which is slower and promises the same.
//
// Silent damage. JetStream drops what it cannot read, without a word, and uses
// the sequences again. A mark kept beside the store says how far it once
// reached; a store behind its mark is refused at start (see highwater.go).
//
// Safety. One process a data directory: a second one is refused by a lock.
package embednats

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// Config says where the store is and how it is reached.
type Config struct {
	// Dir holds the store, its mark and its lock; it is made when missing.
	Dir string `koanf:"dir"`
	// Listen is a HOST:PORT for other NATS clients; empty, the default, opens no
	// port: only this process reaches the server.
	Listen string `koanf:"listen"`
	// SyncAlways makes the server sync each message instead of the group commit.
	SyncAlways bool `koanf:"sync_always"`
}

// Server is a running NATS server.
type Server struct {
	ns      *server.Server
	lock    *os.File
	barrier bus.Barrier
	failed  chan error
	stop    func()
	mark    string
	log     *zap.Logger
	once    sync.Once
	ended   error // of Shutdown
}

// held keeps the locks of running servers reachable. A server goes on running when
// nobody holds its Server any more; its lock must not be garbage then, which the
// runtime closes, and another process would be let in.
var held sync.Map

// startTimeout bounds the recovery of a large store: one million subjects take
// about 5 s.
const startTimeout = 2 * time.Minute

// Start recovers the store of cfg.Dir and runs the server. It fails when another
// process holds the directory.
func Start(cfg Config, log *zap.Logger) (*Server, error) {
	makeRoom()
	if err := os.MkdirAll(cfg.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	lock, err := lockDir(cfg.Dir)
	if err != nil {
		return nil, err
	}
	held.Store(lock, true)
	s := &Server{lock: lock, failed: make(chan error, 1), mark: filepath.Join(cfg.Dir, "highwater.json"), stop: func() {}, log: log.Named("nats")}
	if err := s.start(cfg); err != nil {
		return nil, errors.Join(err, s.Shutdown(context.Background())) //nolint:forbidigo // nothing to inherit: it never ran
	}
	return s, nil
}

func (s *Server) start(cfg Config) error {
	always := cfg.SyncAlways || !canSyncFS
	opts, err := options(cfg, always)
	if err != nil {
		return err
	}
	if s.ns, err = server.NewServer(opts); err != nil {
		return fmt.Errorf("embedded nats: %w", err)
	}
	fatal := make(chan error, 1)
	s.ns.SetLoggerV2(natsLog{s.log.WithOptions(zap.AddCallerSkip(1)).Sugar(), fatal}, false, false, false)
	s.ns.Start()
	if err := s.ready(fatal); err != nil {
		return fmt.Errorf("embedded nats: %w; is %s readable and writable, its disk not full, and the port free?", err, cfg.Dir)
	}
	if always {
		s.barrier = bus.Replicated{}
		return nil
	}
	b, stop, err := newSyncBarrier(cfg.Dir, s.failed)
	if err != nil {
		return err
	}
	s.barrier, s.stop = b, stop
	return nil
}

// ready waits until the server answers, or says that it never will.
func (s *Server) ready(fatal <-chan error) error {
	for deadline := time.Now().Add(startTimeout); ; {
		select {
		case err := <-fatal:
			return err
		default:
		}
		if s.ns.ReadyForConnections(100 * time.Millisecond) {
			return s.Ready()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("not ready after %s", startTimeout)
		}
	}
}

// Ready returns an error when the server takes no events: it disables its store
// by itself when the disk fails or is full.
func (s *Server) Ready() error {
	if !s.ns.JetStreamEnabled() {
		return errors.New("the event store is disabled; its log says why")
	}
	return nil
}

func options(cfg Config, always bool) (*server.Options, error) {
	o := &server.Options{
		ServerName: "rappel", DontListen: cfg.Listen == "", NoSigs: true, NoLog: false,
		JetStream: true, StoreDir: filepath.Join(cfg.Dir, "jetstream"), DisableJetStreamBanner: true,
		SyncAlways: always, JetStreamMaxMemory: 256 << 20, JetStreamMaxStore: -1,
		JetStreamLimits:       server.JSLimitOpts{Duplicates: 2 * time.Hour},
		StreamMaxBufferedMsgs: 50_000, StreamMaxBufferedSize: 64 << 20,
		MaxPayload: topology.MaxMessage,
	}
	if cfg.Listen != "" {
		host, port, err := net.SplitHostPort(cfg.Listen)
		if err != nil {
			return nil, fmt.Errorf("nats.listen: %w", err)
		}
		o.Host = host
		if o.Port, err = strconv.Atoi(port); err != nil {
			return nil, fmt.Errorf("nats.listen: port %q is no number", port)
		}
		if o.Port == 0 {
			o.Port = server.RANDOM_PORT
		}
	}
	return o, nil
}

// Connect opens a connection in memory.
func (s *Server) Connect(opts ...nats.Option) (*nats.Conn, error) {
	nc, err := nats.Connect("", append(opts, nats.InProcessServer(s.ns))...)
	if err != nil {
		return nil, fmt.Errorf("embedded nats: %w", err)
	}
	return nc, nil
}

// URL is where other clients reach the server; empty when it listens nowhere.
func (s *Server) URL() string {
	if s.ns.Addr() == nil {
		return ""
	}
	return s.ns.ClientURL()
}

// Barrier makes acknowledgements of this server durable.
func (s *Server) Barrier() bus.Barrier { return s.barrier }

// Failed yields an error when the store can no longer be trusted: a sync failed.
// The process must exit; nothing acknowledged is in doubt, nothing more can be.
func (s *Server) Failed() <-chan error { return s.failed }

// CheckMark compares the store with its mark; see highwater.go.
func (s *Server) CheckMark(ctx context.Context, js jetstream.JetStream) error {
	return checkMark(ctx, js, s.mark)
}

// KeepMark writes the mark each second until ctx ends, and once more then.
func (s *Server) KeepMark(ctx context.Context, js jetstream.JetStream) error {
	return (&marker{js: js, barrier: s.barrier, path: s.mark, log: s.log}).keep(ctx)
}

// Shutdown stops the server, syncs a last time and frees the directory. Who
// waits for the barrier gets an answer. A second call does nothing.
func (s *Server) Shutdown(context.Context) error {
	s.once.Do(func() {
		if s.ns != nil {
			s.ns.Shutdown()
			s.ns.WaitForShutdown()
		}
		s.stop()
		held.Delete(s.lock)
		s.ended = s.lock.Close()
	})
	return s.ended
}

// natsLog brings the server's lines into ours. The server logs no payloads.
type natsLog struct {
	*zap.SugaredLogger
	fatal chan<- error
}

// Fatalf takes what the server cannot start without; it must not end the
// process, which has others to stop.
func (l natsLog) Fatalf(f string, a ...any) {
	err := fmt.Errorf(f, a...)
	l.Errorf("%v", err)
	select {
	case l.fatal <- err:
	default: // the first is enough
	}
}

func (l natsLog) Noticef(f string, a ...any) { l.Debugf(f, a...) }
func (l natsLog) Warnf(f string, a ...any)   { l.SugaredLogger.Warnf(f, a...) }
func (l natsLog) Tracef(string, ...any)      {}
