package model

import (
	"context"
	"iter"

	"github.com/rappel-loop/rappel/services/internal/evaluation"
	"github.com/rappel-loop/rappel/services/internal/verbatim"
)

// Measures are how verdicts did on answers whose class is known.
type Measures struct {
	// Answers are how many.
	Answers int
	// AUC is the probability that a positive answer is rated above a negative one;
	// Ranked is false, and AUC 0, without both.
	AUC    float64
	Ranked bool
	// MacroF1, BalancedAccuracy and AccuracyTwo are of negative against positive, by
	// the sign of the verdict's score; answers in the middle are left out.
	MacroF1, BalancedAccuracy, AccuracyTwo float64
	// MacroF1Three and Accuracy are of the three classes.
	MacroF1Three, Accuracy float64
	// Confusion counts by true class (row), and in it by the class found;
	// ConfusionTwo does of negative and positive.
	Confusion, ConfusionTwo evaluation.Matrix
}

// Tally collects verdicts. The zero value is ready.
type Tally struct {
	scored     []evaluation.Scored
	two, three evaluation.Matrix
}

// Add counts one answer.
func (t *Tally) Add(truth Class, v Verdict) {
	if t.three == nil {
		t.two, t.three = evaluation.NewMatrix(2), evaluation.NewMatrix(classes)
	}
	t.three.Add(int(truth), int(v.Class))
	if truth == Neutral {
		return
	}
	found := 1
	if v.Score < 0 {
		found = 0
	}
	t.two.Add(int(truth)/2, found)
	t.scored = append(t.scored, evaluation.Scored{Score: v.Score, Positive: truth == Positive})
}

// Measures are those of what was added.
func (t *Tally) Measures() Measures {
	if t.three == nil {
		return Measures{Confusion: evaluation.NewMatrix(classes), ConfusionTwo: evaluation.NewMatrix(2)}
	}
	m := Measures{
		MacroF1: t.two.MacroF1(), BalancedAccuracy: t.two.BalancedAccuracy(), AccuracyTwo: t.two.Accuracy(),
		MacroF1Three: t.three.MacroF1(), Accuracy: t.three.Accuracy(), Confusion: t.three, ConfusionTwo: t.two,
	}
	m.AUC, m.Ranked = evaluation.AUC(t.scored)
	for _, row := range t.three {
		for _, n := range row {
			m.Answers += n
		}
	}
	return m
}

// Evaluate measures a model on examples, which should be others than it was
// trained on.
func Evaluate(ctx context.Context, a *verbatim.Analyser, m *Model, examples iter.Seq[Example]) (Measures, error) {
	var s verbatim.Scratch
	var t Tally
	for e := range examples {
		if err := ctx.Err(); err != nil {
			return Measures{}, err
		}
		found := a.Analyse(&s, e.Text)
		t.Add(e.Class, m.Verdict(m.Predict(&s, &found)))
	}
	return t.Measures(), nil
}
