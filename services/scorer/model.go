package scorer

import (
	"context"
	"errors"
	"math"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
	"github.com/rappel-loop/rappel/services/scorer/internal/reading"
	"github.com/rappel-loop/rappel/services/scorer/internal/training"
)

// newReader reads verbatims with the model that the program carries.
func newReader() (*reading.Reader, reading.Model, error) {
	a, err := verbatim.New()
	if err != nil {
		return nil, nil, err
	}
	base := lexiconAlone{}
	return reading.New(a, base), base, nil
}

// lexiconAlone is INTERIM: the model lands with package model.
type lexiconAlone struct{}

func (lexiconAlone) Version() string { return "base-none" }

func (lexiconAlone) Predict(_ *verbatim.Scratch, a *verbatim.Analysis) [3]float64 {
	sure := math.Abs(a.Sentiment.Score)
	switch {
	case a.Sentiment.Score < 0:
		return [3]float64{sure, 1 - sure, 0}
	default:
		return [3]float64{0, 1 - sure, sure}
	}
}

func decode([]byte) (reading.Model, error) { return nil, errors.New("no models yet") }

func learner(*verbatim.Analyser) training.Learner {
	return func(context.Context, []training.Example, reading.Model, func(pass, passes int)) (reading.Model, []byte, error) {
		return nil, nil, errors.New("no models yet")
	}
}
