package queue

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/internal/calendar"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

// Attend says of what nobody at their desk can take that it is so, until ctx ends:
// once for each line, of its first callback, when it has been so for the time that
// Deps.UnattendedAfter says; and when it is so no more. It says nothing where nobody is known to work: agents
// who only claim are not known to be there. Any number of processes may do it: the
// commit lets one of them say it.
func (q *Queue) Attend(ctx context.Context) error {
	if q.unattendedAfter <= 0 {
		return nil
	}
	a := attendance{queue: q, since: map[Line]episode{}}
	clock.Every(ctx, q.pace.attend, func() {
		if err := a.look(ctx); err != nil && ctx.Err() == nil {
			q.log.Debug("it is not known who is at their desk", zap.Error(err))
		}
	})
	return nil
}

// attendance is what one process has seen of it.
type attendance struct {
	queue *Queue
	// since are the lines that nobody attends to.
	since map[Line]episode
}

// episode is a time in which nobody attends to a line.
type episode struct {
	began time.Time
	noted bool
	// id is the callback of which it is noted.
	id string
}

func (a *attendance) look(ctx context.Context) error {
	q, now := a.queue, a.queue.clock.Now()
	lines, err := q.index.Lines(ctx, now)
	if err != nil {
		return q.indexError(err)
	}
	seats, err := q.floor.Seats(ctx)
	if err != nil {
		return &indexFailure{err}
	}
	still := make(map[Line]episode, len(a.since))
	defer func() { a.since = still }()
	if len(seats) == 0 && len(q.roster.All()) == 0 || q.roster.Ready() != nil {
		return nil
	}
	team := q.atWork(seats, now)
	for _, l := range lines {
		needs := callback.ParseLine(l.Queue, l.Line)
		line := Line{Queue: l.Queue, Line: l.Line}
		e, known := a.since[line]
		if attended(needs, team) {
			q.noteAttended(ctx, e.id)
			q.noteAttended(ctx, l.First) // another process, or this one before it was restarted, may have noted it
			continue
		}
		if !calendar.Open(q.policy.Window(needs), now) {
			continue
		}
		if !known {
			e.began = now
		}
		if !e.noted && now.Sub(e.began) >= q.unattendedAfter {
			if e.noted = q.noteUnattended(ctx, l.First); e.noted {
				e.id = l.First
			}
		}
		still[line] = e
	}
	return nil
}

// noteUnattended reports whether it is noted.
func (q *Queue) noteUnattended(ctx context.Context, id string) bool {
	key, _, ok := callback.ParseID(id)
	if !ok {
		return false
	}
	a, err := q.update(ctx, key, onOnly(id, callback.NoteUnattended{}))
	if err != nil && ctx.Err() == nil && !outdated(err) {
		q.log.Warn("that nobody can take a callback could not be noted; it is tried again", zap.String(obs.CallbackID, id), zap.Error(err))
	}
	// What the index has first may be gone: then the next one is to be noted.
	return err == nil && a.Callback != nil && !a.Callback.UnattendedSince.IsZero()
}

// noteAttended says so of a callback of which the opposite is noted.
func (q *Queue) noteAttended(ctx context.Context, id string) {
	key, _, ok := callback.ParseID(id)
	if !ok {
		return
	}
	a, known := q.store.Recall(key)
	if !known {
		var err error
		if a, _, err = q.store.Read(ctx, key); err != nil {
			return // asked again with the next look
		}
	}
	if cb, err := a.Find(id); err != nil || cb.UnattendedSince.IsZero() {
		return
	}
	_, err := q.update(ctx, key, onOnly(id, callback.NoteAttended{}))
	if err != nil && ctx.Err() == nil && !outdated(err) && !errors.Is(err, callback.ErrNoChange) {
		q.log.Warn("that somebody can take a callback again could not be noted; it is tried again", zap.String(obs.CallbackID, id), zap.Error(err))
	}
}
