package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/rappel-loop/rappel/services/internal/rpc"
)

func TestAnErrorIsAStatusWithAReason(t *testing.T) {
	t.Parallel()
	s := setup(t)
	r := s.claim(t, `{"agentId":"invalid"}`)
	require.Equal(t, http.StatusBadRequest, r.code)
	p := r.problem(t)
	require.Equal(t, int(codes.InvalidArgument), p.Code)
	require.Equal(t, "the request has wrong fields: agentId: is unknown; requestId: is missing", p.Message)
	require.Equal(t, "INVALID_FIELDS", p.Details[0].Reason)
	require.Equal(t, "type.googleapis.com/google.rpc.BadRequest", p.Details[1].Type)
	require.Len(t, p.Details[1].FieldViolations, 2)
	require.Equal(t, "requestId", p.Details[1].FieldViolations[1].Field)
	require.Equal(t, "is missing", p.Details[1].FieldViolations[1].Description)

	r = s.claim(t, `{"agentId":"none"}`)
	require.Equal(t, http.StatusNotFound, r.code)
	require.Equal(t, "NO_CALLBACK_READY", r.reason(t))
}

func TestTryLaterSaysWhen(t *testing.T) {
	t.Parallel()
	r := setup(t).claim(t, `{"agentId":"busy"}`)
	require.Equal(t, http.StatusServiceUnavailable, r.code)
	require.Equal(t, "2", r.header.Get("Retry-After"), "1.5 s, rounded up")
	require.Equal(t, "BUSY", r.reason(t))
}

func TestWhatWentWrongInsideStaysInside(t *testing.T) {
	t.Parallel()
	s := setup(t, func(s *rpc.Server) {
		s.HTTP().HandleFunc("GET /panics", func(http.ResponseWriter, *http.Request) { panic(secret) })
		s.HTTP().HandleFunc("GET /fails", func(w http.ResponseWriter, _ *http.Request) { rpc.WriteError(w, errors.New(secret)) })
	})
	for name, r := range map[string]reply{
		"a panic":                s.claim(t, `{"agentId":"panics"}`),
		"an error":               s.claim(t, `{"agentId":"fails"}`),
		"a panic by hand":        s.call(t, http.MethodGet, "/panics", nil),
		"an error by hand":       s.call(t, http.MethodGet, "/fails", nil),
		"a panic, served on":     s.claim(t, `{"agentId":"panics"}`),
		"a panic by hand, again": s.call(t, http.MethodGet, "/panics", nil),
	} {
		require.Equal(t, http.StatusInternalServerError, r.code, name)
		require.Equal(t, "INTERNAL", r.reason(t), name)
		require.NotContains(t, r.body, "customer", name)
	}
	require.NotZero(t, s.logs.FilterMessage("handler panicked").Len())
	for _, e := range s.logs.FilterMessage("handler panicked").All() {
		require.NotContains(t, fmt.Sprint(e.Message, e.ContextMap()), secret, "what was panicked with may quote a customer")
	}
}

func TestABodyTooLargeIs413(t *testing.T) {
	t.Parallel()
	s := setup(t, func(s *rpc.Server) {
		s.HTTP().HandleFunc("POST /v1/hand-made", func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(r.Body); err != nil {
				rpc.WriteError(w, fmt.Errorf("read: %w", err))
				return
			}
			w.WriteHeader(http.StatusAccepted)
		})
	})
	over := rpc.MaxMessageBytes + 1
	for _, path := range []string{"/v1/callbacks:claim", "/v1/hand-made"} {
		for name, body := range map[string]io.Reader{
			"known": strings.NewReader(strings.Repeat(" ", over)), "chunked": chunked(over),
			"far over": strings.NewReader(strings.Repeat(" ", 3*over)), "far over and chunked": chunked(3 * over),
		} {
			r := s.call(t, http.MethodPost, path, body)
			require.Equal(t, http.StatusRequestEntityTooLarge, r.code, path+" "+name)
			require.Equal(t, "BODY_TOO_LARGE", r.reason(t))
		}
	}
	r := s.call(t, http.MethodPost, "/v1/hand-made", chunked(over-1))
	require.Equal(t, http.StatusAccepted, r.code)
}

func TestEverythingWrongWithABodyIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	r := s.claim(t, `{"agentID":"a","requestId":7,"nonsense":{}}`)
	require.Equal(t, http.StatusBadRequest, r.code)
	p := r.problem(t)
	var fields []string
	for _, v := range p.Details[1].FieldViolations {
		fields = append(fields, v.Field)
		require.Contains(t, p.Message, v.Field)
	}
	require.Equal(t, []string{"agentID", "requestId", "nonsense"}, fields)
	for _, bad := range []string{`{`, `[]`, `nope`, `{"agentId":"a"} {}`, `{"agentId":"a","agentId":"b"}`, "{\"agentId\":\"\xff\"}", `{"agentId":"\u0000"}`} {
		r := s.claim(t, bad)
		require.Equal(t, http.StatusBadRequest, r.code, bad)
		require.Equal(t, "INVALID_FIELDS", r.reason(t), bad)
	}
	require.Equal(t, http.StatusOK, s.claim(t, "").code, "a body may be absent")
	require.Equal(t, http.StatusOK, s.claim(t, `{"agentId":"amina"}`).code)
	require.Equal(t, http.StatusOK, s.claim(t, `{"agent_id":"amina"}`).code)
}

func TestNoSuchPathAndNoSuchMethod(t *testing.T) {
	t.Parallel()
	s := setup(t, func(s *rpc.Server) {
		s.HTTP().HandleFunc("POST /v1/hooks/{source}", func(http.ResponseWriter, *http.Request) {})
	})
	r := s.call(t, http.MethodGet, "/v1/nothing", nil)
	require.Equal(t, http.StatusNotFound, r.code)
	require.Equal(t, "NO_SUCH_PATH", r.reason(t))
	for _, path := range []string{"/v1/callbacks:claim", "/v1/hooks/zendesk", "/healthz"} {
		r = s.call(t, http.MethodDelete, path, nil)
		require.Equal(t, http.StatusMethodNotAllowed, r.code, path)
		require.Equal(t, "METHOD_NOT_ALLOWED", r.reason(t))
	}
	require.Equal(t, "GET", r.header.Get("Allow"))
	r = s.call(t, http.MethodGet, "/v1/callbacks/x:startAttempt", nil)
	require.NotEqual(t, http.StatusOK, r.code)
	require.NotEmpty(t, r.reason(t))
}

func TestHealthReadinessAndMetrics(t *testing.T) {
	t.Parallel()
	s := setup(t)
	var broken atomic.Bool
	s.Health().AddReadiness("nats", func() error {
		if broken.Load() {
			return errors.New("nats is away")
		}
		return nil
	})
	require.Equal(t, http.StatusOK, s.call(t, http.MethodGet, "/readyz", nil).code)
	broken.Store(true)
	r := s.call(t, http.MethodGet, "/readyz", nil)
	require.Equal(t, http.StatusServiceUnavailable, r.code)
	require.JSONEq(t, `{"status":"not ready","problems":{"nats":"nats is away"}}`, r.body)
	require.Equal(t, http.StatusOK, s.call(t, http.MethodGet, "/healthz", nil).code, "it lives all the same")
	broken.Store(false)
	s.Health().SetStopping()
	r = s.call(t, http.MethodGet, "/readyz", nil)
	require.JSONEq(t, `{"status":"not ready","problems":{"process":"stopping"}}`, r.body)

	s.claim(t, `{"agentId":"none"}`)
	r = s.call(t, http.MethodGet, "/metrics", nil)
	require.Equal(t, http.StatusOK, r.code)
	require.Contains(t, r.body, `rpc_seconds_count{code="NotFound",method="/rappel.callback.v1.CallbackService/ClaimCallback"} 1`)
}

func TestAProcessThatHasNotStartedIsNotReady(t *testing.T) {
	t.Parallel()
	s := rpc.New(rpc.Options{})
	require.Equal(t, map[string]string{"process": "starting"}, s.Health().Ready())
	s.Health().SetStarted()
	require.Empty(t, s.Health().Ready())
	require.NoError(t, s.Close())
	require.NoError(t, s.Close())
}

func TestAStopWaitsForCallsAtWork(t *testing.T) {
	t.Parallel()
	s := setup(t)
	answered := make(chan int, 1)
	go func() {
		resp, err := client.Post(s.base+"/v1/callbacks:claim", "application/json", strings.NewReader(`{"agentId":"slow"}`))
		if err != nil {
			answered <- 0
			return
		}
		_ = resp.Body.Close()
		answered <- resp.StatusCode
	}()
	<-s.fake.entered
	stopped := make(chan error, 1)
	go func() { stopped <- s.stop(t.Context()) }()
	require.Eventually(t, func() bool {
		conn, err := net.DialTimeout("tcp", strings.TrimPrefix(s.base, "http://"), time.Second)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	}, soon, 5*time.Millisecond, "nobody new is let in")
	require.Empty(t, stopped)
	close(s.fake.release)
	require.Equal(t, http.StatusOK, <-answered)
	require.NoError(t, <-stopped)
}

func TestAStopThatIsOutOfTimeCutsCallsOff(t *testing.T) {
	t.Parallel()
	s := setup(t)
	answered := make(chan error, 1)
	go func() {
		resp, err := client.Post(s.base+"/v1/callbacks:claim", "application/json", strings.NewReader(`{"agentId":"slow"}`))
		if err == nil {
			err = resp.Body.Close()
		}
		answered <- err
	}()
	<-s.fake.entered
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	require.NoError(t, s.stop(ctx))
	require.Less(t, time.Since(start), 5*time.Second)
	require.Error(t, <-answered, "it was cut off")
}

func TestASlowHeaderIsNotWaitedForForEver(t *testing.T) {
	t.Parallel()
	s := setup(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = conn.Write([]byte("POST /v1/callbacks:claim HTTP/1.1\r\nHost: x\r\nX-Slow: "))
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(soon)))
	_, err = io.ReadAll(conn)
	require.NoError(t, err, "the server ends it before we lose patience")
}

func TestErrorsThatCannotBeWrittenAsTheyAre(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		code int
		want string
	}{
		"invalid UTF-8":          {status.Error(codes.NotFound, "a\xff"), 404, "NOT_FOUND"},
		"invalid UTF-8 in field": {rpc.Invalid(rpc.Field{Path: "\xff", Problem: "is \xff"}), 400, "INVALID_FIELDS"},
		"a canceled call":        {fmt.Errorf("x: %w", context.Canceled), 499, "CANCELLED"},
		"a late call":            {context.DeadlineExceeded, 504, "DEADLINE_EXCEEDED"},
		"none of ours":           {errors.New(secret), 500, "INTERNAL"},
		"at once":                {rpc.TryLater(codes.Unavailable, "AWAY", "away", 0), 503, "AWAY"},
	} {
		w := httptest.NewRecorder()
		rpc.WriteError(w, c.err)
		r := reply{w.Code, w.Header(), w.Body.String()}
		require.Equal(t, c.code, r.code, name)
		require.Equal(t, c.want, r.reason(t), name)
		require.NotContains(t, r.body, "customer")
	}
}
