package model

import "math"

// smallest keeps Adagrad from dividing by zero.
const smallest = 1e-3

// lexicon learns the biases and the weights of the lexicon's score, by Adagrad
// over all rows at once.
func (f *fitting) lexicon() {
	const steps = 200
	var squares [2 * classes]float64
	for range steps {
		var sums [2 * classes]float64
		for _, r := range f.rows {
			var z [classes]float64
			for c := range z {
				z[c] = f.at.bias[c] + f.at.score[c]*r.score
			}
			p := softmax(z)
			p[r.class]--
			for c := range p {
				g := p[c] * f.class[f.source(r)][r.class] * r.weight
				sums[c] += g
				sums[classes+c] += g * r.score
			}
		}
		for c := range classes {
			f.at.bias[c] -= adagrad(&squares[c], sums[c], 0.5)
			f.at.score[c] -= adagrad(&squares[classes+c], sums[classes+c], 0.5)
		}
	}
}

// adagrad is one step of a parameter whose squares are summed so far.
func adagrad(squares *float64, gradient, rate float64) float64 {
	*squares += gradient * gradient
	return rate * gradient / (math.Sqrt(*squares) + smallest)
}

// shuffler is SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom
// Number Generators", 2014): the same on every machine and under every compiler.
type shuffler uint64

func (x *shuffler) next() uint64 {
	*x += 0x9e3779b97f4a7c15
	z := uint64(*x)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// shuffle is Fisher and Yates's.
func shuffle[T any](x *shuffler, rows []T) {
	for i := len(rows) - 1; i > 0; i-- {
		j := x.next() % uint64(i+1)
		rows[i], rows[j] = rows[j], rows[i]
	}
}
