package replay

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
)

// ErrStuck says that the server took nothing for as long as Options.GiveUp.
var ErrStuck = errors.New("gave up")

// errRows says that the server could not store some rows of a batch now.
var errRows = errors.New("the server could not store some rows now")

// Bounds of the wait before a request is repeated.
const (
	firstWait = 100 * time.Millisecond
	lastWait  = 5 * time.Second
	// longestWait bounds what a server may ask for.
	longestWait = 30 * time.Second
)

// sender sends rows and learns what became of them.
type sender struct {
	client *httpapi.Client
	keyed  bool // a key is sent
	giveUp time.Duration
	clock  clock.Clock
	onWait func(error, time.Duration)
	stop   <-chan struct{} // no more waiting once closed

	mu    sync.Mutex
	moved time.Time // when the server last took something
}

// send gives every row its result. Its error ends the run.
func (s *sender) send(ctx context.Context, rows []*row) error {
	for try := 0; len(rows) > 0; {
		left, err := s.post(ctx, rows)
		var status *httpapi.StatusError
		if errors.As(err, &status) && status.HTTP == http.StatusRequestEntityTooLarge {
			return s.tooLarge(ctx, rows)
		}
		if err != nil && !canRetry(err) {
			return s.explain(err)
		}
		if len(left) < len(rows) {
			s.took()
			try = 0
		}
		if len(left) > 0 {
			if err := s.wait(ctx, err, try); err != nil {
				return err
			}
			try++
		}
		rows = left
	}
	return nil
}

// tooLarge sends what some proxy finds too large in halves.
func (s *sender) tooLarge(ctx context.Context, rows []*row) error {
	if len(rows) == 1 {
		rows[0].refused("the row is larger than the server takes")
		s.took()
		return nil
	}
	half := len(rows) / 2
	if err := s.send(ctx, rows[:half]); err != nil {
		return err
	}
	return s.send(ctx, rows[half:])
}

// post makes one request. It returns the rows that are still to be sent, with
// the reason.
func (s *sender) post(ctx context.Context, rows []*row) ([]*row, error) {
	var body strings.Builder
	body.WriteString(`{"responses":[`)
	for i, r := range rows {
		if i > 0 {
			body.WriteByte(',')
		}
		body.Write(r.content)
	}
	body.WriteString(`]}`)
	data, err := s.client.Do(ctx, http.MethodPost, "/v1/responses:batch", nil, []byte(body.String()))
	if err != nil {
		if mayHaveBeenStored(err) {
			for _, r := range rows {
				r.sentBefore = true
			}
		}
		return rows, err
	}
	answer := &collectorv1.SubmitResponsesResponse{}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(data, answer); err != nil {
		return rows, fmt.Errorf("%s answers in another language: is it a Rappel server?", s.client.Server())
	}
	if len(answer.GetResults()) != len(rows) {
		return rows, fmt.Errorf("%s answered %d results to %d rows", s.client.Server(), len(answer.GetResults()), len(rows))
	}
	return settle(rows, answer.GetResults())
}

// settle gives rows their results. A row the server could not store now is to
// be sent again, and so are the later rows of the same response, or they would
// be overtaken.
func settle(rows []*row, results []*collectorv1.SubmitResult) ([]*row, error) {
	var left []*row
	var why error
	again := map[string]bool{}
	for i, r := range rows {
		res := results[i]
		failed := res.GetError()
		switch {
		case failed != nil && r.passing(failed.GetCode()):
			r.sentBefore = true
			left, why = append(left, r), fmt.Errorf("%w: %s", errRows, failed.GetMessage())
			again[r.key()] = true
		case again[r.key()]:
			r.sentBefore = true
			left = append(left, r)
		case failed != nil:
			r.refused(r.explain(failed))
		default:
			r.stored(res)
		}
	}
	return left, why
}

// mostFailures is how often a row may break the server before it is refused:
// one poisonous row must not stop the file.
const mostFailures = 5

// passing reports whether a row's error will pass.
func (r *row) passing(code string) bool {
	switch code {
	case "UNAVAILABLE", "RESOURCE_EXHAUSTED", "ABORTED", "DEADLINE_EXCEEDED", "CANCELLED":
		return true
	case "INTERNAL", "UNKNOWN":
		r.failures++
		return r.failures < mostFailures
	}
	return false
}

func canRetry(err error) bool {
	var status *httpapi.StatusError
	if errors.As(err, &status) {
		return status.Temporary()
	}
	var away *httpapi.Unreachable
	return errors.As(err, &away) || errors.Is(err, errRows)
}

// mayHaveBeenStored is true unless the server said, or it is plain, that
// nothing was: 429 and 503 do, and a connection that never was.
func mayHaveBeenStored(err error) bool {
	var status *httpapi.StatusError
	if errors.As(err, &status) {
		return status.HTTP >= 500 && status.HTTP != http.StatusServiceUnavailable
	}
	var op *net.OpError
	return !errors.As(err, &op) || op.Op != "dial"
}

func (s *sender) explain(err error) error {
	var status *httpapi.StatusError
	if !errors.As(err, &status) {
		return err
	}
	switch status.HTTP {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return fmt.Errorf("%s does not take answers: %w; is it a Rappel server?", s.client.Server(), err)
	case http.StatusUnauthorized, http.StatusForbidden:
		if s.keyed {
			return fmt.Errorf("%s does not take the key: %w", s.client.Server(), err)
		}
		return fmt.Errorf("%s lets nobody in without a key: %w; name the one to send with --key-file or RAPPEL_KEY", s.client.Server(), err)
	}
	return fmt.Errorf("%s refuses a whole batch: %w", s.client.Server(), err)
}

func (s *sender) took() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moved = s.clock.Now()
}

// wait waits before another try, longer each time, and gives up when nothing
// has moved for too long.
func (s *sender) wait(ctx context.Context, why error, try int) error {
	d := min(firstWait<<min(try, 10), lastWait)
	d = d/2 + rand.N(d/2+1) //nolint:gosec // spreads the tries; no secret
	var status *httpapi.StatusError
	if errors.As(why, &status) {
		d = min(max(d, status.RetryAfter), longestWait)
	}
	s.mu.Lock()
	left := s.giveUp - s.clock.Now().Sub(s.moved)
	if left <= 0 {
		s.mu.Unlock()
		return fmt.Errorf("%w: the server took nothing for %s: %w", ErrStuck, s.giveUp, why)
	}
	d = min(d, left)
	if s.onWait != nil {
		s.onWait(why, d)
	}
	s.mu.Unlock()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-s.stop:
		return context.Canceled
	case <-ctx.Done():
		return ctx.Err()
	}
}
