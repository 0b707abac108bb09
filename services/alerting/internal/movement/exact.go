package movement

import "math"

// pick is a population of which some are marked, and a number that is drawn from it without
// putting back: the hypergeometric distribution of how many of those are marked.
type pick struct{ all, marked, drawn int }

func (p pick) least() int { return max(0, p.drawn+p.marked-p.all) }
func (p pick) most() int  { return min(p.drawn, p.marked) }

// at is the probability of exactly k.
func (p pick) at(k int) float64 {
	if k < p.least() || k > p.most() {
		return 0
	}
	return math.Exp(logChoose(p.marked, k) + logChoose(p.all-p.marked, p.drawn-k) - logChoose(p.all, p.drawn))
}

// upTo is the probability of k or fewer. Of two groups with one share it is Fisher's exact
// test, one-sided.
func (p pick) upTo(k int) float64 {
	return upTo(k, p.least(), p.most(), float64(p.drawn)*float64(p.marked)/max(float64(p.all), 1), p.at, func(k int) float64 {
		return float64(k) * float64(p.all-p.marked-p.drawn+k) / (float64(p.marked-k+1) * float64(p.drawn-k+1))
	})
}

// trials are so many independent ones, of which each succeeds with a probability.
type trials struct {
	n int
	p float64
}

func (t trials) at(k int) float64 {
	switch {
	case k < 0 || k > t.n:
		return 0
	case t.p <= 0 || t.p >= 1:
		if k == int(t.p)*t.n {
			return 1
		}
		return 0
	}
	return math.Exp(logChoose(t.n, k) + float64(k)*math.Log(t.p) + float64(t.n-k)*math.Log1p(-t.p))
}

// upTo is the probability of k successes or fewer.
func (t trials) upTo(k int) float64 {
	if t.p <= 0 || t.p >= 1 {
		if k >= int(t.p)*t.n {
			return 1
		}
		return 0
	}
	return upTo(k, 0, t.n, float64(t.n)*t.p, t.at, func(k int) float64 {
		return float64(k) / float64(t.n-k+1) * (1 - t.p) / t.p
	})
}

// negligible is what is left out of a sum, as a part of it.
const negligible = 1e-12

// upTo sums a distribution that has one mode, near its mean, up to k: from k away from the
// mode, where each is less than the one before. ratio is that of k-1 to k.
func upTo(k, least, most int, mean float64, at, ratio func(int) float64) float64 {
	switch {
	case k < least:
		return 0
	case k >= most:
		return 1
	case float64(k) <= mean:
		return below(k, least, at(k), ratio)
	}
	term, sum := at(k+1), 0.0
	for i := k + 1; ; i++ {
		sum += term
		if i == most || term < negligible*sum {
			return max(0, 1-sum)
		}
		term /= ratio(i + 1)
	}
}

// below sums from k down.
func below(k, least int, term float64, ratio func(int) float64) (sum float64) {
	for i := k; ; i-- {
		sum += term
		if i == least || term < negligible*sum {
			return min(sum, 1)
		}
		term *= ratio(i)
	}
}

// net is the probability that promoters less detractors are no more than they are in a, if
// which of the responses of a and b are in a is chance: the permutation test of a difference
// of NPS, exact for any numbers. It goes by how many are neither, which are drawn first, and
// how many of the rest are good.
func net(a, b sums) float64 {
	all, loud := int(a.n+b.n), int(a.good+a.bad+b.good+b.bad)
	quiet := pick{all: all, marked: all - loud, drawn: int(a.n)}
	observed := int(a.good) - int(a.bad)
	return byQuiet(quiet.least(), quiet.most(), float64(quiet.drawn)*float64(quiet.marked)/float64(max(all, 1)), quiet.at, func(k int) float64 {
		rest := quiet.drawn - k
		return pick{all: loud, marked: int(a.good + b.good), drawn: rest}.upTo(floorHalf(observed + rest))
	})
}

// netUnder is the same for independent responses that are good and bad with these
// probabilities.
func netUnder(a sums, good, bad float64) float64 {
	quiet := trials{n: int(a.n), p: max(0, 1-good-bad)}
	observed := int(a.good) - int(a.bad)
	return byQuiet(0, quiet.n, float64(quiet.n)*quiet.p, quiet.at, func(k int) float64 {
		rest := quiet.n - k
		return trials{n: rest, p: good / (good + bad)}.upTo(floorHalf(observed + rest))
	})
}

// byQuiet sums over how many are neither, from the mean outwards.
func byQuiet(least, most int, mean float64, at, given func(int) float64) (sum float64) {
	middle := min(max(int(mean), least), most)
	for k := middle; k >= least; k-- {
		p := at(k)
		sum += p * given(k)
		if p < negligible*negligible {
			break
		}
	}
	for k := middle + 1; k <= most; k++ {
		p := at(k)
		sum += p * given(k)
		if p < negligible*negligible {
			break
		}
	}
	return min(sum, 1)
}

// floorHalf is the half, rounded down for negative numbers, too.
func floorHalf(n int) int { return n >> 1 }

func logChoose(n, k int) float64 {
	return logFactorial(n) - logFactorial(k) - logFactorial(n-k)
}

// logFactorials are those of small numbers, which are asked for most.
var logFactorials = func() (all [4096]float64) {
	for i := 2; i < len(all); i++ {
		all[i] = all[i-1] + math.Log(float64(i))
	}
	return all
}()

func logFactorial(n int) float64 {
	if n < len(logFactorials) {
		return logFactorials[n]
	}
	v, _ := math.Lgamma(float64(n) + 1)
	return v
}

// tail is the probability that a normal variable is below z.
func tail(z float64) float64 { return 0.5 * math.Erfc(-z/math.Sqrt2) }
