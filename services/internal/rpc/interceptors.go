package rpc

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type metrics struct{ calls *prometheus.HistogramVec }

func newMetrics(reg *prometheus.Registry) *metrics {
	m := &metrics{calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "rpc_seconds", Help: "Time to answer a call, by method and code.",
		Buckets: prometheus.ExponentialBuckets(0.0005, 3, 10),
	}, []string{"method", "code"})}
	if reg != nil {
		reg.MustRegister(m.calls)
	}
	return m
}

func (m *metrics) unary(ctx context.Context, req any, i *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	start := time.Now()
	resp, err := next(ctx, req)
	m.observe(i.FullMethod, start, err)
	return resp, err
}

func (m *metrics) stream(srv any, ss grpc.ServerStream, i *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	start := time.Now()
	err := next(srv, ss)
	m.observe(i.FullMethod, start, err)
	return err
}

func (m *metrics) observe(method string, start time.Time, err error) {
	m.calls.WithLabelValues(method, status.Code(err).String()).Observe(time.Since(start).Seconds())
}

// unaryRecover turns a panic into INTERNAL and hides errors that are no status.
func (s *Server) unaryRecover(ctx context.Context, req any, i *grpc.UnaryServerInfo, next grpc.UnaryHandler) (resp any, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("handler panicked", zap.String("method", i.FullMethod), zap.Stack("stack"))
			resp, err = nil, Internal()
		}
	}()
	resp, err = next(ctx, req)
	return resp, s.conceal(i.FullMethod, err)
}

func (s *Server) streamRecover(srv any, ss grpc.ServerStream, i *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("handler panicked", zap.String("method", i.FullMethod), zap.Stack("stack"))
			err = Internal()
		}
	}()
	return s.conceal(i.FullMethod, next(srv, ss))
}

// httpRecover is the same for routes that are not generated.
func (s *Server) httpRecover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler: // net/http panics with this very value
				panic(p)
			default:
				s.log.Error("handler panicked", zap.String("route", r.Pattern), zap.Stack("stack"))
				WriteError(w, Internal()) // too late, and without effect, once an answer has begun
			}
		}()
		next.ServeHTTP(w, r)
	})
}

func (s *Server) conceal(method string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := status.FromError(err); ok {
		return err
	}
	if st := status.FromContextError(err); st.Code() != codes.Unknown {
		return st.Err()
	}
	s.log.Error("a call failed", zap.String("method", method), zap.Error(err))
	return Internal()
}
