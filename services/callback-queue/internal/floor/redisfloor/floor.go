// Package redisfloor is the floor that replicas share: one hash in Redis, a field
// an agent, moved by Lua scripts. Redis that is away is an error of every call;
// Redis that forgot has no seats until they are reported again.
package redisfloor

import (
	"context"
	_ "embed" // the script
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/floor"
)

var _ floor.Floor = (*Floor)(nil)

// Floor implements floor.Floor. Make it with New.
type Floor struct {
	client redis.UniversalClient
	key    string
	// work starts the keys of the work done: a hash for each part of time, with two
	// fields a queue, its name behind n: and ms:.
	work string
	// doors starts the keys of who gives an agent something: a string for each agent.
	doors string
}

// New returns the floor under a key prefix. Floors with the same prefix on the
// same server are one. The client stays the caller's to close.
func New(client redis.UniversalClient, prefix string) *Floor {
	own := prefix + ":" + format + ":{%floor}:"
	return &Floor{client: client, key: own + "seats", work: own + "work:", doors: own + "door:"}
}

// format is the version of what the hash holds. Raise it with every change of that.
const format = "1"

//go:embed move.lua
var moveSource string

var moveScript = redis.NewScript(moveSource)

// move runs the script and returns the seat that was there before.
func (f *Floor) move(ctx context.Context, what, agent string, args ...any) (before string, done bool, err error) {
	reply, err := moveScript.Run(ctx, f.client, []string{f.key}, append([]any{what, agent}, args...)...).Slice()
	if err != nil {
		return "", false, fmt.Errorf("floor: %w", err)
	}
	if len(reply) != 2 {
		return "", false, errors.New("floor: the script answered what it never does")
	}
	n, _ := reply[0].(int64)
	before, _ = reply[1].(string)
	return before, n == 1, nil
}

// Sit implements floor.Floor.
func (f *Floor) Sit(ctx context.Context, s floor.Seat) (floor.Seat, bool, error) {
	text, _, err := f.move(ctx, "sit", s.Agent, encode(s))
	if err != nil || text == "" {
		return floor.Seat{}, false, err
	}
	before, err := decode(s.Agent, text)
	return before, err == nil, err
}

// Report implements floor.Floor.
func (f *Floor) Report(ctx context.Context, s floor.Seat, settled bool) error {
	_, done, err := f.move(ctx, "report", s.Agent, encode(s), settled)
	if err == nil && !done {
		err = floor.ErrReplaced
	}
	return err
}

// Take implements floor.Floor.
func (f *Floor) Take(ctx context.Context, agent string, now, until time.Time) (bool, error) {
	_, done, err := f.move(ctx, "take", agent, now.UnixMilli(), until.UnixMilli())
	return done, err
}

// Untake implements floor.Floor.
func (f *Floor) Untake(ctx context.Context, agent string) error {
	_, _, err := f.move(ctx, "untake", agent)
	return err
}

// Clear implements floor.Floor.
func (f *Floor) Clear(ctx context.Context, agent string, ended time.Time) error {
	_, _, err := f.move(ctx, "clear", agent, ended.UnixMilli())
	return err
}

// Seats implements floor.Floor.
func (f *Floor) Seats(ctx context.Context) ([]floor.Seat, error) {
	all, err := f.client.HGetAll(ctx, f.key).Result()
	if err != nil {
		return nil, fmt.Errorf("floor: %w", err)
	}
	seats := make([]floor.Seat, 0, len(all))
	for agent, text := range all {
		s, err := decode(agent, text)
		if err != nil {
			return nil, err
		}
		seats = append(seats, s)
	}
	return seats, nil
}

// Seat implements floor.Floor.
func (f *Floor) Seat(ctx context.Context, agent string) (floor.Seat, bool, error) {
	text, err := f.client.HGet(ctx, f.key, agent).Result()
	switch {
	case errors.Is(err, redis.Nil):
		return floor.Seat{}, false, nil
	case err != nil:
		return floor.Seat{}, false, fmt.Errorf("floor: %w", err)
	}
	s, err := decode(agent, text)
	return s, err == nil, err
}

// Worked implements floor.Floor.
func (f *Floor) Worked(ctx context.Context, at time.Time, work map[string]floor.Work) error {
	key := f.workIn(floor.Parts(at)[0])
	pipe := f.client.Pipeline()
	for queue, w := range work {
		pipe.HIncrBy(ctx, key, callbacksOf+queue, int64(w.Callbacks))
		pipe.HIncrBy(ctx, key, millisOf+queue, w.Took.Milliseconds())
	}
	pipe.PExpire(ctx, key, floor.PaceOver+2*floor.PacePart)
	if _, err := pipe.Exec(ctx); err != nil {
		return fmt.Errorf("floor: %w", err)
	}
	return nil
}

// What comes before a queue's name in a hash of the work done.
const callbacksOf, millisOf = "n:", "ms:"

// Work implements floor.Floor.
func (f *Floor) Work(ctx context.Context, at time.Time) (map[string]floor.Work, error) {
	pipe := f.client.Pipeline()
	var parts []*redis.MapStringStringCmd
	for _, n := range floor.Parts(at) {
		parts = append(parts, pipe.HGetAll(ctx, f.workIn(n)))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("floor: %w", err)
	}
	sum := make(map[string]floor.Work)
	for _, part := range parts {
		for field, text := range part.Val() {
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("floor: %w", err)
			}
			if queue, ok := strings.CutPrefix(field, callbacksOf); ok {
				w := sum[queue]
				w.Callbacks += int(n)
				sum[queue] = w
			} else if queue, ok := strings.CutPrefix(field, millisOf); ok {
				w := sum[queue]
				w.Took += time.Duration(n) * time.Millisecond
				sum[queue] = w
			}
		}
	}
	return sum, nil
}

func (f *Floor) workIn(part int64) string { return f.work + strconv.FormatInt(part, 10) }

// encode is a seat as text; move.lua says what the fields are.
func encode(s floor.Seat) string {
	return fmt.Sprintf("%s %d %d %d %d %d %d %d",
		url.QueryEscape(s.Session), s.Status, s.Capacity, s.Load, milli(s.IdleSince), milli(s.Until), milli(s.TakenUntil), s.Missed)
}

func decode(agent, text string) (floor.Seat, error) {
	fields := strings.Split(text, " ")
	if len(fields) != 8 {
		return floor.Seat{}, fmt.Errorf("floor: a seat of %d fields", len(fields))
	}
	session, err := url.QueryUnescape(fields[0])
	if err != nil {
		return floor.Seat{}, fmt.Errorf("floor: %w", err)
	}
	var n [7]int64
	for i := range n {
		if n[i], err = strconv.ParseInt(fields[i+1], 10, 64); err != nil {
			return floor.Seat{}, fmt.Errorf("floor: %w", err)
		}
	}
	return floor.Seat{
		Agent: agent, Session: session, Status: floor.Status(n[0]), Capacity: int(n[1]), Load: int(n[2]),
		IdleSince: at(n[3]), Until: at(n[4]), TakenUntil: at(n[5]), Missed: int(n[6]),
	}, nil
}

// milli is an instant in milliseconds; 0 is the zero time.
func milli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func at(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
