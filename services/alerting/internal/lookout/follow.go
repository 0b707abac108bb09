package lookout

import (
	"context"
	"errors"
	"math"
	"time"

	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/alert"
	"github.com/rappel-loop/rappel/services/alerting/internal/movement"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

const scores = subject.Scores

// errRead ends following at what was the end when it began.
var errRead = errors.New("all is read")

// fill reads the past of rules, up to where following goes on.
func (l *Lookout) fill(ctx context.Context, anew []*rule.Metric) error {
	if len(anew) > 0 {
		reach := time.Duration(0)
		for _, m := range anew {
			reach = max(reach, m.Reach())
		}
		begun := time.Now()
		first, last, err := l.deps.Bus.Since(ctx, scores, l.deps.Clock.Now().Add(-reach))
		if err != nil {
			return err
		}
		l.mu.Lock()
		if l.seen == 0 {
			l.seen = last
		}
		l.mu.Unlock()
		if err := l.follow(ctx, first, l.seen, (*movement.Windows).Fill); err != nil {
			return err
		}
		l.deps.Log.Info("the past of metric rules is read", zap.Int("rules", len(anew)),
			zap.Uint64("answers", l.seen+1-min(first, l.seen+1)), zap.Duration("took", time.Since(begun)))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.windows.Filled()
	l.read = true
	return nil
}

// endless is the end of following that has none.
const endless = math.MaxUint64

// follow hands over every answer from a sequence on, up to another.
func (l *Lookout) follow(ctx context.Context, from, to uint64, take func(*movement.Windows, *eventsv1.ResponseScored)) error {
	if from > to {
		return nil
	}
	each := func(d bus.Delivery) error {
		if d.Sequence > to {
			return errRead
		}
		scored := &eventsv1.ResponseScored{}
		readable := d.Decode(scored) == nil && alert.Check(scored) == nil // else a dead letter tells of it
		l.mu.Lock()
		if readable {
			take(l.windows, scored)
		}
		if to == endless {
			l.seen = d.Sequence
		}
		l.mu.Unlock()
		return nil
	}
	caughtUp := func() error { return nil }
	if to != endless {
		caughtUp = func() error { return errRead }
	}
	err := l.deps.Bus.Follow(ctx, bus.FollowOptions{Stream: scores, From: from}, each, caughtUp)
	if errors.Is(err, errRead) {
		return nil
	}
	return err
}
