package ingest

import (
	"context"
	"errors"
	"hash/maphash"
	"strings"
	"sync"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
)

// lanes is how many responses of one batch or stream are stored at once. Those of
// one id share a lane, so they are taken in the order they came.
const lanes = 64

var laneSeed = maphash.MakeSeed()

// laneOf says which lane a response takes; one without an id takes its turn.
func laneOf(r *eventsv1.Response, turn, lanes int) int {
	if strings.TrimSpace(r.GetId()) == "" {
		return turn % lanes
	}
	var h maphash.Hash
	h.SetSeed(laneSeed)
	_, _ = h.WriteString(strings.TrimSpace(r.GetSurvey()))
	_ = h.WriteByte('/')
	_, _ = h.WriteString(strings.TrimSpace(r.GetId()))
	return int(h.Sum64() % uint64(lanes))
}

// Row is one response of a batch. One that has violations already is only
// refused.
type Row struct {
	Response   *eventsv1.Response
	Violations []response.Violation
}

// Outcome is what came of a row: a result or an error.
type Outcome struct {
	Result Result
	Err    error
}

// SubmitBatch stores the good rows, with one wait for all of them to be durable,
// and returns one outcome a row. Its own error means that nothing was accepted.
func (s *Service) SubmitBatch(ctx context.Context, rows []Row) ([]Outcome, error) {
	out := make([]Outcome, len(rows))
	err := s.submitBatch(ctx, rows, out)
	for i := range out {
		if err != nil && !isOwn(out[i].Err) {
			out[i] = Outcome{Err: err}
		}
		s.o.Count(VerdictOf(out[i].Result, out[i].Err))
	}
	return out, err
}

func (s *Service) submitBatch(ctx context.Context, rows []Row, out []Outcome) error {
	width := min(lanes, len(rows))
	if !s.slots.TryAcquire(int64(width)) {
		return ErrBusy
	}
	defer s.slots.Release(int64(width))
	queues := make([][]int, width)
	for i, row := range rows {
		lane := laneOf(row.Response, i, width)
		queues[lane] = append(queues[lane], i)
	}
	var wg sync.WaitGroup
	for _, queue := range queues {
		wg.Go(func() {
			for _, i := range queue {
				out[i] = s.row(ctx, rows[i])
			}
		})
	}
	wg.Wait()
	return s.settle(ctx, out)
}

func (s *Service) row(ctx context.Context, row Row) Outcome {
	if len(row.Violations) > 0 {
		return Outcome{Err: &InvalidError{row.Violations}}
	}
	res, err := s.take(ctx, row.Response)
	return Outcome{res, err}
}

// settle waits for what was stored to be durable. When nothing was, and not
// because it was refused, the batch as a whole has failed: the source must know
// that it has to come back.
func (s *Service) settle(ctx context.Context, out []Outcome) error {
	var failure error
	stored := false
	for _, o := range out {
		switch {
		case o.Err == nil:
			stored = true
		case !isOwn(o.Err) && failure == nil:
			failure = o.Err
		}
	}
	if stored {
		return s.o.Journal.Durable(ctx)
	}
	return failure
}

// isOwn reports whether an error is a response's own, whatever becomes of the others.
func isOwn(err error) bool {
	var invalid *InvalidError
	var forbidden *ForbiddenError
	return errors.As(err, &invalid) || errors.As(err, &forbidden)
}
