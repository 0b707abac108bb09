// Package imports is the collector's third use case: a file of responses is taken whole,
// and becomes responses afterwards, a slice of rows at a time.
//
// Authority. The last event of an import's subject in IMPORTS is its state: how far the
// file has been read, and what came of the rows. The file itself is in IMPORT_FILES, in
// parts, so that whichever collector is next can go on anywhere in it.
//
// Safety. A file is taken once all of it is on disk. Each state is stored under a
// compare-and-set on the one before, and is itself the order to read the next slice: a
// crash between the rows and the state has the slice read again, and what was stored of it
// already comes back as duplicates. They are counted as stored, because that is what they
// were, if they are held behind where RESPONSES ended when the slice was ordered. How many rows a slice has depends on the file alone, so a second reading ends where
// the first did. Rows are stored in the file's order as far as they are of one response.
//
// Liveness. While responses cannot be stored, the slice waits and nothing is counted. Two
// imports take turns. A file that cannot be read on fails its import, with what is wrong.
//
// Memory is bounded by a slice and a few parts an import at work, not by the file.
package imports

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/access"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// Why a call is not carried out.
var (
	// ErrUnknown says that there is no such import, or that it is another sender's.
	ErrUnknown = errors.New("no such import")
	// ErrExpired says that the rejects are no longer kept.
	ErrExpired = errors.New("the refused rows are no longer kept")
	// ErrTooLarge says that the file is larger than Options.MaxBytes.
	ErrTooLarge = errors.New("the file is too large")
)

// Ingest stores responses: ingest.Service.
type Ingest interface {
	SubmitBatch(ctx context.Context, rows []ingest.Row) ([]ingest.Outcome, error)
}

// Options are what a Service works with; all but RowsPerSecond are required.
type Options struct {
	Bus    *bus.Bus
	Ingest Ingest
	// Access knows what the keys of senders may send.
	Access *access.Guard
	Clock  ingest.Clock
	Log    *zap.Logger
	// Count is told the state that an import ends in.
	Count func(eventsv1.Import_State)
	// MaxBytes is the largest file that is taken.
	MaxBytes int64
	// RowsPerSecond bounds how fast all imports of this process are read together, so that
	// live answers behind them need not wait; 0 is as fast as rows can be stored.
	RowsPerSecond float64
	// SliceRows is how many rows of a file are read for one state; 0 is 2,000. All
	// collectors of a deployment have the same.
	SliceRows int
}

// Service takes files from New on, and makes responses of them from Start to Stop.
type Service struct {
	o     Options
	stop  chan struct{} // closed when no further slice is to begin
	queue *bus.Consumption

	mu   sync.Mutex
	open map[string]*reading // by file
	next time.Time           // when the next slice may be read
}

// New returns a service that stores and does not read yet.
func New(o Options) *Service {
	if o.SliceRows == 0 {
		o.SliceRows = sliceRows
	}
	return &Service{o: o, stop: make(chan struct{}), open: map[string]*reading{}}
}

// Start begins to read what waits.
func (s *Service) Start(ctx context.Context) error {
	queue, err := s.o.Bus.Consume(ctx, topology.Imports, s.handle)
	if err != nil {
		return err
	}
	s.queue = queue
	return nil
}

// Failed yields an error when imports can never be read again. It is asked after Start.
func (s *Service) Failed() <-chan error { return s.queue.Failed() }

// Stop lets the slices at work end until ctx does. It is called once.
func (s *Service) Stop(ctx context.Context) error {
	close(s.stop)
	var err error
	if s.queue != nil {
		err = s.queue.Stop(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.open {
		err = errors.Join(err, r.close())
	}
	clear(s.open)
	return err
}

// ended reports whether a state is final.
func ended(s eventsv1.Import_State) bool {
	switch s {
	case eventsv1.Import_COMPLETED, eventsv1.Import_CANCELLED, eventsv1.Import_FAILED:
		return true
	default:
		return false
	}
}
