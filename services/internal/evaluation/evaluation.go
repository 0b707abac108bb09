// Package evaluation measures a classifier against labels: area under the ROC
// curve, and what follows from a confusion matrix. It is pure.
//
// AUC is the probability that a positive has the higher score than a negative,
// ties counting half (Mann and Whitney). F1 of a class that neither occurs nor is
// predicted is left out of the macro mean; so is the recall of one that does not
// occur out of balanced accuracy.
package evaluation

import "slices"

// Scored is one binary case.
type Scored struct {
	Score    float64
	Positive bool
}

// AUC is from 0 to 1; ok is false without both classes. It sorts cases.
func AUC(cases []Scored) (auc float64, ok bool) {
	slices.SortFunc(cases, func(a, b Scored) int {
		switch {
		case a.Score < b.Score:
			return -1
		case a.Score > b.Score:
			return 1
		}
		return 0
	})
	var wins, negatives, positives float64
	for i := 0; i < len(cases); {
		var p, n float64
		j := i
		for ; j < len(cases) && cases[j].Score == cases[i].Score; j++ {
			if cases[j].Positive {
				p++
			} else {
				n++
			}
		}
		wins += p * (negatives + n/2)
		positives, negatives, i = positives+p, negatives+n, j
	}
	if positives == 0 || negatives == 0 {
		return 0, false
	}
	return wins / (positives * negatives), true
}

// Matrix counts cases by true class (row) and predicted class (column).
type Matrix [][]int

// NewMatrix is an empty one.
func NewMatrix(classes int) Matrix {
	m := make(Matrix, classes)
	for i := range m {
		m[i] = make([]int, classes)
	}
	return m
}

// Add counts one case.
func (m Matrix) Add(truth, predicted int) { m[truth][predicted]++ }

// Accuracy is the share of cases that were right; 0 without any.
func (m Matrix) Accuracy() float64 {
	right, all := 0, 0
	for i, row := range m {
		right += row[i]
		for _, n := range row {
			all += n
		}
	}
	return ratio(right, all)
}

// MacroF1 is the mean of the classes' F1.
func (m Matrix) MacroF1() float64 {
	sum, classes := 0.0, 0
	for i := range m {
		occurs, predicted := m.totals(i)
		if occurs+predicted > 0 {
			sum += ratio(2*m[i][i], occurs+predicted)
			classes++
		}
	}
	return mean(sum, classes)
}

// BalancedAccuracy is the mean of the classes' recall.
func (m Matrix) BalancedAccuracy() float64 {
	sum, classes := 0.0, 0
	for i := range m {
		if occurs, _ := m.totals(i); occurs > 0 {
			sum += ratio(m[i][i], occurs)
			classes++
		}
	}
	return mean(sum, classes)
}

func (m Matrix) totals(class int) (occurs, predicted int) {
	for i := range m {
		occurs += m[class][i]
		predicted += m[i][class]
	}
	return occurs, predicted
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

func mean(sum float64, n int) float64 {
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}
