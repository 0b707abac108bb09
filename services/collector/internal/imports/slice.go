package imports

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/access"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/responsefile"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// errStopping has a slice begun by another collector, or after the restart.
var errStopping = errors.New("this collector is stopping")

// handle carries out the order that a state is: to read the next slice, or to delete the
// file of an import that has ended.
func (s *Service) handle(ctx context.Context, d bus.Delivery) error {
	e := &eventsv1.ImportEvent{}
	if err := d.Decode(e); err != nil {
		return err
	}
	if ended(e.GetImport().GetState()) {
		return s.conclude(ctx, e)
	}
	now, err := s.load(ctx, e.GetImport().GetId())
	if errors.Is(err, ErrUnknown) {
		return nil // it has expired
	}
	if err != nil || now.seq != d.Sequence {
		return err // a later state is an order of its own
	}
	if err := s.early(); err != nil {
		return err
	}
	next, err := s.advance(ctx, now, d.Deliveries)
	if err != nil {
		return err
	}
	return s.publish(ctx, next, now.seq)
}

// conclude lets go of what an ended import has.
func (s *Service) conclude(ctx context.Context, e *eventsv1.ImportEvent) error {
	if err := s.letGo(e.GetFile()); err != nil {
		return err
	}
	if err := s.forget(ctx, e.GetFile()); err != nil {
		return err
	}
	i := e.GetImport()
	s.o.Count(i.GetState())
	s.o.Log.Info("an import has ended", zap.String("import", i.GetId()), zap.Stringer("state", i.GetState()),
		zap.Int64("rows", i.GetRows()), zap.Int64("stored", i.GetStored()), zap.Int64("duplicates", i.GetDuplicates()),
		zap.Int64("refused", i.GetRefused()), zap.Int64("skipped", i.GetSkipped()))
	return nil
}

// publish stores a slice's state. When somebody has cancelled the import meanwhile, what
// the slice did is still counted; when another collector has read the slice, too, its word
// stands.
func (s *Service) publish(ctx context.Context, next *eventsv1.ImportEvent, after uint64) error {
	read := next.GetImport().GetRead()
	err := s.commit(ctx, next, after)
	for errors.Is(err, bus.ErrConflict) {
		var now state
		now, err = s.load(ctx, next.GetImport().GetId())
		if err != nil || now.GetImport().GetState() != eventsv1.Import_CANCELLED || now.GetImport().GetRead() >= read {
			break
		}
		next.Import.State = eventsv1.Import_CANCELLED
		err = s.commit(ctx, next, now.seq)
	}
	if errors.Is(err, ErrUnknown) {
		return nil
	}
	return err
}

// advance reads the next slice and returns the state behind it.
func (s *Service) advance(ctx context.Context, now state, deliveries uint64) (*eventsv1.ImportEvent, error) {
	next := now.next()
	next.Import.State = eventsv1.Import_RUNNING
	r, err := s.borrow(ctx, now.ImportEvent)
	if err == nil {
		err = s.slice(ctx, r, next, deliveries > 1)
		err = errors.Join(err, s.giveBack(now.GetFile(), r))
	}
	switch {
	case err == nil:
		return next, nil
	case passing(ctx, err):
		return nil, fmt.Errorf("%w: %w", bus.ErrUnavailable, err)
	case internal(err) && deliveries < uint64(topology.Imports.MaxDeliveries)-1:
		return nil, err
	}
	failed := now.next() // of the rows read in this slice, none was stored
	failed.Import.State, failed.Import.Problem = eventsv1.Import_FAILED, problem(err)
	return failed, nil
}

// passing reports whether an error is none of the file's: it will be tried again.
func passing(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, bus.ErrUnavailable) || errors.Is(err, bus.ErrFull) || errors.Is(err, errStopping) || errors.Is(err, errStore)
}

// errStore is of rows that could not be stored now, whatever they say.
var errStore = errors.New("rows could not be stored now")

// fileError is what is wrong with a file that was read well so far.
type fileError struct{ error }

func internal(err error) bool {
	var file *fileError
	return !errors.As(err, &file) && !errors.Is(err, errGone)
}

func problem(err error) string {
	if internal(err) {
		return "the import cannot be read on; the collector's log says why"
	}
	return err.Error()
}

// slice stores the next rows as responses and notes in next what came of them.
func (s *Service) slice(ctx context.Context, r *reading, next *eventsv1.ImportEvent, again bool) error {
	select {
	case <-s.stop:
		return errStopping
	default:
	}
	begin := r.at
	again = again || r.tried == begin
	r.tried, r.at = begin, unknown
	rows, last, err := r.rows(s.o.SliceRows)
	if err != nil {
		if errors.Is(err, bus.ErrUnavailable) || errors.Is(err, errGone) || ctx.Err() != nil {
			return err
		}
		return &fileError{err}
	}
	s.spent(len(rows))
	outcomes, err := s.submit(ctx, next, rows)
	if err != nil {
		return err
	}
	rejects, err := fold(next, r.file, rows, outcomes, again)
	if err != nil {
		return err
	}
	if err := s.putRejects(ctx, next, rejects); err != nil {
		return err
	}
	if n := len(rows); n > 0 {
		next.Import.Read, next.Line = rows[n-1].End, rows[n-1].EndLine
		r.at = next.GetImport().GetRead()
	}
	if last {
		next.Import.State, next.Import.Read = eventsv1.Import_COMPLETED, next.GetImport().GetReadSize()
	}
	return nil
}

// early says that the rows before have not had their time yet.
func (s *Service) early() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait := s.next.Sub(s.o.Clock.Now())
	if wait <= 0 {
		return nil
	}
	return bus.Postpone(wait)
}

// spent gives rows their time.
func (s *Service) spent(rows int) {
	if s.o.RowsPerSecond == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.o.Clock.Now(); s.next.Before(now) {
		s.next = now
	}
	s.next = s.next.Add(time.Duration(float64(rows) / s.o.RowsPerSecond * float64(time.Second)))
}

// submit stores the rows that are responses; there is one outcome for each of them.
func (s *Service) submit(ctx context.Context, e *eventsv1.ImportEvent, rows []*responsefile.Row) ([]ingest.Outcome, error) {
	send := make([]ingest.Row, 0, len(rows))
	for _, row := range rows {
		if row.Response != nil {
			send = append(send, ingest.Row{Response: row.Response})
		}
	}
	if len(send) == 0 {
		return nil, nil
	}
	grant := access.Grant{KeyName: e.GetKeyName(), Surveys: e.GetSurveys(), Channels: e.GetChannels()}
	outcomes, err := s.o.Ingest.SubmitBatch(ingest.WithScope(ctx, s.o.Access.Recall(grant)), send)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errStore, err)
	}
	for _, o := range outcomes {
		if o.Err != nil && ingest.VerdictOf(o.Result, o.Err) == ingest.Unavailable {
			return nil, fmt.Errorf("%w: %w", errStore, o.Err)
		}
	}
	return outcomes, nil
}
