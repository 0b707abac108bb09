package callback

import (
	"container/heap"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestUrgency(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		reason Reason
		want   int
	}{
		"no value":                 {Reason{Priority: 40, Satisfaction: 0}, 40},
		"worst value":              {Reason{Priority: 40, HasValue: true, Satisfaction: 0}, 50},
		"best value":               {Reason{Priority: 40, HasValue: true, Satisfaction: 100}, 40},
		"rounds to the nearest":    {Reason{Priority: 40, HasValue: true, Satisfaction: 33.4}, 47},
		"half rounds up":           {Reason{Priority: 40, HasValue: true, Satisfaction: 35}, 47},
		"never over 100":           {Reason{Priority: 95, HasValue: true}, 100},
		"never under 0":            {Reason{Priority: -5}, 0},
		"a value out of its range": {Reason{Priority: 40, HasValue: true, Satisfaction: -900}, 50},
	} {
		require.Equal(t, tc.want, tc.reason.urgency(), name)
	}
}

func TestPriorityOfAll(t *testing.T) {
	t.Parallel()
	low, high, gone := Reason{Priority: 20}, Reason{Priority: 60}, Reason{Priority: 90, Withdrawn: true}
	for name, tc := range map[string]struct {
		cb   Callback
		want int
	}{
		"nothing":                {Callback{}, 0},
		"one":                    {Callback{Reasons: []Reason{low}}, 20},
		"five points a further":  {Callback{Reasons: []Reason{low, high, low}}, 70},
		"withdrawn do not count": {Callback{Reasons: []Reason{low, gone}}, 20},
		"all withdrawn":          {Callback{Reasons: []Reason{gone, gone}}, 0},
		"those beyond the bound": {Callback{Reasons: []Reason{low}, MoreReasons: 2, MorePriority: 70}, 80},
		"never over 100":         {Callback{Reasons: []Reason{high}, MoreReasons: 9}, 100},
	} {
		require.Equal(t, tc.want, tc.cb.urgencyOfAll(), name)
	}
}

func TestRank(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	old := &Callback{OpenedAt: t0, Priority: 10}
	require.Equal(t, t0.UnixMilli()-10*6*60*1000, p.Rank(old))
	require.Less(t, p.Rank(&Callback{OpenedAt: t0, Priority: 11}), p.Rank(old), "more urgent first")
	require.Less(t, p.Rank(&Callback{OpenedAt: t0.Add(-1 * time.Millisecond), Priority: 10}), p.Rank(old), "older first")
	require.Equal(t, p.Rank(old), p.Rank(&Callback{OpenedAt: t0.Add(6 * time.Minute), Priority: 11}), "a point is worth six minutes")
}

// Whatever two callbacks' priorities: one opened long enough before goes first.
func TestNobodyIsOvertakenForEver(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	rapid.Check(t, func(t *rapid.T) {
		old := &Callback{OpenedAt: t0, Priority: rapid.IntRange(0, 100).Draw(t, "old")}
		late := rapid.Int64Range(1, int64(1000*time.Hour)).Draw(t, "late")
		young := &Callback{
			OpenedAt: t0.Add(100*p.AgeingPerPoint + time.Duration(late) + time.Millisecond),
			Priority: rapid.IntRange(0, 100).Draw(t, "young"),
		}
		if p.Rank(old) >= p.Rank(young) {
			t.Fatalf("overtaken by one opened %s later", young.OpenedAt.Sub(old.OpenedAt))
		}
	})
}

// waiting is a queue by rank.
type waiting []int64

func (w waiting) Len() int           { return len(w) }
func (w waiting) Less(i, j int) bool { return w[i] < w[j] }
func (w waiting) Swap(i, j int)      { w[i], w[j] = w[j], w[i] }
func (w *waiting) Push(x any)        { *w = append(*w, x.(int64)) }
func (w *waiting) Pop() any {
	last := len(*w) - 1
	x := (*w)[last]
	*w = (*w)[:last]
	return x
}

// More work than can be served, all of it as urgent as can be: the least urgent
// callback is still served, once those that may go before it are.
func TestStarvationIsImpossible(t *testing.T) {
	t.Parallel()
	p := DefaultPolicy()
	p.AgeingPerPoint = time.Minute
	rapid.Check(t, func(t *rapid.T) {
		arrivals := rapid.IntRange(2, 5).Draw(t, "arrivals a minute, one served")
		victim := p.Rank(&Callback{OpenedAt: t0, Priority: rapid.IntRange(0, 20).Draw(t, "victim")})
		queue := waiting{victim}
		bound := (100+1)*arrivals + 1
		for minute := range bound {
			now := t0.Add(time.Duration(minute)*time.Minute + time.Millisecond)
			for range arrivals {
				urgent := rapid.IntRange(80, 100).Draw(t, "urgent")
				heap.Push(&queue, p.Rank(&Callback{OpenedAt: now, Priority: urgent}))
			}
			if heap.Pop(&queue) == any(victim) {
				return
			}
		}
		t.Fatalf("not served within %d minutes", bound)
	})
}

// Nobody starves: whatever the priorities, and whatever an agent prefers, a callback
// goes before every one that was opened so much later. So it is first as soon as
// those that were opened within that time are done: their number does not grow.
func TestNobodyStarves(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := DefaultPolicy()
		p.AgeingPerPoint = time.Duration(rapid.Int64Range(1, 24*60*60*1000).Draw(t, "ageing")) * time.Millisecond
		patience := p.Behind(10, false) - p.Behind(1, true) + p.Worth(maxPriority)
		place := func(name string, opened time.Time) int64 {
			cb := &Callback{OpenedAt: opened, Priority: rapid.IntRange(0, maxPriority).Draw(t, name+" priority")}
			behind := p.Behind(rapid.IntRange(1, 10).Draw(t, name+" preference"), rapid.Bool().Draw(t, name+" kept"))
			return p.Rank(cb) + behind.Milliseconds()
		}
		old := place("old", t0)
		late := patience + time.Duration(rapid.Int64Range(1, 1<<40).Draw(t, "later"))*time.Millisecond
		if fresh := place("fresh", t0.Add(late)); fresh <= old {
			t.Fatalf("opened %s later and goes first: %d, %d", late, fresh, old)
		}
	})
}
