package redisindex

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/order"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

const (
	// settleBatch is how many entries of each sort (ended holds, passed delays,
	// too early heads) one script moves.
	settleBatch = 128
	// settleRounds is how often a reservation lets time move entries before it
	// takes the best that is ready by then. After some 8,000 moves a queue the
	// order waits, not the agent.
	settleRounds = 64
)

// First elements of the scripts' replies.
const (
	replyHeld  = "held"
	replyKept  = "kept"
	replyAgain = "again"
	replyNone  = "none"
)

var errAnswer = errors.New("the index's script answered what it never does")

// Reserve implements queue.Index. Within a queue the order is exact; over
// several it is as of the peek. The same question asked twice at the same
// moment over several queues may hold an entry in each; the hold that nobody
// uses ends by itself.
func (x *Index) Reserve(ctx context.Context, r queue.Reservation) (queue.Entry, error) {
	e, found, err := x.reserve(ctx, r)
	if err != nil {
		return queue.Entry{}, fmt.Errorf("index reserve: %w", err)
	}
	if found {
		return e, nil
	}
	complete, err := x.client.HExists(ctx, x.keys.meta(), fieldWhole).Result()
	switch {
	case err != nil:
		return queue.Entry{}, fmt.Errorf("index reserve: %w", err)
	case !complete:
		return queue.Entry{}, fmt.Errorf("index reserve: %w", queue.ErrIndexIncomplete)
	default:
		return queue.Entry{}, fmt.Errorf("index reserve: %w", queue.ErrNoneReady)
	}
}

// Release implements queue.Index.
func (x *Index) Release(ctx context.Context, now time.Time, entries ...queue.Entry) error {
	var calls []call
	for i := range entries {
		e := &entries[i]
		at := slices.IndexFunc(calls, func(c call) bool { return c.queue == e.Queue })
		if at < 0 {
			at = len(calls)
			calls = append(calls, call{script: releaseScript, queue: e.Queue, args: []any{decimal(order.Nanos(now))}})
		}
		calls[at].args = append(calls[at].args, e.ID)
	}
	if len(calls) == 0 {
		return nil
	}
	if _, err := x.run(ctx, calls...); err != nil {
		return fmt.Errorf("index release: %w", err)
	}
	return nil
}

// search is one reservation under way.
type search struct {
	x         *Index
	now, ends int64
	// question is the agent's request as one word; empty when it has no id.
	question string
	fits     queue.Fit
	chosen   choice // of the crowd it names
}

func (x *Index) reserve(ctx context.Context, r queue.Reservation) (queue.Entry, bool, error) {
	s := search{x: x, now: order.Nanos(r.Now), ends: order.Nanos(r.Now.Add(r.Hold)), fits: r.Fits}
	if r.RequestID != "" {
		s.question = url.QueryEscape(r.Agent) + "/" + url.QueryEscape(r.RequestID)
	}
	for round := 0; ; round++ {
		e, answer, err := s.try(ctx, round >= settleRounds)
		if err != nil || answer != replyAgain {
			return e, answer != replyNone, err
		}
	}
}

// try makes one attempt. It answers replyAgain after it let time move entries,
// so that another attempt sees the order; forced, it takes what it sees.
func (s *search) try(ctx context.Context, force bool) (queue.Entry, string, error) {
	if known := s.choice(); len(known.queues) == 1 && len(known.crowd.queues) == 1 {
		return s.takeOnly(ctx, known, force)
	}
	seen, err := s.peek(ctx)
	if err != nil {
		return queue.Entry{}, "", err
	}
	for _, name := range seen.asked {
		if e, answer, err := s.asked(ctx, name); err != nil || answer == replyHeld {
			return e, answer, err
		}
	}
	if len(seen.unsettled) > 0 && !force {
		_, err := s.x.settleOnce(ctx, seen.unsettled, s.now)
		return queue.Entry{}, replyAgain, err
	}
	names := make([]string, 0, len(seen.heads)+len(seen.unsettled))
	for _, h := range seen.heads {
		names = append(names, h.queue)
	}
	// When forced, a queue may have all it has still to be moved.
	for _, name := range append(names, seen.unsettled...) {
		if e, answer, err := s.call(ctx, s.taking(name, seen.choice, force, "")); err != nil || answer != replyNone {
			return e, answer, err
		}
	}
	return queue.Entry{}, replyNone, nil
}

// takeOnly holds the best entry of the only queue there is, without a peek: on the lines
// that were known, as long as the script finds as many.
func (s *search) takeOnly(ctx context.Context, known choice, force bool) (queue.Entry, string, error) {
	name, lines := known.queues[0], ""
	if !force {
		lines = strconv.Itoa(len(known.crowd.linesOf[name]))
	}
	var current census
	c := s.taking(name, known, force, lines)
	c.after = func(pipe redis.Pipeliner) { current = s.x.count(ctx, pipe, known.crowd) }
	e, answer, err := s.call(ctx, c)
	if err == nil {
		err = s.x.learn(current)
	}
	if err != nil || force || known.covers(s.choice()) {
		return e, answer, err
	}
	// One line has come and another has gone: there may be a better one.
	if answer == replyHeld && s.x.Release(ctx, order.Time(s.now), e) != nil {
		return e, answer, nil //nolint:nilerr // as good as if it had been the only one for a moment longer
	}
	if answer != replyKept {
		answer = replyAgain
	}
	return e, answer, nil
}

// taking is the call that holds the best entry of one queue.
func (s *search) taking(name string, known choice, force bool, lines string) call {
	forced := "0"
	if force {
		forced = "1"
	}
	args := []any{decimal(s.now), decimal(s.ends), s.question, settleBatch, forced, lines}
	for _, f := range known.fits[name] {
		args = append(args, f.line, decimal(f.behind))
	}
	return call{script: reserveScript, queue: name, args: args}
}

// asked looks for the entry that the question got from a queue before.
func (s *search) asked(ctx context.Context, name string) (queue.Entry, string, error) {
	return s.call(ctx, call{script: askedScript, queue: name, args: []any{decimal(s.now), s.question}})
}

// call makes a call that answers one word, or a word and an entry.
func (s *search) call(ctx context.Context, c call) (queue.Entry, string, error) {
	name := c.queue
	replies, err := s.x.run(ctx, c)
	if err != nil {
		return queue.Entry{}, "", err
	}
	words, err := replies[0].StringSlice()
	switch {
	case err != nil:
		return queue.Entry{}, "", err
	case len(words) == 1:
		return queue.Entry{}, words[0], nil
	case len(words) == 3:
		e, err := decode(name, words[1], words[2])
		return e, words[0], err
	default:
		return queue.Entry{}, "", errAnswer
	}
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
