package training

import (
	"slices"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/verbatim"
	"github.com/rappel-loop/rappel/services/internal/verbatim/model"
	"github.com/rappel-loop/rappel/services/scorer/internal/reading"
)

// leastCorrections is how many there must be to learn from, and how many to trust what is
// measured on them.
const leastCorrections = model.Fewest

// counts are of labels that were found rightly, wrongly, and not.
type counts struct{ right, wrong, missed int }

func (c *counts) add(truth, found bool) {
	switch {
	case truth && found:
		c.right++
	case found:
		c.wrong++
	case truth:
		c.missed++
	}
}

// f1 is 1 where nothing was to be found, and nothing was.
func (c *counts) f1() float64 {
	if *c == (counts{}) {
		return 1
	}
	return 2 * float64(c.right) / float64(2*c.right+c.wrong+c.missed)
}

// measureTopics is how well a model finds, with the rules, what corrections say, of what they
// speak of. It writes its parts into an evaluation and returns the F1 of all labels.
func (t *Trainer) measureTopics(m reading.Model, corrections []model.Labelled, e *eventsv1.ModelEvaluation) float64 {
	var dimensions, intents counts
	s := &verbatim.Scratch{}
	e.ThemesCorrected, e.IntentsCorrected = 0, 0
	for i := range corrections {
		c := &corrections[i]
		a := t.deps.Analyser.Analyse(s, c.Text)
		m.Refine(s, &a)
		if !c.DimensionsUnsaid {
			e.ThemesCorrected++
			for d := verbatim.Product; d <= verbatim.Overall; d++ {
				found := slices.ContainsFunc(a.Themes, func(t verbatim.Theme) bool { return t.Dimension == d })
				dimensions.add(slices.Contains(c.Dimensions, d), found)
			}
		}
		if !c.IntentsUnsaid {
			e.IntentsCorrected++
			for in := verbatim.ChurnRisk; in <= verbatim.Suggestion; in++ {
				found := slices.ContainsFunc(a.Intents, func(f verbatim.IntentFound) bool { return f.Intent == in })
				intents.add(slices.Contains(c.Intents, in), found)
			}
		}
	}
	e.DimensionsF1, e.IntentsF1 = dimensions.f1(), intents.f1()
	both := counts{dimensions.right + intents.right, dimensions.wrong + intents.wrong, dimensions.missed + intents.missed}
	return both.f1()
}

// topicsBetter reports whether dimensions and intents that were trained take the place of
// those in use. Where enough corrections are held out, they must find what these say better,
// by the margin. Where there are too few to tell, it is enough that they have learnt something
// else than those in use, do not worse on those few, and were not there before: somebody may
// have put others to use by hand.
func (t *Trainer) topicsBetter(after, before float64, held int, changed, known bool) bool {
	if held >= leastCorrections {
		return changed && after >= before+t.deps.Options.Margin
	}
	return changed && !known && after >= before
}
