package transport

import (
	"bytes"
	"errors"
	"net/http"
	"time"

	"github.com/rappel-loop/rappel/services/feed/internal/subscription"
)

// writeTimeout ends a client that takes nothing.
const writeTimeout = 30 * time.Second

// retryAfter is when an EventSource comes back, in milliseconds.
const retryAfter = "2000"

// sse writes one client's events. The stream begins with Begin: before, an error can still be
// answered as one.
type sse struct {
	w         http.ResponseWriter
	rc        *http.ResponseController
	delivered func(by string)
	began     bool
	buffer    bytes.Buffer
}

// Begin tells the client where it stands, so that it misses nothing even if it goes before
// anything has happened. A block without data is no event to an EventSource, which keeps its
// id all the same.
func (s *sse) Begin(at subscription.Cursor) error {
	// The server's read timeout is for requests; this one has been read.
	if err := s.rc.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // a proxy's
	s.began = true
	return s.write("retry: "+retryAfter+"\n: the feed\nid: "+at.String()+"\n\n", nil, true)
}

// Beat is a comment, and an id.
func (s *sse) Beat(at subscription.Cursor) error {
	return s.write(": beat\nid: "+at.String()+"\n\n", nil, true)
}

// Event is an event of the kind that an EventSource calls message.
func (s *sse) Event(at subscription.Cursor, event []byte, more bool) error {
	s.delivered("http")
	return s.write("id: "+at.String()+"\ndata: ", event, !more)
}

// flushAt is how much is written before it is sent although more is at hand.
const flushAt = 32 << 10

func (s *sse) write(head string, data []byte, flush bool) error {
	s.buffer.WriteString(head)
	if data != nil {
		s.buffer.Write(oneLine(data))
		s.buffer.WriteString("\n\n")
	}
	if !flush && s.buffer.Len() < flushAt {
		return nil
	}
	if err := s.rc.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	defer s.buffer.Reset()
	if _, err := s.w.Write(s.buffer.Bytes()); err != nil {
		return err
	}
	return s.rc.Flush()
}

// oneLine is JSON without line breaks, as ours is; somebody else may publish there, too.
func oneLine(data []byte) []byte {
	if !bytes.ContainsAny(data, "\r\n") {
		return data
	}
	return bytes.ReplaceAll(bytes.ReplaceAll(data, []byte("\n"), []byte(" ")), []byte("\r"), []byte(" "))
}
