package rpc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	soon   = 20 * time.Second
	secret = "the customer said: …"
)

// fake answers claims by the agent's name.
type fake struct {
	callbackv1.UnimplementedCallbackServiceServer
	entered chan struct{} // gets one for each "slow" claim
	release chan struct{} // ends them
}

func (f *fake) ClaimCallback(ctx context.Context, req *callbackv1.ClaimCallbackRequest) (*callbackv1.ClaimCallbackResponse, error) {
	switch req.GetAgentId() {
	case "panics":
		panic(secret)
	case "fails":
		return nil, errors.New(secret)
	case "invalid":
		return nil, rpc.Invalid(rpc.Field{Path: "agentId", Problem: "is unknown"}, rpc.Field{Path: "requestId", Problem: "is missing"})
	case "none":
		return nil, rpc.Refused(codes.NotFound, "NO_CALLBACK_READY", "no callback is ready")
	case "busy":
		return nil, rpc.TryLater(codes.ResourceExhausted, "BUSY", "too much at once", 1500*time.Millisecond)
	case "slow":
		f.entered <- struct{}{}
		select {
		case <-f.release:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return &callbackv1.ClaimCallbackResponse{}, nil
}

// served is a server under test.
type served struct {
	*rpc.Server
	fake       *fake
	logs       *observer.ObservedLogs
	base, grpc string
	stop       func(context.Context) error
}

func setup(t *testing.T, register ...func(*rpc.Server)) *served {
	t.Helper()
	return setupWith(t, rpc.Options{}, register...)
}

func setupWith(t *testing.T, o rpc.Options, register ...func(*rpc.Server)) *served {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	o.Log, o.Metrics = zap.New(core), prometheus.NewRegistry()
	s := &served{
		Server: rpc.New(o), logs: logs,
		fake: &fake{entered: make(chan struct{}, 10), release: make(chan struct{})},
	}
	callbackv1.RegisterCallbackServiceServer(s.GRPC(), s.fake)
	require.NoError(t, s.Gateway(func(ctx context.Context, mux *runtime.ServeMux, conn *grpc.ClientConn) error {
		return callbackv1.RegisterCallbackServiceHandler(ctx, mux, conn)
	}))
	for _, r := range register {
		r(s.Server)
	}
	l, err := rpc.Listen("127.0.0.1:0", "127.0.0.1:0")
	require.NoError(t, err)
	s.base, s.grpc = "http://"+l.HTTP.Addr().String(), l.GRPC.Addr().String()
	s.stop = s.Serve(l, func(err error) { t.Errorf("served: %v", err) })
	s.Health().SetStarted()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), soon)
		defer cancel()
		require.NoError(t, s.stop(ctx))
	})
	return s
}

func (s *served) dial(t *testing.T) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(s.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// reply is an HTTP answer, read.
type reply struct {
	code   int
	header http.Header
	body   string
}

// problem is a google.rpc.Status in JSON.
type problem struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Details []struct {
		Type            string `json:"@type"`
		Reason          string `json:"reason"`
		Domain          string `json:"domain"`
		FieldViolations []struct {
			Field       string `json:"field"`
			Description string `json:"description"`
		} `json:"fieldViolations"`
	} `json:"details"`
}

func (r reply) problem(t *testing.T) problem {
	t.Helper()
	require.Equal(t, "application/json", r.header.Get("Content-Type"), r.body)
	var p problem
	require.NoError(t, json.Unmarshal([]byte(r.body), &p), r.body)
	require.NotEmpty(t, p.Details, r.body)
	require.Equal(t, "type.googleapis.com/google.rpc.ErrorInfo", p.Details[0].Type)
	require.Equal(t, "rappel", p.Details[0].Domain)
	return p
}

func (r reply) reason(t *testing.T) string {
	t.Helper()
	return r.problem(t).Details[0].Reason
}

var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: soon}

func (s *served) call(t *testing.T, method, path string, body io.Reader) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.base+path, body)
	require.NoError(t, err)
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return reply{resp.StatusCode, resp.Header, string(data)}
}

func (s *served) claim(t *testing.T, body string) reply {
	t.Helper()
	return s.call(t, http.MethodPost, "/v1/callbacks:claim", strings.NewReader(body))
}

// chunked hides a body's length.
func chunked(size int) io.Reader {
	return io.MultiReader(bytes.NewReader(bytes.Repeat([]byte(" "), size)))
}

func codeOf(err error) codes.Code { return status.Code(err) }
