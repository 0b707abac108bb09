package model

import "math"

// smallest keeps Adagrad from dividing by zero.
const smallest = 1e-3

// learnSigns learns the biases and what the signs say, by Adagrad over all rows at once.
func (f *fitting) learnSigns() {
	const steps = 200
	var squares [(1 + learnt) * classes]float64
	for range steps {
		var sums [(1 + learnt) * classes]float64
		for _, r := range f.rows {
			var z [classes]float64
			for c := range z {
				z[c] = f.at.bias[c]
				for i, v := range r.signs[:learnt] {
					z[c] += v * f.at.signs[i][c]
				}
			}
			p := softmax(z)
			p[r.class]--
			for c := range p {
				g := p[c] * f.class[f.source(r)][r.class] * r.weight
				sums[c] += g
				for i, v := range r.signs[:learnt] {
					sums[(1+i)*classes+c] += g * v
				}
			}
		}
		for c := range classes {
			f.at.bias[c] -= adagrad(&squares[c], sums[c], 0.5)
			for i := range learnt {
				f.at.signs[i][c] -= adagrad(&squares[(1+i)*classes+c], sums[(1+i)*classes+c], 0.5)
			}
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
