package training

import (
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/evaluation"
	"github.com/rappel-loop/rappel/services/internal/verbatim"
	"github.com/rappel-loop/rappel/services/scorer/internal/reading"
)

// measure is how a model does on examples.
func (t *Trainer) measure(m reading.Model, examples []Example) *eventsv1.ModelEvaluation {
	var binary []evaluation.Scored
	two, three := evaluation.NewMatrix(2), evaluation.NewMatrix(3)
	s := &verbatim.Scratch{}
	for _, e := range examples {
		a := t.deps.Analyser.Analyse(s, e.Text)
		p := m.Predict(s, &a)
		three.Add(int(e.Class), mostProbable(p))
		if e.Class == Neutral {
			continue
		}
		predicted := 0
		if p[Positive] > p[Negative] {
			predicted = 1
		}
		two.Add(int(e.Class)/int(Positive), predicted)
		binary = append(binary, evaluation.Scored{Score: p[Positive] - p[Negative], Positive: e.Class == Positive})
	}
	out := &eventsv1.ModelEvaluation{
		Answers: uint32(len(examples)), MacroF1: two.MacroF1(), MacroF1Three: three.MacroF1(), Accuracy: three.Accuracy(),
	}
	out.Auc, _ = evaluation.AUC(binary) // there are enough of both classes
	for _, row := range three {
		for _, n := range row {
			out.Confusion = append(out.Confusion, uint32(n))
		}
	}
	return out
}

func mostProbable(p [3]float64) int {
	best := 0
	for c := range p {
		if p[c] > p[best] {
			best = c
		}
	}
	return best
}

// quality is what decides which model is used.
func quality(e *eventsv1.ModelEvaluation) float64 { return (e.GetAuc() + e.GetMacroF1()) / 2 }
