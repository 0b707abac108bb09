package movement

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

func TestAPickIsFishersExactTest(t *testing.T) {
	t.Parallel()
	// Fisher's tea: of 8 cups 4 had milk first, and 3 of the 4 that were named.
	require.InDelta(t, 17.0/70, 1-pick{8, 4, 4}.upTo(2), 1e-12)
	require.Equal(t, 1.0, pick{8, 4, 4}.upTo(4))
	require.Zero(t, pick{8, 6, 4}.upTo(1))
	for _, p := range []pick{{40, 12, 9}, {9000, 4000, 300}, {200_000, 1000, 20_000}, {7, 0, 3}, {7, 7, 3}} {
		sum := 0.0
		for k := p.least(); k <= p.most(); k++ {
			sum += p.at(k)
			require.InDelta(t, sum, p.upTo(k), 1e-7, "%v %d", p, k)
		}
		require.InDelta(t, 1, sum, 1e-7)
	}
}

func TestTrialsAreBinomial(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 11.0/1024, trials{10, 0.5}.upTo(1), 1e-15)
	for _, p := range []trials{{25, 0.1}, {3000, 0.97}, {1, 0.5}, {0, 0.5}} {
		sum := 0.0
		for k := range p.n + 1 {
			sum += p.at(k)
			require.InDelta(t, sum, p.upTo(k), 1e-9)
		}
	}
	require.Equal(t, 1.0, trials{5, 0}.upTo(0))
	require.Zero(t, trials{5, 1}.upTo(4))
	require.Equal(t, 1.0, trials{5, 1}.upTo(5))
	require.Equal(t, 1.0, trials{5, 1}.at(5))
}

// What is far out counts most: it is right there, too, to many digits.
func TestTheTailIsRightFarOut(t *testing.T) {
	t.Parallel()
	require.InEpsilon(t, math.Pow(0.5, 200), trials{200, 0.5}.upTo(0), 1e-9)
	// 10 of 100 against 900 of 1000: nothing is left in common.
	p := pick{1100, 910, 100}
	sum := 0.0
	for k := range 11 {
		sum += p.at(k)
	}
	require.InEpsilon(t, sum, p.upTo(10), 1e-9)
	require.Less(t, sum, 1e-40)
}

// enumerate goes through every way to put n of a population into the first group.
func enumerate(population []int, n int, each func(net int)) {
	var pick func(i, left, net int)
	pick = func(i, left, net int) {
		switch {
		case left == 0:
			each(net)
		case len(population)-i >= left:
			pick(i+1, left-1, net+population[i])
			pick(i+1, left, net)
		}
	}
	pick(0, n, 0)
}

func TestTheTestOfNPSIsThePermutationTest(t *testing.T) {
	t.Parallel()
	chance := rand.New(rand.NewPCG(1, 1))
	for range 60 {
		var population []int
		var a, b sums
		n := 3 + chance.IntN(5)
		observed := 0
		for i := range n + 3 + chance.IntN(6) {
			v := chance.IntN(3) - 1
			population = append(population, v)
			into := &b
			if i < n {
				into = &a
				observed += v
			}
			into.n++
			switch v {
			case 1:
				into.good++
			case -1:
				into.bad++
			}
		}
		all, asLow := 0.0, 0.0
		enumerate(population, n, func(net int) {
			all++
			if net <= observed {
				asLow++
			}
		})
		require.InDelta(t, asLow/all, net(a, b), 1e-9, "%v %v", a, b)
	}
}

func TestABarOfNPSIsExactForTheLikeliestShares(t *testing.T) {
	t.Parallel()
	chance := rand.New(rand.NewPCG(2, 2))
	likelihood := func(s sums, good, bad float64) float64 {
		l := 0.0
		for _, part := range []struct {
			n uint64
			p float64
		}{{s.good, good}, {s.bad, bad}, {s.n - s.good - s.bad, 1 - good - bad}} {
			if part.n > 0 {
				l += float64(part.n) * math.Log(part.p)
			}
		}
		return l
	}
	for range 300 {
		s := sums{good: uint64(chance.IntN(30)), bad: uint64(chance.IntN(30))}
		s.n = s.good + s.bad + uint64(chance.IntN(30)) + 1
		d := float64(chance.IntN(181)-90) / 100
		good, bad := likeliest(s, d)
		require.InDelta(t, d, good-bad, 1e-9)
		require.GreaterOrEqual(t, good, 0.0)
		require.GreaterOrEqual(t, bad, 0.0)
		require.LessOrEqual(t, good+bad, 1+1e-9)
		best := likelihood(s, good, bad)
		for range 20 {
			other := (1 - math.Abs(d)) / 2 * chance.Float64()
			g, b := other+math.Max(d, 0), other+math.Max(-d, 0)
			require.LessOrEqual(t, likelihood(s, g, b), best+1e-7, "%v %g", s, d)
		}
	}
	// Two answers, each good or bad with a half: both bad in one of four.
	require.InDelta(t, 0.25, netUnder(sums{n: 2, bad: 2}, 0.5, 0.5), 1e-12)
	require.InDelta(t, 0.75, netUnder(sums{n: 2, bad: 1, good: 1}, 0.5, 0.5), 1e-12)
}

// Where nothing has changed, no probability comes up more often than it says: of exact tests
// by construction, of those beside them by as many draws as it takes to see.
func TestProbabilitiesAreNeverTooSmall(t *testing.T) {
	t.Parallel()
	draw := func(chance *rand.Rand, n int, good, bad float64) (s sums) {
		for range n {
			s.n++
			switch v := chance.Float64(); {
			case v < good:
				s.good++
			case v < good+bad:
				s.bad++
			}
		}
		return s
	}
	for _, c := range []struct {
		name      string
		m         rule.Metric
		n, of     int
		good, bad float64
	}{
		{"NPS, few", rule.Metric{Measure: rule.NPS, Against: rule.Previous}, 30, 30, 0.6, 0.1},
		{"NPS, nearly all content", rule.Metric{Measure: rule.NPS, Against: rule.Previous}, 30, 200, 0.95, 0.02},
		{"NPS rises", rule.Metric{Measure: rule.NPS, Against: rule.Previous, Rises: true}, 30, 200, 0.7, 0.2},
		{"CSAT, few", rule.Metric{Measure: rule.CSAT, Against: rule.Previous}, 30, 30, 0.9, 0},
		{"share rises", rule.Metric{Measure: rule.Share, Against: rule.Last, Rises: true}, 30, 900, 0.03, 0},
		{"NPS below a bar", rule.Metric{Measure: rule.NPS, Against: rule.Bar, Move: 50}, 30, 0, 0.6, 0.1},
		{"NPS above a bar", rule.Metric{Measure: rule.NPS, Against: rule.Bar, Move: 80, Rises: true}, 60, 0, 0.85, 0.05},
		{"CSAT below a bar", rule.Metric{Measure: rule.CSAT, Against: rule.Bar, Move: 90}, 30, 0, 0.9, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			const draws = 20_000
			chance := rand.New(rand.NewPCG(3, 3))
			below := map[float64]int{0.05: 0, 0.01: 0, 0.001: 0}
			for range draws {
				p := probability(&c.m, evidence{window: draw(chance, c.n, c.good, c.bad), reference: draw(chance, c.of, c.good, c.bad)})
				for at := range below {
					if p <= at {
						below[at]++
					}
				}
			}
			for at, n := range below {
				expected := at * draws
				require.LessOrEqual(t, float64(n), expected+4*math.Sqrt(expected), "p <= %g", at)
			}
			require.Positive(t, below[0.05], "the test can tell something")
		})
	}
}

func TestCountsThatVaryMoreThanChanceAreJudgedByIt(t *testing.T) {
	t.Parallel()
	e := evidence{window: sums{n: 60}, reference: sums{n: 400}, stretches: []uint64{100, 100, 100, 100}, spread: 1}
	calm := fewer(false, e)
	require.InEpsilon(t, trials{460, 0.2}.upTo(60), calm, 1e-12)
	e.spread = 6
	require.Greater(t, fewer(false, e), 20*calm)
	require.Greater(t, fewer(true, e), 0.99)
	e.window.n = 0
	require.Less(t, fewer(false, evidence{reference: sums{n: 40}, stretches: []uint64{10, 10, 10, 10}, spread: 1}), 2e-4, "nothing came where ten do")
}
