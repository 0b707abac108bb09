// Package rpc is where services meet their callers: one gRPC server, one HTTP
// server with the JSON gateway in front of the same services, health, metrics,
// and one shape of errors. Services register in their Start; Serve comes last.
package rpc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/test/bufconn"
)

// MaxMessageBytes bounds one gRPC message and one HTTP body.
const MaxMessageBytes = 8 << 20

// readTimeout is how long a request may take to arrive.
const readTimeout = 60 * time.Second

// Options configure a Server.
type Options struct {
	// Log gets failures that are ours; never a payload.
	Log *zap.Logger
	// Metrics is shown at /metrics and gets the server's own.
	Metrics *prometheus.Registry
	// ReadTimeout is how long a request may take to arrive, with its body; 0 is 60 s. Uploads
	// have a least rate instead.
	ReadTimeout time.Duration
	// WriteTimeout is how long an HTTP client may take to accept what is written to it at
	// once; 0 is 30 s. An answer as a whole, or a stream, may last.
	WriteTimeout time.Duration
}

// Server carries the services of a process. Register on it, then Serve.
type Server struct {
	log      *zap.Logger
	grpc     *grpc.Server
	mux      *http.ServeMux
	gateway  *runtime.ServeMux
	inproc   *bufconn.Listener
	conn     *grpc.ClientConn
	health   *Health
	uploads  map[string]bool // paths
	patience time.Duration   // of a write
	arriving time.Duration   // of a request

	stopping chan struct{}
	told     sync.Once // that it stops
	closing  sync.Once
	closed   error
}

// New returns a server that listens nowhere yet.
func New(o Options) *Server {
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	m := newMetrics(o.Metrics)
	s := &Server{
		log: o.Log.Named("rpc"), mux: http.NewServeMux(),
		inproc: bufconn.Listen(1 << 20), health: newHealth(), stopping: make(chan struct{}), uploads: map[string]bool{},
		patience: cmp.Or(o.WriteTimeout, writeTimeout), arriving: cmp.Or(o.ReadTimeout, readTimeout),
	}
	s.gateway = s.newGateway()
	s.grpc = grpc.NewServer(
		grpc.MaxRecvMsgSize(MaxMessageBytes),
		grpc.ChainUnaryInterceptor(m.unary, s.unaryRecover),
		grpc.ChainStreamInterceptor(m.stream, s.streamRecover),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 10 * time.Second, Timeout: 5 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
	)
	grpc_health_v1.RegisterHealthServer(s.grpc, grpcHealth{Server: s.health.grpc, h: s.health})
	reflection.Register(s.grpc)
	s.mux.HandleFunc("GET /healthz", s.health.live)
	s.mux.HandleFunc("GET /readyz", s.health.ready)
	if o.Metrics != nil {
		s.mux.Handle("GET /metrics", promhttp.HandlerFor(o.Metrics, promhttp.HandlerOpts{}))
	}
	s.mux.Handle("/", s.gateway)
	return s
}

// GRPC is where a service registers its gRPC implementation.
func (s *Server) GRPC() grpc.ServiceRegistrar { return s.grpc }

// HTTP is where a service registers routes that are not generated.
func (s *Server) HTTP() *http.ServeMux { return s.mux }

// Stopping is closed when the server begins to stop: a call that would go on for
// ever, as a stream to a client at work, ends itself then.
func (s *Server) Stopping() <-chan struct{} { return s.stopping }

// Health holds what /readyz asks.
func (s *Server) Health() *Health { return s.health }

// Gateway registers generated HTTP/JSON routes: pass the generated
// RegisterXServiceHandler. They reach the gRPC server in memory, so both ways
// in pass the same interceptors.
func (s *Server) Gateway(register func(context.Context, *runtime.ServeMux, *grpc.ClientConn) error) error {
	if s.conn == nil {
		conn, err := grpc.NewClient("passthrough:inprocess",
			grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return s.inproc.DialContext(ctx) }),
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(4*MaxMessageBytes)))
		if err != nil {
			return err
		}
		s.conn = conn
	}
	return register(context.Background(), s.gateway, s.conn) //nolint:forbidigo // the connection lives as long as the server
}

// Listeners are where a server is reached.
type Listeners struct{ HTTP, GRPC net.Listener }

// Listen opens both addresses; port 0 picks a free one.
func Listen(httpAddr, grpcAddr string) (Listeners, error) {
	h, err := net.Listen("tcp", httpAddr)
	if err != nil {
		return Listeners{}, fmt.Errorf("listen for HTTP: %w; choose another with --http-addr", err)
	}
	g, err := net.Listen("tcp", grpcAddr)
	if err != nil {
		return Listeners{}, errors.Join(fmt.Errorf("listen for gRPC: %w; choose another with --grpc-addr", err), h.Close())
	}
	return Listeners{HTTP: h, GRPC: g}, nil
}

// Serve answers on l until Stop. The function it returns stops it: no new
// calls, those at work end until the context does. fail gets the error of a
// listener that breaks.
func (s *Server) Serve(l Listeners, fail func(error)) (stop func(context.Context) error) {
	h := &http.Server{
		Handler: s.bounded(s.httpRecover(sameOrigin(s.limit(s.mux)))), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: s.arriving,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10, ErrorLog: zap.NewStdLog(s.log),
	}
	var serving sync.WaitGroup
	serve := func(name string, f func() error) {
		serving.Go(func() {
			if err := f(); err != nil && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, grpc.ErrServerStopped) {
				fail(fmt.Errorf("%s: %w", name, err))
			}
		})
	}
	serve("in-process gRPC", func() error { return s.grpc.Serve(s.inproc) })
	serve("gRPC", func() error { return s.grpc.Serve(l.GRPC) })
	serve("HTTP", func() error { return h.Serve(l.HTTP) })
	return func(ctx context.Context) error {
		s.told.Do(func() { close(s.stopping) })
		err := errors.Join(shutdownHTTP(ctx, h), s.shutdownGRPC(ctx), s.Close())
		serving.Wait()
		return err
	}
}

// shutdownHTTP lets calls end for half of the time there is: the calls that came
// by gRPC, and those behind the gateway, get the other half. A call that will
// not end, as a stream of events, is cut off, which its caller expects.
func shutdownHTTP(ctx context.Context, h *http.Server) error {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/2)
		defer cancel()
	}
	if err := h.Shutdown(ctx); err == nil || ctx.Err() == nil {
		return err
	}
	return h.Close()
}

func (s *Server) shutdownGRPC(ctx context.Context) error {
	done := make(chan struct{})
	go func() { s.grpc.GracefulStop(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		s.grpc.Stop()
		<-done
	}
	return nil
}

// Close frees a server, served or not. A second call does nothing.
func (s *Server) Close() error {
	s.closing.Do(func() {
		s.grpc.Stop()
		s.closed = s.inproc.Close()
		if s.conn != nil {
			s.closed = errors.Join(s.closed, s.conn.Close())
		}
	})
	return s.closed
}
