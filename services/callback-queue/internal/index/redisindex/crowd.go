package redisindex

import (
	"context"
	"maps"
	"slices"

	"github.com/redis/go-redis/v9"
)

// crowd is what is known of the lines there are: those in which something is ready.
// It never changes. It is a hint, read again in the round trip of each call that
// goes out on it.
type crowd struct {
	// queues are all queues, sorted; linesOf the lines of each, sorted.
	queues  []string
	linesOf map[string][]string
}

// nobody is the crowd before anything was read.
var nobody crowd

// crowd is what was read last.
func (x *Index) crowd() *crowd {
	if c := x.lastCrowd.Load(); c != nil {
		return c
	}
	return &nobody
}

// census is a crowd that is being read, of the queues that were known.
type census struct {
	known  *crowd
	queues *redis.StringSliceCmd
	lines  []*redis.StringSliceCmd
}

func (x *Index) count(ctx context.Context, pipe redis.Pipeliner, known *crowd) census {
	c := census{known: known, queues: pipe.SMembers(ctx, x.keys.queues())}
	for _, name := range known.queues {
		c.lines = append(c.lines, pipe.HKeys(ctx, x.keys.lines(name)))
	}
	return c
}

// learn remembers what was read, if it is another crowd. The lines of a queue that
// was not known are for the next time.
func (x *Index) learn(c census) error {
	names, err := c.queues.Result()
	if err != nil {
		return err
	}
	slices.Sort(names)
	read := &crowd{queues: names, linesOf: make(map[string][]string, len(names))}
	for i, name := range c.known.queues {
		lines, err := c.lines[i].Result()
		if err != nil {
			return err
		}
		if len(lines) > 0 && slices.Contains(names, name) {
			slices.Sort(lines)
			read.linesOf[name] = lines
		}
	}
	if !read.equal(c.known) {
		x.lastCrowd.Store(read)
	}
	return nil
}

func (c *crowd) equal(other *crowd) bool {
	return slices.Equal(c.queues, other.queues) && maps.EqualFunc(c.linesOf, other.linesOf, slices.Equal)
}

// queues are the names of all queues that an entry was applied to since the Reset.
func (x *Index) queues(ctx context.Context) ([]string, error) {
	return x.client.SMembers(ctx, x.keys.queues()).Result()
}

// meet remembers which queues there are, and reports whether those were known.
func (x *Index) meet(known *crowd, read *redis.StringSliceCmd) (bool, error) {
	names, err := read.Result()
	if err != nil {
		return false, err
	}
	slices.Sort(names)
	if slices.Equal(names, known.queues) {
		return true, nil
	}
	x.lastCrowd.Store(&crowd{queues: names, linesOf: known.linesOf})
	return false, nil
}
