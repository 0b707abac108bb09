package rpc

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// uploadIdle is how long an upload may stand still.
const uploadIdle = 30 * time.Second

// errSlow says that an upload stood still.
var errSlow = errors.New("nothing came for too long")

// Uploads lets the bodies of a path be as large as its handler says, with Upload. It is
// called before Serve.
func (s *Server) Uploads(path string) { s.uploads[path] = true }

// Upload bounds the body of a request to a path of Uploads: by bytes instead of by time. As
// long as it moves it may last. Reading fails with an *http.MaxBytesError beyond them.
func Upload(w http.ResponseWriter, r *http.Request, most int64) io.Reader {
	return &upload{body: http.MaxBytesReader(w, r.Body, most), deadlines: http.NewResponseController(w)}
}

type upload struct {
	body      io.Reader
	deadlines *http.ResponseController
}

func (u *upload) Read(p []byte) (int, error) {
	if err := u.deadlines.SetReadDeadline(time.Now().Add(uploadIdle)); err != nil {
		return 0, err
	}
	n, err := u.body.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errSlow
	}
	return n, err
}
