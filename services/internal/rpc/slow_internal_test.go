package rpc

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// trickle is a body that brings so many bytes each time, so long after it was asked.
type trickle struct {
	now   time.Time
	bytes int
	after time.Duration
}

func (t *trickle) Read(p []byte) (int, error) {
	t.now = t.now.Add(t.after)
	return copy(p, bytes.Repeat([]byte("x"), t.bytes)), nil
}

type noDeadlines struct{ http.ResponseWriter }

func (noDeadlines) SetReadDeadline(time.Time) error { return nil }

// An upload that moves may last; one that only pretends to is given up.
func TestAnUploadKeepsALeastRate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bytes int
		after time.Duration
		slow  bool
	}{
		"a byte each half a minute": {1, 29 * time.Second, true},
		"a byte a second":           {1, time.Second, true},
		"half of what is asked":     {uploadLeast / 2, time.Second, true},
		"what is asked":             {uploadLeast, time.Second, false},
		"in bursts":                 {40 * uploadLeast, 29 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := &trickle{now: time.Unix(0, 0), bytes: c.bytes, after: c.after}
			u := Upload(noDeadlines{httptest.NewRecorder()}, httptest.NewRequest(http.MethodPost, "/", body), 1<<40).(*upload)
			u.now = func() time.Time { return body.now }
			buf := make([]byte, 64*uploadLeast)
			var err error
			for err == nil && body.now.Before(time.Unix(0, 0).Add(10*time.Minute)) {
				_, err = u.Read(buf)
			}
			if c.slow {
				require.ErrorIs(t, err, ErrSlow)
				require.Less(t, body.now.Unix(), int64(60), "within two windows")
			} else {
				require.NoError(t, err)
			}
		})
	}
}

// What takes us long is not the sender's fault.
func TestAnUploadThatWeAreSlowToReadIsNotSlow(t *testing.T) {
	t.Parallel()
	body := &trickle{now: time.Unix(0, 0), bytes: 1, after: 0}
	u := Upload(noDeadlines{httptest.NewRecorder()}, httptest.NewRequest(http.MethodPost, "/", body), 1<<40).(*upload)
	u.now = func() time.Time { return body.now }
	for range 100 {
		_, err := io.ReadFull(u, make([]byte, 1))
		require.NoError(t, err)
		body.now = body.now.Add(time.Minute)
	}
}
