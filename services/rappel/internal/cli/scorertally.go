package cli

import (
	"path/filepath"
	"strings"

	"github.com/rappel-loop/rappel/services/internal/verbatim"
	"github.com/rappel-loop/rappel/services/internal/verbatim/model"
)

// found is how well something that a text may have or not was found.
type found struct {
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
	// Right, Wrong and Missed count.
	Right  int `json:"right"`
	Wrong  int `json:"wrong"`
	Missed int `json:"missed"`
}

func (f *found) add(is, said bool) {
	switch {
	case is && said:
		f.Right++
	case said:
		f.Wrong++
	case is:
		f.Missed++
	}
}

// work fills in the ratios; what nobody said or sought is 0.
func (f *found) work() *found {
	if n := f.Right + f.Wrong; n > 0 {
		f.Precision = float64(f.Right) / float64(n)
	}
	if n := f.Right + f.Missed; n > 0 {
		f.Recall = float64(f.Right) / float64(n)
	}
	if n := 2*f.Right + f.Wrong + f.Missed; n > 0 {
		f.F1 = float64(2*f.Right) / float64(n)
	}
	return f
}

// themeMeasures are of the four dimensions; MicroF1 counts them together.
type themeMeasures struct {
	MicroF1 float64           `json:"microF1"`
	Letters map[string]*found `json:"letters"`
}

// letters are the dimensions in the column themes.
const letters = "PCRG"

// tally counts one file's rows.
type tally struct {
	file                   string
	rows, languages, right int
	stars, sentiment       model.Tally
	labelled               int
	themes                 map[string]*found
	churn, urgent          *found
}

func newTally(file string) *tally {
	return &tally{file: filepath.Base(file)}
}

func (t *tally) add(k known, a *verbatim.Analysis, v model.Verdict) {
	t.rows++
	if k.lang != "" {
		t.languages++
		if a.Language.String() == k.lang {
			t.right++
		}
	}
	if k.class != nil {
		t.stars.Add(*k.class, v)
	}
	if k.sentiment != nil {
		t.labelled++
		t.sentiment.Add(*k.sentiment, v)
	}
	said := topicsOf(a)
	if k.themes != nil {
		if t.themes == nil {
			t.themes = map[string]*found{"P": {}, "C": {}, "R": {}, "G": {}}
		}
		for _, l := range strings.Split(letters, "") {
			t.themes[l].add(strings.Contains(*k.themes, l), strings.Contains(said.letters, l))
		}
	}
	if k.churn != nil {
		t.churn = tallied(t.churn, *k.churn, said.churn)
	}
	if k.urgent != nil {
		t.urgent = tallied(t.urgent, *k.urgent, said.urgent)
	}
}

func tallied(f *found, is, said bool) *found {
	if f == nil {
		f = &found{}
	}
	f.add(is, said)
	return f
}

func (t *tally) measures() measures {
	s := t.stars.Measures()
	m := measures{
		File: t.file, Rows: t.rows, Accuracy: s.AccuracyTwo, BalancedAccuracy: s.BalancedAccuracy, MacroF1: s.MacroF1,
		AccuracyThree: s.Accuracy, MacroF1Three: s.MacroF1Three, ConfusionTwo: s.ConfusionTwo, Confusion: s.Confusion,
	}
	if s.Ranked {
		m.AUC = &s.AUC
	}
	if t.languages > 0 {
		share := float64(t.right) / float64(t.languages)
		m.LanguageRight = &share
	}
	if t.labelled > 0 {
		l := t.sentiment.Measures()
		m.Sentiment = &sentimentMeasure{Rows: t.labelled, MacroF1Three: l.MacroF1Three, Accuracy: l.Accuracy, Confusion: l.Confusion}
	}
	if t.themes != nil {
		all := &found{}
		m.Themes = &themeMeasures{Letters: t.themes}
		for _, f := range t.themes {
			f.work()
			all.Right, all.Wrong, all.Missed = all.Right+f.Right, all.Wrong+f.Wrong, all.Missed+f.Missed
		}
		m.Themes.MicroF1 = all.work().F1
	}
	if t.churn != nil {
		m.Churn = t.churn.work()
	}
	if t.urgent != nil {
		m.Urgent = t.urgent.work()
	}
	return m
}

// meanOf weighs each file alike; what a file lacks is left out of its mean.
func meanOf(files []measures) measures {
	m := measures{File: "mean"}
	var aucs, languages []float64
	for _, f := range files {
		m.Rows += f.Rows
		share := 1 / float64(len(files))
		m.Accuracy += f.Accuracy * share
		m.BalancedAccuracy += f.BalancedAccuracy * share
		m.MacroF1 += f.MacroF1 * share
		m.AccuracyThree += f.AccuracyThree * share
		m.MacroF1Three += f.MacroF1Three * share
		if f.AUC != nil {
			aucs = append(aucs, *f.AUC)
		}
		if f.LanguageRight != nil {
			languages = append(languages, *f.LanguageRight)
		}
	}
	m.AUC, m.LanguageRight = meanOrNone(aucs), meanOrNone(languages)
	return m
}

func meanOrNone(values []float64) *float64 {
	if len(values) == 0 {
		return nil
	}
	sum := 0.0
	for _, v := range values {
		sum += v / float64(len(values))
	}
	return &sum
}
