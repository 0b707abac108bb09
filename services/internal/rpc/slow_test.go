package rpc_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// A client that asks for much and takes nothing of it is not waited for for ever.
func TestAClientThatDoesNotReadIsCutOff(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	s := setupWith(t, rpc.Options{WriteTimeout: 100 * time.Millisecond}, func(s *rpc.Server) {
		s.HTTP().HandleFunc("GET /much", func(w http.ResponseWriter, _ *http.Request) {
			var err error
			for err == nil {
				_, err = w.Write(make([]byte, 1<<20))
			}
			ended <- err
		})
	})
	conn := s.ask(t, "/much")
	select {
	case err := <-ended:
		require.Error(t, err)
	case <-time.After(soon):
		require.Fail(t, "the handler writes for ever")
	}
	require.NoError(t, conn.Close())
}

// A body that does not come is not waited for for ever.
func TestABodyThatDoesNotComeIsCutOff(t *testing.T) {
	t.Parallel()
	s := setupWith(t, rpc.Options{ReadTimeout: 200 * time.Millisecond})
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	require.NoError(t, err)
	_, err = io.WriteString(conn, "POST /v1/callbacks:claim HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"agentId\":")
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(soon)))
	answer, err := io.ReadAll(conn)
	require.NoError(t, err, "the server ends it before we lose patience")
	require.NotContains(t, string(answer), " 200 ")
	require.NoError(t, conn.Close())
}

// A stream that is silent for longer than a write may take goes on.
func TestAStreamMayBeSilent(t *testing.T) {
	t.Parallel()
	const patience = 50 * time.Millisecond
	s := setupWith(t, rpc.Options{WriteTimeout: patience}, func(s *rpc.Server) {
		s.HTTP().HandleFunc("GET /events", func(w http.ResponseWriter, r *http.Request) {
			rc := http.NewResponseController(w)
			for range 3 {
				_, _ = io.WriteString(w, "event\n")
				_ = rc.Flush()
				select {
				case <-time.After(3 * patience):
				case <-r.Context().Done():
				}
			}
		})
	})
	conn := s.ask(t, "/events")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err, "it ends as it should")
	require.Equal(t, "event\nevent\nevent\n", string(data))
	require.NoError(t, resp.Body.Close())
	require.NoError(t, conn.Close())
}

// ask sends a request whose answer the test reads, or does not.
func (s *served) ask(t *testing.T, path string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	require.NoError(t, err)
	_, err = io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(soon)))
	return conn
}
