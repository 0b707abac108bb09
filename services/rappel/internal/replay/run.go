package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/rappel-loop/rappel/services/rappel/internal/httpapi"
)

// Run sends a file. It returns when every row has its result, when it cannot go
// on, or when ctx ends; then requests under way still get their answers, for
// Options.Grace. The summary says what is known in each case, and the error of
// an interruption is the context's.
func Run(ctx context.Context, o Options) (Summary, error) {
	if err := o.Validate(); err != nil {
		return Summary{File: o.File}, err
	}
	o = o.withDefaults()
	client, err := httpapi.New(o.Server, o.Client)
	if err != nil {
		return Summary{File: o.File}, err
	}
	client = client.WithKey(o.Key)
	f, err := open(o)
	if err != nil {
		return Summary{File: o.File}, err
	}
	defer func() { _ = f.close() }() // only read
	st, err := begin(o, f, client.Server())
	if err != nil {
		return Summary{File: o.File, Format: f.Format()}, err
	}
	l := newLedger(o, f, st)
	err = play(ctx, o, f, client, l)
	return finish(o, f, l, err)
}

// begin finds where to start: at the file's first row, or where an interrupted
// run stopped.
func begin(o Options, f *opened, server string) (state, error) {
	fresh := state{Version: stateVersion, File: f.Identity(), Server: server, RejectsFile: o.Rejects}
	fresh.Offset, fresh.Line = f.Start()
	if fresh.RejectsFile == "" {
		fresh.RejectsFile = rejectsBeside(o.File, f.RejectsFormat())
	}
	if o.NoFiles || o.Restart {
		return fresh, nil
	}
	old, err := loadState(o.State)
	if err != nil || old == nil {
		return fresh, err
	}
	if !old.File.Equal(f.Identity()) || old.Server != server {
		return fresh, fmt.Errorf("%w (%s): put things back as they were to go on, or begin again with --restart", ErrOtherFile, o.State)
	}
	if o.Rejects != "" && o.Rejects != old.RejectsFile && old.RejectsBytes > 0 {
		return fresh, fmt.Errorf("the interrupted run wrote its refused rows to %s: name the same with --rejects, or begin again with --restart", old.RejectsFile)
	}
	if old.RejectsBytes == 0 {
		old.RejectsFile = fresh.RejectsFile
	}
	return *old, f.Resume(old.Offset, old.Line)
}

// play reads segments, keeps their order, and has them sent.
func play(ctx context.Context, o Options, f *opened, client *httpapi.Client, l *ledger) error {
	if l.rejects != nil {
		if err := l.rejects.resume(l.state.RejectsBytes); err != nil {
			return err
		}
	}
	if err := l.save(); err != nil {
		return err
	}
	// Requests outlive an interruption by the grace, so that what the server
	// stored is known to be.
	sending, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	reading, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	release := afterGrace(reading, o, cut)
	defer release()

	s := &sender{
		client: client, keyed: o.Key != "", giveUp: o.GiveUp, clock: o.Clock, onWait: o.OnWait,
		stop: reading.Done(), moved: o.Clock.Now(),
	}
	in := &reader{file: f.File, batch: o.Batch, left: -1}
	if o.Limit > 0 {
		in.left = max(0, o.Limit-l.state.Totals.Rows)
	}
	var workers errgroup.Group
	workers.SetLimit(o.Parallel)
	err := dispatch(reading, in, l, func(seg *segment) {
		workers.Go(func() error {
			defer close(seg.done)
			if reading.Err() != nil {
				return nil // it waited for its turn, and nothing is begun any more
			}
			err := s.send(sending, seg.sending)
			if err == nil {
				err = l.finished(seg)
			}
			if err != nil {
				stop(err)
			}
			return err
		})
	})
	if err != nil {
		stop(err)
	}
	_ = workers.Wait() // the first failure is the cause of stop
	if cause := context.Cause(reading); cause != nil {
		return cause
	}
	return err
}

func dispatch(ctx context.Context, in *reader, l *ledger, start func(*segment)) error {
	order := &order{last: map[string]*segment{}}
	for {
		seg, err := in.next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := order.wait(ctx, seg); err != nil {
			return err
		}
		if err := l.room(ctx, seg); err != nil {
			return err
		}
		if err := l.leaving(seg); err != nil {
			return err
		}
		start(seg)
	}
}

// afterGrace cuts the requests under way some time after reading has ended.
func afterGrace(reading context.Context, o Options, cut context.CancelFunc) (release func()) {
	over := make(chan struct{})
	var once sync.Once
	stop := context.AfterFunc(reading, func() {
		bound, cancel := context.WithTimeout(context.WithoutCancel(reading), o.Grace)
		defer cancel()
		select {
		case <-bound.Done():
			cut()
		case <-over:
		}
	})
	return func() {
		stop()
		once.Do(func() { close(over) })
	}
}

// finish closes the files and removes a state that nobody needs.
func finish(o Options, f *opened, l *ledger, err error) (Summary, error) {
	if err != nil {
		err = errors.Join(err, l.keep())
	}
	if l.rejects != nil {
		err = errors.Join(err, l.rejects.close())
	}
	s := l.summary()
	s.Format = f.Format()
	s.Complete = err == nil
	if o.NoFiles {
		return s, err
	}
	if s.Complete {
		if rmErr := os.Remove(o.State); rmErr != nil {
			return s, rmErr
		}
		return s, nil
	}
	s.StateFile = o.State
	return s, err
}
