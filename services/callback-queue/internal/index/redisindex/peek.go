package redisindex

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/redis/go-redis/v9"
)

// head is the best entry of a queue for who asks, as its ready set says.
type head struct {
	queue string
	rank  int64 // with what the line is behind
	tie   string
}

// sight is what a peek saw. It is a hint: only the script that takes decides.
type sight struct {
	// choice is what the peek was made on.
	choice choice
	// heads of the queues with lines that fit, best first.
	heads []head
	// unsettled are the queues, fitting or not, where time has entries to move: a line
	// may come of that.
	unsettled []string
	// asked are the queues, fitting or not, that know the question.
	asked []string
}

// glance holds the replies about one queue.
type glance struct {
	queue       string
	fits        []fitting
	ready       []*redis.StringSliceCmd // one for each line that fits
	ended, ripe *redis.IntCmd
	asked       *redis.StringCmd // nil without a question
}

// peekRounds is how often a peek is made once more because of lines that it did not
// know of, although it has found something.
const peekRounds = 3

// peek looks at all queues in one round trip of plain reads, which cost Redis a
// tenth of what scripts do. The lines there are are read in the same round trip:
// when some fit that were not known from the last time, it is made once more.
func (s *search) peek(ctx context.Context) (sight, error) {
	for round := 1; ; round++ {
		known := s.choice()
		pipe := s.x.client.Pipeline()
		current := s.x.count(ctx, pipe, known.crowd)
		glances := s.look(ctx, pipe, known)
		if err := s.x.exec(ctx, pipe); err != nil {
			return sight{}, err
		}
		if err := s.x.learn(current); err != nil {
			return sight{}, err
		}
		seen, err := see(glances)
		if err != nil {
			return sight{}, err
		}
		found := len(seen.heads)+len(seen.unsettled) > 0
		if known.covers(s.choice()) || found && round >= peekRounds {
			seen.choice = known
			return seen, nil
		}
	}
}

// choice is what fits of the lines as they were read last.
func (s *search) choice() choice {
	if known := s.x.crowd(); s.chosen.crowd != known {
		s.chosen = choose(known, s.fits)
	}
	return s.chosen
}

// look sends the reads of one peek.
func (s *search) look(ctx context.Context, pipe redis.Pipeliner, known choice) []glance {
	var glances []glance
	for _, name := range known.crowd.queues {
		keys := s.x.keys.queue(name)
		g := glance{queue: name, fits: known.fits[name]}
		for _, f := range g.fits {
			g.ready = append(g.ready, pipe.ZRangeByLex(ctx, keys[keyReady], firstOf(f.line)))
		}
		g.ended = pipe.ZCount(ctx, keys[keyHolds], "-inf", decimal(s.now))
		g.ripe = pipe.ZCount(ctx, keys[keyDelayed], "-inf", decimal(s.now))
		if s.question != "" {
			g.asked = pipe.HGet(ctx, keys[keyAsks], "q"+s.question)
		}
		glances = append(glances, g)
	}
	return glances
}

// firstOf asks for the first of a line in a ready set.
func firstOf(line string) *redis.ZRangeBy {
	return &redis.ZRangeBy{Min: "[" + line + " ", Max: "(" + line + "!", Count: 1}
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
		if err := errors.Join(g.ended.Err(), g.ripe.Err()); err != nil {
			return sight{}, err
		}
		if g.ended.Val()+g.ripe.Val() > 0 {
			seen.unsettled = append(seen.unsettled, g.queue)
		}
		best, found, err := g.head()
		if err != nil {
			return sight{}, err
		}
		if found {
			seen.heads = append(seen.heads, best)
		}
	}
	slices.SortFunc(seen.heads, compareHeads)
	return seen, nil
}

func compareHeads(a, b head) int {
	return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.tie, b.tie))
}

// head is the best of the first ones of the lines that fit.
func (g *glance) head() (best head, found bool, err error) {
	for i, first := range g.ready {
		members, err := first.Result()
		if err != nil {
			return best, false, err
		}
		if len(members) == 0 {
			continue
		}
		rank, tie, err := splitReady(members[0], g.fits[i].line)
		if err != nil {
			return best, false, err
		}
		h := head{queue: g.queue, rank: rank + g.fits[i].behind, tie: tie}
		if !found || compareHeads(h, best) < 0 {
			best, found = h, true
		}
	}
	return best, found, nil
}
