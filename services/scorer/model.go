package scorer

import (
	"context"
	"errors"
	"slices"

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

// correctedWeight is how much a correction of a sentiment counts: somebody has read the text,
// where a score may be about something else.
const correctedWeight = 3

// learner learns from the model that the program carries. All models here are *model.Model:
// decode and learner itself make no others.
type learner struct {
	analyser *verbatim.Analyser
	base     *model.Model
}

var _ training.Learner = learner{}

func (l learner) Learn(ctx context.Context, examples []training.Example, tell func(pass, passes int)) (reading.Model, error) {
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
	m, err := model.Train(ctx, l.analyser, all, model.Options{Base: l.base, Progress: tell})
	if errors.Is(err, model.ErrTooFew) {
		return nil, &training.TooFewError{What: "dissatisfied, or satisfied, verbatims with words to learn from", Have: -1, Need: model.Fewest}
	}
	if err != nil {
		return nil, err // and not a Model that is nil
	}
	return m, nil
}

// Teach weighs each once, against the pull to what ships: that is enough for some dozens to
// teach a word, and three times or ten take more from what the heads knew than they add.
func (l learner) Teach(ctx context.Context, corrections []model.Labelled) (reading.Model, error) {
	m, err := model.TrainHeads(ctx, l.analyser, slices.Values(corrections), model.HeadOptions{Base: l.base})
	if errors.Is(err, model.ErrTooFew) {
		return nil, nil //nolint:nilnil // there is nothing to learn, and the sentiment is still learnt
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

func (learner) Join(sentiment, topics reading.Model) reading.Model {
	return model.Join(sentiment.(*model.Model), topics.(*model.Model)) //nolint:forcetypeassert // there are no others
}

func (learner) Encode(m reading.Model) []byte { return m.(*model.Model).Encode() } //nolint:forcetypeassert // there are no others
