package scorer

import (
	"context"
	"errors"

	"github.com/rappel-loop/rappel/services/internal/themefile"
	"github.com/rappel-loop/rappel/services/internal/verbatim"
	"github.com/rappel-loop/rappel/services/internal/verbatim/model"
	"github.com/rappel-loop/rappel/services/scorer/internal/reading"
	"github.com/rappel-loop/rappel/services/scorer/internal/training"
)

// newReader reads verbatims with the model that the program carries, which it returns too.
func newReader(themesFile string) (*reading.Reader, *model.Model, error) {
	a, err := themefile.Open(themesFile)
	if err != nil {
		return nil, nil, err
	}
	base, err := model.Base()
	if err != nil {
		return nil, nil, err
	}
	return reading.New(a, base), base, nil
}

// decode reads stored weights.
func decode(weights []byte) (reading.Model, error) {
	m, err := model.Decode(weights)
	if err != nil {
		return nil, err // and not a Model that is nil
	}
	return m, nil
}

// correctedWeight is how much a correction counts: somebody has read the text, where a score
// may be about something else.
const correctedWeight = 3

// learner learns from the model that the program carries.
func learner(a *verbatim.Analyser, base *model.Model) training.Learner {
	return func(ctx context.Context, examples []training.Example, tell func(pass, passes int)) (reading.Model, []byte, error) {
		all := func(yield func(model.Example) bool) {
			for _, e := range examples {
				x := model.Example{Text: e.Text, Class: e.Class, Group: e.Customer, Weight: 1}
				if e.Corrected {
					x.Weight = correctedWeight
				}
				if !yield(x) {
					return
				}
			}
		}
		m, err := model.Train(ctx, a, all, model.Options{Base: base, Progress: tell})
		if errors.Is(err, model.ErrTooFew) {
			return nil, nil, &training.TooFewError{What: "dissatisfied, or satisfied, verbatims with words to learn from", Have: -1, Need: model.Fewest}
		}
		if err != nil {
			return nil, nil, err
		}
		return m, m.Encode(), nil
	}
}
