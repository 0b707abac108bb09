package queue

import (
	"context"
	"errors"
	"time"
)

// errStranger ends the walking when somebody else has committed.
var errStranger = errors.New("somebody else is at work")

// keep brings what has waited long enough, looks after the index, and ends the
// phase when another is to begin.
func (p *projection) keep(ctx context.Context, end context.CancelCauseFunc, beat func(context.Context, time.Time) error) {
	flush, check := time.NewTicker(p.queue.pace.flush), time.NewTicker(p.queue.pace.check)
	defer flush.Stop()
	defer check.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-p.queue.foreign:
			err = errIndexForeign
		case now := <-flush.C:
			err = p.beat(ctx, now, beat)
		case <-check.C:
			err = p.check(ctx)
		case <-p.queue.lost:
			err = p.check(ctx)
		}
		if err != nil {
			end(err)
			return
		}
	}
}

// beat does what a phase does from time to time, once the index is complete.
func (p *projection) beat(ctx context.Context, now time.Time, do func(context.Context, time.Time) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.live {
		return nil
	}
	before := p.done
	err := do(ctx, now)
	if p.done > before {
		p.queue.signals.flushed.fire()
	}
	return err
}

// flush applies what has waited for its time. It is errAlone when nobody else
// has committed for a while.
func (p *projection) flush(ctx context.Context, now time.Time) error {
	n := 0
	for n < len(p.waiting) && p.waiting[n].since.Before(now.Add(-p.queue.pace.lag)) {
		n++
	}
	if err := p.apply(ctx, n); err != nil {
		return err
	}
	if now.Sub(p.stranger) > p.queue.pace.alone {
		p.waiting, p.marks = nil, nil // walking begins behind what is done
		return errAlone
	}
	return nil
}

// walk brings again what this process has committed, some time ago. It is
// errStranger as soon as an event is not its own.
func (p *projection) walk(ctx context.Context, now time.Time) error {
	pos, err := p.queue.store.Position(ctx)
	if err != nil {
		return nil //nolint:nilerr // the store is away, and nothing comes meanwhile
	}
	if pos.Incarnation != p.floor.Incarnation {
		return errStreamChanged
	}
	p.read = max(p.read, pos.Seq)
	p.marks = append(p.marks, mark{seq: pos.Seq, at: now})
	upTo := p.done
	for len(p.marks) > 0 && !p.marks[0].at.After(now.Add(-p.queue.pace.lag)) {
		upTo = max(upTo, p.marks[0].seq)
		p.marks = p.marks[1:]
	}
	for p.done < upTo {
		entries, last, own := p.queue.told.next(p.done, upTo, batchSize)
		if last > p.done {
			if err := p.bring(ctx, entries, last); err != nil {
				return err
			}
		}
		if !own {
			p.stranger = now
			return errStranger
		}
	}
	return nil
}

// check looks whether the index and the stream are still the ones this run
// began with.
func (p *projection) check(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.live {
		return nil
	}
	cp, err := p.queue.index.Checkpoint(ctx)
	switch {
	case errors.Is(err, ErrIndexIncomplete):
		return errIndexLost
	case err != nil:
		return err
	case cp.Life != p.life: // somebody else has built it anew, without what this run brought
		return errIndexLost
	case cp.Incarnation != p.floor.Incarnation:
		return errStreamChanged
	case cp.Seq < p.done:
		return ErrIndexWentBack
	}
	return p.checkStream(ctx)
}

// checkStream notices a store that was put back under a running process.
func (p *projection) checkStream(ctx context.Context) error {
	pos, err := p.queue.store.Position(ctx)
	switch {
	case err != nil:
		return nil //nolint:nilerr // the store is away: following waits for it
	case pos.Incarnation != p.floor.Incarnation:
		return errStreamChanged
	case pos.Seq >= p.read:
		p.behind = 0
		return nil
	}
	// A leader just elected may not have counted up yet: look twice.
	if p.behind++; p.behind < 2 {
		return nil
	}
	return errIndexForeign
}
