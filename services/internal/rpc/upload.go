package rpc

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// An upload is given up when nothing of it comes for uploadWindow, or less than uploadLeast
// bytes a second over that time. Only the time that is spent waiting for it counts.
const (
	uploadWindow = 30 * time.Second
	uploadLeast  = 8 << 10
)

// ErrSlow says that an upload moved more slowly than 8 KiB a second.
var ErrSlow = errors.New("came more slowly than 8 KiB a second")

// Uploads lets the bodies of a path be as large as its handler says, with Upload. It is
// called before Serve.
func (s *Server) Uploads(path string) { s.uploads[path] = true }

// Upload bounds the body of a request to a path of Uploads: by bytes instead of by time. As
// long as it moves it may last. Reading fails with an *http.MaxBytesError beyond them, and
// with ErrSlow when it does not move.
func Upload(w http.ResponseWriter, r *http.Request, most int64) io.Reader {
	return &upload{body: http.MaxBytesReader(w, r.Body, most), deadlines: http.NewResponseController(w), now: time.Now}
}

type upload struct {
	body      io.Reader
	deadlines *http.ResponseController
	now       func() time.Time

	waited time.Duration // for the sender, in this window
	came   int64         // in that time
}

func (u *upload) Read(p []byte) (int, error) {
	began := u.now()
	if err := u.deadlines.SetReadDeadline(began.Add(uploadWindow)); err != nil {
		return 0, err
	}
	n, err := u.body.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return n, ErrSlow
	}
	u.came += int64(n)
	u.waited += u.now().Sub(began)
	if u.waited < uploadWindow || err != nil {
		return n, err
	}
	if float64(u.came) < uploadLeast*u.waited.Seconds() {
		return n, ErrSlow
	}
	u.waited, u.came = 0, 0
	return n, nil
}
