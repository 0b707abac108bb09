package cli

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/rappel-loop/rappel/services/internal/evaluation"
	"github.com/rappel-loop/rappel/services/internal/verbatim"
	"github.com/rappel-loop/rappel/services/internal/verbatim/model"
)

// evalOptions are the flags of eval.
type evalOptions struct {
	train       []string
	model       string
	lexiconOnly bool
}

// measures are what a file came to. What a file does not say is left out, and so
// is the AUC without both classes.
type measures struct {
	File             string            `json:"file"`
	Rows             int               `json:"rows"`
	AUC              *float64          `json:"auc,omitempty"`
	Accuracy         float64           `json:"accuracy"`
	BalancedAccuracy float64           `json:"balancedAccuracy"`
	MacroF1          float64           `json:"macroF1"`
	AccuracyThree    float64           `json:"accuracyThree"`
	MacroF1Three     float64           `json:"macroF1Three"`
	ConfusionTwo     evaluation.Matrix `json:"confusionTwo,omitempty"`
	Confusion        evaluation.Matrix `json:"confusion,omitempty"`
	Sentiment        *sentimentMeasure `json:"sentiment,omitempty"`
	Themes           *themeMeasures    `json:"themes,omitempty"`
	Churn            *found            `json:"churn,omitempty"`
	Urgent           *found            `json:"urgent,omitempty"`
	LanguageRight    *float64          `json:"languageRight,omitempty"`
}

// sentimentMeasure is of the column sentiment: a person's reading of the text,
// not the score that its customer gave.
type sentimentMeasure struct {
	Rows         int               `json:"rows"`
	MacroF1Three float64           `json:"macroF1Three"`
	Accuracy     float64           `json:"accuracy"`
	Confusion    evaluation.Matrix `json:"confusion"`
}

type evalReport struct {
	Version     string     `json:"version"`
	TrainedOn   []string   `json:"trainedOn,omitempty"`
	TrainedRows int        `json:"trainedRows,omitempty"`
	Files       []measures `json:"files"`
	Mean        measures   `json:"mean"`
}

// reader reads texts as the scorer does.
type reader struct {
	analyser *verbatim.Analyser
	model    *model.Model // nil: the lexicon alone
	scratch  verbatim.Scratch
}

func (r *reader) version() string {
	if r.model == nil {
		return r.analyser.Version()
	}
	return r.analyser.Version() + " " + r.model.Version()
}

// read reads one text; the analysis is valid until the next.
func (r *reader) read(text string) (verbatim.Analysis, model.Verdict) {
	a := r.analyser.Analyse(&r.scratch, text)
	if r.model == nil {
		return a, model.LexiconVerdict(a.Sentiment)
	}
	v := r.model.Verdict(r.model.Predict(&r.scratch, &a))
	r.model.Refine(&r.scratch, &a)
	return a, v
}

func evaluate(ctx context.Context, files []string, o evalOptions) (report evalReport, err error) {
	r := &reader{}
	if r.analyser, err = verbatim.New(); err != nil {
		return report, err
	}
	switch {
	case o.lexiconOnly:
	case o.model != "":
		r.model, err = readModel(o.model)
	case len(o.train) > 0:
		r.model, report.TrainedRows, err = trainOn(ctx, r.analyser, o.train)
		for _, file := range o.train {
			report.TrainedOn = append(report.TrainedOn, filepath.Base(file))
		}
	default:
		r.model, err = model.Base()
	}
	if err != nil {
		return report, err
	}
	report.Version = r.version()
	for _, file := range files {
		rows, err := readKnown(file)
		if err != nil {
			return report, err
		}
		t := newTally(file)
		for _, k := range rows {
			if ctx.Err() != nil {
				return report, ctx.Err()
			}
			a, v := r.read(k.text)
			t.add(k, &a, v)
		}
		report.Files = append(report.Files, t.measures())
	}
	report.Mean = meanOf(report.Files)
	return report, nil
}

// trainOn trains on files, each of which is a group.
func trainOn(ctx context.Context, a *verbatim.Analyser, files []string) (*model.Model, int, error) {
	base, err := model.Base()
	if err != nil {
		return nil, 0, err
	}
	var examples []model.Example
	for i, file := range files {
		rows, err := readKnown(file)
		if err != nil {
			return nil, 0, err
		}
		for _, k := range rows {
			if k.class != nil {
				examples = append(examples, model.Example{Text: k.text, Class: *k.class, Group: uint64(i)})
			}
		}
	}
	m, err := model.Train(ctx, a, model.Each(examples), model.Options{Base: base, Elsewhere: true})
	if err != nil {
		return nil, 0, fmt.Errorf("training: %w", err)
	}
	return m, len(examples), nil
}
