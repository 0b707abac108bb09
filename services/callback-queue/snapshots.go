package callbackqueue

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/memory"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
	"github.com/rappel-loop/rappel/services/internal/clock"
)

const (
	// snapshotEvery is how often the index in memory is saved, and snapshotFrom from how
	// many entries on: fewer are read from the stream as quickly.
	snapshotEvery, snapshotFrom = 5 * time.Minute, 20_000
	// snapshotLook is how often is looked whether the first one can be made.
	snapshotLook = 10 * time.Second
	// snapshotPause follows each piece that is written: the file system's next sync,
	// which agents wait for, then has little of it to write.
	snapshotPause = 5 * time.Millisecond
)

// snapshots keep a file from which an index in memory can begin.
type snapshots struct {
	index   *memory.Index
	path    string
	ranking string
	// durable returns once all that was committed before is on disk: no snapshot may
	// know what a power cut can take back.
	durable func(context.Context) error
	log     *zap.Logger
}

// load begins with the last snapshot; without one that fits, with nothing.
func (s *snapshots) load() {
	s.sweep()
	f, err := os.Open(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	began := time.Now()
	if err == nil {
		err = s.index.Load(f, s.ranking)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		s.log.Warn("the index is read from the stream: its snapshot cannot be used", zap.Error(err))
		return
	}
	s.log.Info("a snapshot of the index is loaded", zap.Int("callbacks", s.index.Len()), zap.Duration("took", time.Since(began)))
}

// sweep removes what a process that was killed amid a save has left.
func (s *snapshots) sweep() {
	left, _ := filepath.Glob(s.path + ".*") // the pattern is right
	for _, name := range left {
		_ = os.Remove(name) // it only takes room
	}
}

// keep saves the index from time to time until ctx ends.
func (s *snapshots) keep(ctx context.Context) error {
	pause := snapshotLook
	for clock.Sleep(ctx, pause) == nil {
		if s.index.Len() < snapshotFrom {
			continue
		}
		err := s.save(ctx)
		if errors.Is(err, queue.ErrIndexIncomplete) {
			continue // it is being built
		}
		if err != nil && ctx.Err() == nil {
			s.log.Warn("the index could not be saved: the next start takes longer", zap.Error(err))
		}
		pause = snapshotEvery
	}
	return nil
}

// save writes a file beside the one before, and puts it in its place.
func (s *snapshots) save(ctx context.Context) error {
	f, err := os.CreateTemp(filepath.Dir(s.path), filepath.Base(s.path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // it is gone when all went well
	_, err = s.index.Save(slow{ctx, f}, s.ranking)
	if err == nil {
		err = s.durable(ctx)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), s.path)
}

// slow is a writer that others have time beside.
type slow struct {
	ctx context.Context //nolint:containedctx // of one save
	w   io.Writer
}

func (s slow) Write(b []byte) (int, error) {
	n, err := s.w.Write(b)
	if err == nil {
		err = clock.Sleep(s.ctx, snapshotPause)
	}
	return n, err
}
