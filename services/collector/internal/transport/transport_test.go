package transport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/access"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/collector/internal/ledger"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// accepting is a journal that takes everything and keeps the number.
type accepting struct {
	sequence uint64
	err      error
}

func (a *accepting) Append(context.Context, *eventsv1.ResponseReceived, response.Digest, uint64) (uint64, error) {
	a.sequence++
	return a.sequence, a.err
}

func (*accepting) Read(context.Context, uint64, string, string) (*eventsv1.ResponseReceived, error) {
	return nil, ingest.ErrGone
}
func (*accepting) Head(context.Context, string) (uint64, error) { return 0, nil }
func (*accepting) Durable(context.Context) error                { return nil }

// ready is a ledger that has read everything there is.
type ready struct{ *ledger.Ledger }

func (ready) Ready() error { return nil }

func options(t testing.TB, j ingest.Journal) Options {
	t.Helper()
	n, err := response.NewNormaliser("FR")
	require.NoError(t, err)
	k, err := response.NewKeyer([]byte("0123456789abcdef"))
	require.NoError(t, err)
	return Options{
		Ingest: ingest.New(ingest.Options{
			Normaliser: n, Keyer: k, Ledger: ready{ledger.New()}, Journal: j, MaxInFlight: 128,
			Clock: clock.NewManual(time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)), Count: func(ingest.Verdict) {},
		}),
		Access:       access.New(access.Options{}),
		CountUnknown: func(string) {},
		Log:          zap.NewNop(), RetryAfter: 1500 * time.Millisecond, MaxBodyBytes: 32 << 20,
	}
}

func post(h http.Handler, path string, body io.Reader) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, body))
	return w
}

func mux(o Options) *http.ServeMux {
	m := http.NewServeMux()
	NewHTTP(o).Register(m)
	return m
}

func TestEachErrorHasItsAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		code   codes.Code
		reason string
		http   int
	}{
		{ingest.ErrFull, codes.ResourceExhausted, "STORE_FULL", 503},
		{ingest.ErrUnavailable, codes.Unavailable, "STORE_UNAVAILABLE", 503},
		{fmt.Errorf("wrapped: %w", ingest.ErrBusy), codes.ResourceExhausted, "TOO_BUSY", 503},
		{ingest.ErrStarting, codes.Unavailable, "STARTING", 503},
		{&ingest.InvalidError{Violations: []response.Violation{{Path: "a", Problem: "b"}}}, codes.InvalidArgument, "INVALID_FIELDS", 400},
		{context.Canceled, codes.Canceled, "", 499},
		{errors.New("a defect with a secret"), codes.Internal, "INTERNAL", 500},
	} {
		o := options(t, &accepting{err: c.err})
		err := o.status(c.err)
		require.Equal(t, c.code, status.Code(err))
		require.Equal(t, c.reason, rpc.Reason(err))
		require.NotContains(t, err.Error(), "secret")
		w := post(mux(o), "/v1/responses", strings.NewReader(`{"survey":"s","answers":[{"verbatim":"x"}]}`))
		require.Equal(t, c.http, w.Code, c.err)
		require.Equal(t, c.http == 503, w.Header().Get("Retry-After") == "2", "rounded up")
		_, err = NewGRPC(o).SubmitResponse(t.Context(), &collectorv1.SubmitResponseRequest{
			Response: &eventsv1.Response{Survey: "s", Answers: []*eventsv1.Answer{{Verbatim: "x"}}},
		})
		require.Equal(t, c.code, status.Code(err))
	}
	require.NoError(t, options(t, &accepting{}).status(nil))
}

// slow gives a body piece by piece, when it is told to.
type slow struct{ pieces chan string }

func (s slow) Read(p []byte) (int, error) {
	piece, ok := <-s.pieces
	if !ok {
		return 0, io.EOF
	}
	return copy(p, piece), nil
}

func TestBodiesShareABudgetOfWhatHasArrived(t *testing.T) {
	t.Parallel()
	b := newBodies(4 * chunk)
	read := func(body io.Reader) (func(), error) {
		r := httptest.NewRequest(http.MethodPost, "/", body)
		r.ContentLength = rpc.MaxMessageBytes // what it says does not count
		_, release, err := b.read(httptest.NewRecorder(), r, rpc.MaxMessageBytes)
		return release, err
	}
	s := slow{make(chan string)}
	done := make(chan error)
	go func() {
		release, err := read(s)
		if err == nil {
			release()
		}
		done <- err
	}()
	s.pieces <- "some" // it holds one chunk now
	release, err := read(strings.NewReader(strings.Repeat("x", 2*chunk)))
	require.NoError(t, err)
	_, err = read(strings.NewReader(strings.Repeat("x", chunk)))
	require.ErrorIs(t, err, ingest.ErrBusy)
	release()
	_, err = read(strings.NewReader(strings.Repeat("x", 4*chunk)))
	require.ErrorIs(t, err, ingest.ErrBusy)
	close(s.pieces)
	require.NoError(t, <-done)
	require.EqualValues(t, 4*chunk, b.free.Load(), "all is given back")
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestABodyThatBreaksOffIsRefused(t *testing.T) {
	t.Parallel()
	o := options(t, &accepting{})
	w := post(mux(o), "/v1/responses", failing{})
	require.Equal(t, http.StatusBadRequest, w.Code)
	require.Contains(t, w.Body.String(), "could not be read to its end")
	w = post(mux(o), "/v1/responses", io.LimitReader(repeat('x'), rpc.MaxMessageBytes+1))
	require.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
}

type repeat byte

func (r repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r)
	}
	return len(p), nil
}

func TestPathsCoverEachOther(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path, outer string
		want        bool
	}{
		{"a", "a", true}, {"a.b", "a", true}, {"a[1]", "a", true}, {"ab", "a", false}, {"a", "a.b", false}, {"b", "a", false}, {"a[1].c", "a[1]", true}, {"a[11]", "a[1]", false},
	} {
		require.Equal(t, c.want, within(c.path, c.outer), c)
	}
}

// FuzzHTTP holds both routes to their contract whatever the body: an answer of
// the agreed shape, an agreed code, and nothing stored unless it says so.
func FuzzHTTP(f *testing.F) {
	for _, seed := range []string{
		`{"id":"r","survey":"s","answers":[{"metric":"NPS","value":2},{"verbatim":"x"}],"customer":{"phone":"06 39 98 20 11","email":"a@b.c","language":"fr","timeZone":"UTC"}}`,
		`{"responses":[{"survey":"s","answers":[{"metric":"CES","value":2,"scale":{"min":1,"max":5}}]},{},3]}`, `{`, `{"responses":[]}`, `[]`, "\x00",
		`{"survey":"s","answers":[{"verbatim":"x"}],"attributes":{"a":"b"},"submittedAt":"2026-11-20T09:30:00Z","consent":{"callback":true}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		j := &accepting{}
		m := mux(options(t, j))
		w := post(m, "/v1/responses", strings.NewReader(string(body)))
		switch w.Code {
		case http.StatusAccepted:
			var got struct {
				ID        string
				Revision  uint32
				Duplicate *bool
			}
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
			require.NotEmpty(t, got.ID)
			require.EqualValues(t, 1, got.Revision)
			require.NotNil(t, got.Duplicate)
			require.EqualValues(t, 1, j.sequence)
		case http.StatusBadRequest:
			var got struct {
				Code    int
				Message string
			}
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
			require.Equal(t, int(codes.InvalidArgument), got.Code)
			require.NotEmpty(t, got.Message)
			require.Zero(t, j.sequence)
		default:
			t.Fatalf("code %d: %s", w.Code, w.Body)
		}
		w = post(m, "/v1/responses:batch", strings.NewReader(string(body)))
		require.Contains(t, []int{http.StatusOK, http.StatusBadRequest}, w.Code)
		require.True(t, json.Valid(w.Body.Bytes()))
	})
}

// BenchmarkHTTPOne is all a response costs before the store and beside net/http.
func BenchmarkHTTPOne(b *testing.B) {
	m := mux(options(b, &accepting{}))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		body := fmt.Sprintf(`{"id":"r-%d","survey":"apres-livraison","channel":"email","customer":{"id":"C-%d","name":"Zoé","phone":"06 39 98 20 11",`+
			`"email":"Zoe@Example.org","language":"fr","timeZone":"Europe/Paris"},"answers":[{"metric":"NPS","value":2},{"metric":"CSAT","value":3,`+
			`"scale":{"min":1,"max":10}},{"verbatim":"Livré en retard, et personne au téléphone."}],"attributes":{"segment":"pro","region":"IDF"},`+
			`"consent":{"callback":true},"submittedAt":"2026-11-20T09:30:00Z"}`, i, i)
		if w := post(m, "/v1/responses", strings.NewReader(body)); w.Code != http.StatusAccepted {
			b.Fatal(w.Body)
		}
	}
}
