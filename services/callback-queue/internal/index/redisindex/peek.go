package redisindex

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/redis/go-redis/v9"
)

// head is the best entry of a queue, as its ready set says.
type head struct {
	queue string
	rank  float64
	id    string
}

// sight is what a peek saw. It is a hint: only the script that takes decides.
type sight struct {
	// heads of the wanted queues, best first.
	heads []head
	// unsettled are the wanted queues where time has entries to move.
	unsettled []string
	// asked are the queues, wanted or not, that know the question.
	asked []string
}

// glance holds the replies about one queue.
type glance struct {
	queue       string
	ready       *redis.ZSliceCmd // nil in a queue that is not wanted
	ended, ripe *redis.IntCmd
	asked       *redis.StringCmd // nil without a question
}

// peek looks at all queues in one round trip of plain reads, which cost Redis a
// tenth of what scripts do. The names of the queues are read in the same round
// trip: when they are not those that were known from the last time, it is made
// once more.
func (s *search) peek(ctx context.Context) (sight, error) {
	for {
		known := s.x.names()
		pipe := s.x.client.Pipeline()
		current := pipe.SMembers(ctx, s.x.keys.queues())
		glances := s.look(ctx, pipe, known)
		if err := s.x.exec(ctx, pipe); err != nil {
			return sight{}, err
		}
		if same, err := s.x.compare(known, current); err != nil {
			return sight{}, err
		} else if same {
			return see(glances)
		}
	}
}

// look sends the reads of one peek.
func (s *search) look(ctx context.Context, pipe redis.Pipeliner, known []string) []glance {
	var glances []glance
	for _, name := range known {
		keys := s.x.keys.queue(name)
		g := glance{queue: name}
		if len(s.wanted) == 0 || slices.Contains(s.wanted, name) {
			g.ready = pipe.ZRangeWithScores(ctx, keys[keyReady], 0, 0)
			g.ended = pipe.ZCount(ctx, keys[keyHolds], "-inf", decimal(s.now))
			g.ripe = pipe.ZCount(ctx, keys[keyDelayed], "-inf", decimal(s.now))
		}
		if s.question != "" {
			g.asked = pipe.HGet(ctx, keys[keyAsks], "q"+s.question)
		}
		glances = append(glances, g)
	}
	return glances
}

func see(glances []glance) (sight, error) {
	var seen sight
	for _, g := range glances {
		if g.asked != nil && !errors.Is(g.asked.Err(), redis.Nil) {
			if err := g.asked.Err(); err != nil {
				return sight{}, err
			}
			seen.asked = append(seen.asked, g.queue)
		}
		if g.ready == nil {
			continue
		}
		if err := errors.Join(g.ready.Err(), g.ended.Err(), g.ripe.Err()); err != nil {
			return sight{}, err
		}
		if g.ended.Val()+g.ripe.Val() > 0 {
			seen.unsettled = append(seen.unsettled, g.queue)
		}
		for _, z := range g.ready.Val() {
			id, _ := z.Member.(string)
			seen.heads = append(seen.heads, head{queue: g.queue, rank: z.Score, id: id})
		}
	}
	slices.SortFunc(seen.heads, func(a, b head) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.id, b.id))
	})
	return seen, nil
}

// names are the queues' names as they were read last, sorted: calls on all queues
// go out on them, and read them again in the same round trip.
func (x *Index) names() []string {
	if names := x.lastNames.Load(); names != nil {
		return *names
	}
	return nil
}

// compare remembers the names that were read, and reports whether they are those
// that were known before.
func (x *Index) compare(known []string, read *redis.StringSliceCmd) (bool, error) {
	names, err := read.Result()
	if err != nil {
		return false, err
	}
	slices.Sort(names)
	if slices.Equal(names, known) {
		return true, nil
	}
	x.lastNames.Store(&names)
	return false, nil
}
