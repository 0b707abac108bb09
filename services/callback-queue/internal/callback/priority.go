package callback

import (
	"math"
	"time"
)

const (
	// maxPriority is the highest priority a callback can have.
	maxPriority = 100
	// perReason is what each counting reason beyond the most urgent one adds.
	perReason = 5
)

// urgency is what one reason asks for, 0 to 100: the rule's priority, and one
// point for each ten of satisfaction the customer lacks.
//
//	rule priority + round((100 - satisfaction) / 10)
func (r *Reason) urgency() int {
	u := r.Priority
	if r.HasValue {
		lack := (100 - math.Min(math.Max(r.Satisfaction, 0), 100)) / 10
		u += int(math.Round(lack))
	}
	return min(max(u, 0), maxPriority)
}

// counting is how many reasons count.
func (c *Callback) counting() int {
	n := c.MoreReasons
	for i := range c.Reasons {
		if !c.Reasons[i].Withdrawn {
			n++
		}
	}
	return n
}

// urgencyOfAll is the callback's priority, 0 to 100: the most urgent reason that
// counts, five points for each further one, and what an escalation added. Without
// a reason that counts it is what an escalation added.
//
//	min(100, max(urgency) + 5 × (counting reasons - 1) + points)
func (c *Callback) urgencyOfAll() int {
	p := c.Points()
	return min(maxPriority, p.Urgency+p.FurtherReasons+p.Escalation)
}

// Points are what a priority is made of; their sum may be over 100.
type Points struct {
	// Urgency is that of the most urgent reason that counts, FurtherReasons is for
	// the others, Escalation is what somebody added.
	Urgency, FurtherReasons, Escalation int
}

// Points takes the callback's priority apart.
func (c *Callback) Points() Points {
	var p Points
	if c.Escalated != nil {
		p.Escalation = c.Escalated.Points
	}
	n := c.counting()
	if n == 0 {
		return p
	}
	p.Urgency = c.MorePriority
	for i := range c.Reasons {
		if !c.Reasons[i].Withdrawn {
			p.Urgency = max(p.Urgency, c.Reasons[i].urgency())
		}
	}
	p.FurtherReasons = perReason * (n - 1)
	return p
}

// Worth is how much waiting a priority weighs as much as.
func (p Policy) Worth(priority int) time.Duration {
	return time.Duration(priority) * p.AgeingPerPoint
}

// Behind is how much waiting an agent's preference for a queue, 1 or more, puts the
// queue's callbacks behind for that agent; kept says that a callback is kept for
// the agent, which brings it forward. Each step is worth as much as 100 points of
// priority: another queue goes first unless something has waited for very long, so
// that no preference can starve it.
func (p Policy) Behind(preference int, kept bool) time.Duration {
	steps := preference - 1
	if kept {
		steps--
	}
	return time.Duration(steps) * p.Worth(maxPriority)
}

// Rank orders callbacks that wait: the lowest goes first, ties by ID.
//
//	opened at, in ms of Unix time - priority × AgeingPerPoint in ms
//
// Each point of priority is worth AgeingPerPoint of waiting, so the order of two
// callbacks does not change by time passing, and no callback is ever overtaken
// by one that was opened 100 × AgeingPerPoint later, whatever its priority:
// starvation is impossible.
func (p Policy) Rank(c *Callback) int64 {
	return c.OpenedAt.UnixMilli() - p.Worth(c.Priority).Milliseconds()
}
