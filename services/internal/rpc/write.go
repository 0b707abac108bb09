package rpc

import (
	"net/http"
	"time"
)

// writeTimeout is how long a client may take to accept what is written at once.
const writeTimeout = 30 * time.Second

// bounded gives each write to a client its own time, so that one who asks and does not
// read holds nothing for ever. A whole answer has no bound: it may be a stream, or a file.
func (s *Server) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := &boundedWriter{ResponseWriter: w, rc: http.NewResponseController(w), patience: s.patience}
		next.ServeHTTP(b, r)
		b.allow() // what is still in a buffer is written after the handler
	})
}

type boundedWriter struct {
	http.ResponseWriter
	rc       *http.ResponseController
	patience time.Duration
}

func (b *boundedWriter) allow() {
	_ = b.rc.SetWriteDeadline(time.Now().Add(b.patience)) // a connection that is gone fails the write
}

func (b *boundedWriter) Write(p []byte) (int, error) {
	b.allow()
	return b.ResponseWriter.Write(p)
}

// FlushError is what http.ResponseController flushes by.
func (b *boundedWriter) FlushError() error {
	b.allow()
	return b.rc.Flush()
}

// Unwrap lets http.ResponseController reach the connection.
func (b *boundedWriter) Unwrap() http.ResponseWriter { return b.ResponseWriter }
