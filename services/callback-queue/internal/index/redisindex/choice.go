package redisindex

import (
	"slices"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// choice is what fits of the lines that are known.
type choice struct {
	crowd *crowd
	// queues are those with a line that fits, in the crowd's order.
	queues []string
	fits   map[string][]fitting
}

// fitting is a line that fits, and how much is added to its ranks.
type fitting struct {
	line   string
	behind int64
}

func choose(c *crowd, fits queue.Fit) choice {
	out := choice{crowd: c, fits: make(map[string][]fitting, len(c.queues))}
	for _, name := range c.queues {
		for _, text := range c.linesOf[name] {
			var behind int64
			ok := fits == nil
			if !ok {
				behind, ok = fits(name, text)
			}
			if ok {
				out.fits[name] = append(out.fits[name], fitting{text, behind})
			}
		}
		if len(out.fits[name]) > 0 {
			out.queues = append(out.queues, name)
		}
	}
	return out
}

// covers reports whether nothing fits in another choice that is not in this one.
func (c choice) covers(other choice) bool {
	for _, name := range other.crowd.queues {
		if _, known := slices.BinarySearch(c.crowd.queues, name); !known {
			return false
		}
		for _, f := range other.fits[name] {
			if !slices.Contains(c.fits[name], f) {
				return false
			}
		}
	}
	return true
}
