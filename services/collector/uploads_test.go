package collector_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/keyfile"
)

// hold begins an upload that does not go on until it is told to: it sends a part of the
// file, and waits until that was taken.
func (l *loop) hold(key string) (finish func() int) {
	l.Helper()
	whole, kind := form(l.T, part{"mapping", "", shops}, part{"file", "a.csv", windows})
	r, w := io.Pipe()
	req, err := http.NewRequestWithContext(l.Context(), http.MethodPost, l.url+"/v1/imports", r)
	require.NoError(l, err)
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Authorization", "Bearer "+key)
	code := make(chan int, 1)
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			code <- 0
			return
		}
		_ = resp.Body.Close()
		code <- resp.StatusCode
	}()
	half := len(whole) / 2
	_, err = io.WriteString(w, whole[:half])
	require.NoError(l, err)
	return func() int {
		_, _ = io.WriteString(w, whole[half:]) // it fails once the answer is there
		_ = w.Close()
		return <-code
	}
}

// Who sends slowly holds a few of the places for uploads, and not all: others' are free.
func TestAFewUploadsAtOnceForEachSender(t *testing.T) {
	t.Parallel()
	r := &ring{TB: t}
	slow, other := r.add(keyfile.Entry{Name: "slow"}), r.add(keyfile.Entry{Name: "other"})
	l := setup(t, r.use)
	file := []part{{"mapping", "", shops}, {"file", "a.csv", windows}}
	var held []func() int
	for range 4 {
		held = append(held, l.hold(slow))
	}
	var a answer
	l.eventually(func() bool {
		if a = l.upload(file, bearer(slow)...); a.code == 503 {
			return true
		}
		held = append(held, l.hold(slow)) // this upload may have had the place of one that came meanwhile
		return false
	})
	require.Equal(t, "TOO_MANY_UPLOADS", a.status(t).reason())
	require.Equal(t, "1", a.header.Get("Retry-After"))
	require.Equal(t, 202, l.upload(file, bearer(other)...).code)
	ended := map[int]int{}
	for _, finish := range held {
		ended[finish()]++
	}
	require.Equal(t, 4, ended[202])
	require.Len(t, held, ended[202]+ended[503])
	require.Equal(t, 202, l.upload(file, bearer(slow)...).code)
}

// An upload that breaks off leaves nothing behind, and its place is free.
func TestAnUploadThatBreaksOff(t *testing.T) {
	t.Parallel()
	l := setup(t)
	body, kind := form(t, part{"mapping", "", shops}, part{"file", "a.csv", strings.Repeat(windows, 1000)})
	for range 20 {
		a := l.post("/v1/imports", body[:len(body)/2], "Content-Type", kind)
		require.Equal(t, 400, a.code, a.body)
		require.Contains(t, a.body, "could not be read to its end")
	}
	require.Zero(t, l.parts())
	require.Equal(t, 202, l.upload([]part{{"mapping", "", shops}, {"file", "a.csv", windows}}).code)
}
