package transport

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc/codes"

	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// bodies reads bodies within a budget that all of them share. A body counts with
// what has arrived of it: a slow source holds no more than it has sent.
type bodies struct {
	free atomic.Int64
	pool sync.Pool
}

func newBodies(budget int64) *bodies {
	b := &bodies{}
	b.free.Store(budget)
	return b
}

const (
	chunk   = 8 << 10  // what is asked for at a time
	keepCap = 64 << 10 // larger buffers are not kept
)

// read returns a body of at most that many bytes and how to give its memory back.
func (b *bodies) read(w http.ResponseWriter, r *http.Request, most int64) (data []byte, release func(), err error) {
	if err := checkHeaders(r); err != nil {
		return nil, nil, err
	}
	if r.ContentLength > most {
		return nil, nil, tooLarge(most)
	}
	buf, ok := b.pool.Get().(*bytes.Buffer)
	if !ok {
		buf = new(bytes.Buffer)
	}
	taken := int64(0)
	release = func() {
		b.free.Add(taken)
		if buf.Cap() <= keepCap {
			buf.Reset()
			b.pool.Put(buf)
		}
	}
	body := http.MaxBytesReader(w, r.Body, most)
	for {
		if b.free.Add(-chunk) < 0 {
			b.free.Add(chunk)
			release()
			return nil, nil, ingest.ErrBusy
		}
		taken += chunk
		switch _, err := io.CopyN(buf, body, chunk); {
		case errors.Is(err, io.EOF):
			return buf.Bytes(), release, nil
		case err != nil:
			release()
			return nil, nil, readError(err)
		}
	}
}

func readError(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return tooLarge(large.Limit)
	}
	return wrong("body", "could not be read to its end")
}

func tooLarge(most int64) error {
	if most == rpc.MaxMessageBytes {
		return rpc.TooLarge()
	}
	return rpc.Refused(codes.ResourceExhausted, "BODY_TOO_LARGE", fmt.Sprintf("the body is larger than %d bytes", most))
}

// checkHeaders refuses what would be refused for its bytes otherwise. The media
// type is not asked for: what curl -d sends says it is a form, and is JSON.
func checkHeaders(r *http.Request) error {
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return wrong("Content-Encoding", "must not be given: the body is taken as it is")
	}
	return nil
}

func wrong(path, problem string) error {
	return fmt.Errorf("refused: %w", &ingest.InvalidError{Violations: []response.Violation{{Path: path, Problem: problem}}})
}
