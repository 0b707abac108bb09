package httpapi_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
)

func client(t *testing.T, h http.HandlerFunc) *httpapi.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := httpapi.New(s.URL+"/", s.Client())
	require.NoError(t, err)
	require.Equal(t, s.URL, c.Server())
	return c
}

func TestACall(t *testing.T) {
	t.Parallel()
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Content-Type")+" "+string(body))
	})
	got, err := c.Do(t.Context(), http.MethodPost, "/v1/x:y", url.Values{"a": {"b c"}}, []byte("{}"))
	require.NoError(t, err)
	require.Equal(t, "POST /v1/x:y?a=b+c application/json {}", string(got))
}

func TestWhatAServerRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter)
		want   httpapi.StatusError
		text   string
		passes bool
	}{
		"every wrong field": {
			func(w http.ResponseWriter) {
				rpc.WriteError(w, rpc.Invalid(rpc.Field{Path: "survey", Problem: "is required"}, rpc.Field{Path: "id", Problem: "is too long"}))
			},
			httpapi.StatusError{HTTP: 400, Code: codes.InvalidArgument, Reason: "INVALID_FIELDS"},
			"the request has wrong fields: survey: is required; id: is too long", false,
		},
		"come back later": {
			func(w http.ResponseWriter) {
				rpc.WriteError(w, rpc.TryLater(codes.ResourceExhausted, "STORE_FULL", "full", 3*time.Second))
			},
			httpapi.StatusError{HTTP: 503, Code: codes.ResourceExhausted, Reason: "STORE_FULL", RetryAfter: 3 * time.Second},
			"full", true,
		},
		"a proxy, with a date": {
			func(w http.ResponseWriter) {
				w.Header().Set("Date", "Mon, 09 Nov 2026 10:00:00 GMT")
				w.Header().Set("Retry-After", "Mon, 09 Nov 2026 10:00:07 GMT")
				w.WriteHeader(http.StatusBadGateway)
			},
			httpapi.StatusError{HTTP: 502, Code: codes.Unknown, RetryAfter: 7 * time.Second},
			"HTTP 502 Bad Gateway", true,
		},
		"not here": {
			func(w http.ResponseWriter) { http.Error(w, "<html>", http.StatusNotImplemented) },
			httpapi.StatusError{HTTP: 501, Code: codes.Unknown},
			"HTTP 501 Not Implemented", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := client(t, func(w http.ResponseWriter, _ *http.Request) { c.answer(w) })
			_, err := api.Do(t.Context(), http.MethodGet, "/", nil, nil)
			var got *httpapi.StatusError
			require.ErrorAs(t, err, &got)
			require.EqualError(t, got, c.text)
			require.Equal(t, c.passes, got.Temporary())
			require.Equal(t, c.want, httpapi.StatusError{HTTP: got.HTTP, Code: got.Code, Reason: got.Reason, RetryAfter: got.RetryAfter})
			_, err = api.Stream(t.Context(), "/", nil, nil)
			require.ErrorAs(t, err, &got)
		})
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	c, err := httpapi.New("127.0.0.1:1", nil)
	require.NoError(t, err)
	_, err = c.Do(t.Context(), http.MethodGet, "/", nil, nil)
	var away *httpapi.Unreachable
	require.ErrorAs(t, err, &away)
	require.ErrorContains(t, err, "no answer from http://127.0.0.1:1: dial tcp")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Do(ctx, http.MethodGet, "/", nil, nil)
	require.ErrorIs(t, err, context.Canceled)
	c, err = httpapi.New("", nil)
	require.NoError(t, err)
	require.Equal(t, httpapi.DefaultServer, c.Server())
	for _, bad := range []string{"ftp://x", "http://", "http://%zz"} {
		_, err = httpapi.New(bad, nil)
		require.Error(t, err)
	}
}
