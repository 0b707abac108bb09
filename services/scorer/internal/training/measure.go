package training

import (
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/verbatim"
	"github.com/rappel-loop/rappel/services/internal/verbatim/model"
	"github.com/rappel-loop/rappel/services/scorer/internal/reading"
)

// measure is how a model does on examples.
func (t *Trainer) measure(m reading.Model, examples []Example) *eventsv1.ModelEvaluation {
	var tally model.Tally
	s := &verbatim.Scratch{}
	for _, e := range examples {
		a := t.deps.Analyser.Analyse(s, e.Text)
		tally.Add(e.Class, m.Verdict(m.Predict(s, &a)))
	}
	found := tally.Measures()
	out := &eventsv1.ModelEvaluation{
		Answers: uint32(len(examples)), Auc: found.AUC, MacroF1: found.MacroF1, MacroF1Three: found.MacroF1Three, Accuracy: found.Accuracy,
	}
	for _, row := range found.Confusion {
		for _, n := range row {
			out.Confusion = append(out.Confusion, uint32(n))
		}
	}
	return out
}

// quality is what decides which model is used.
func quality(e *eventsv1.ModelEvaluation) float64 { return (e.GetAuc() + e.GetMacroF1()) / 2 }
