// Package reading reads verbatims for the scorer: by the lexicon of package verbatim and a
// model, as the events have it. Which model is in use may change at any moment; each
// analysis says which one it was.
package reading

import (
	"math"
	"sync"
	"sync/atomic"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/verbatim"
	"github.com/rappel-loop/rappel/services/internal/verbatim/model"
	"github.com/rappel-loop/rappel/services/scorer/internal/score"
)

// Model says how probable each sentiment is, and what a text is about beside what rules say. It does not change once it is in use.
type Model interface {
	// Version names the weights.
	Version() string
	// Predict is the probability of negative, neutral and positive, which sum to 1, of the
	// text that was analysed last with s.
	Predict(s *verbatim.Scratch, a *verbatim.Analysis) [3]float64
	// Refine adds to the themes and intents of that analysis what the rules do not know, and
	// takes back what the words speak against.
	Refine(s *verbatim.Scratch, a *verbatim.Analysis)
	// Verdict is what is said in a word, of these probabilities.
	Verdict(p [3]float64) model.Verdict
}

var _ Model = (*model.Model)(nil)

// Reader reads verbatims. Safe for concurrent use.
type Reader struct {
	analyser *verbatim.Analyser
	use      atomic.Pointer[inUse]
	scratch  sync.Pool
}

var _ score.Reader = (*Reader)(nil)

// inUse is a model, and the version that analyses have.
type inUse struct {
	model   Model
	version string
}

// New returns a reader with a model.
func New(a *verbatim.Analyser, m Model) *Reader {
	r := &Reader{analyser: a}
	r.scratch.New = func() any { return new(verbatim.Scratch) }
	r.Use(m)
	return r
}

// Use takes another model from the next text on.
func (r *Reader) Use(m Model) {
	r.use.Store(&inUse{model: m, version: r.analyser.Version() + " " + m.Version()})
}

// Version is what analyses have now: the lexicon and the model.
func (r *Reader) Version() string { return r.use.Load().version }

// Analyser is what texts are read with.
func (r *Reader) Analyser() *verbatim.Analyser { return r.analyser }

// Read says what is found in a text, with about so many pieces of evidence at most: half of
// them for the sentiment, the strongest, and the others for what it is about.
func (r *Reader) Read(text string, evidence int) *eventsv1.VerbatimAnalysis {
	s := r.scratch.Get().(*verbatim.Scratch) //nolint:forcetypeassert // the pool makes nothing else
	defer r.scratch.Put(s)
	use := r.use.Load()
	a := r.analyser.Analyse(s, text)
	out := &eventsv1.VerbatimAnalysis{
		Status: eventsv1.VerbatimAnalysis_ANALYSED, Language: a.Language.String(), Version: use.version, Cut: a.Cut,
		Sentiment: sentiment(use.model, use.model.Predict(s, &a)),
	}
	use.model.Refine(s, &a)
	out.Sentiment.Evidence = r.evidence(a.Findings, max(1, evidence/2))
	r.topics(out, &a, max(1, evidence/2))
	return out
}

// mostOfOne is how much evidence one theme or intent has at most.
const mostOfOne = 8

// topics adds what a text is about and what its writer wants, which share so many pieces of
// evidence: the first have one where there are more of them.
func (r *Reader) topics(out *eventsv1.VerbatimAnalysis, a *verbatim.Analysis, evidence int) {
	n := len(a.Themes) + len(a.Intents)
	if n == 0 {
		return
	}
	each := func() int { // how much the next one has
		if found := len(out.GetThemes()) + len(out.GetIntents()); n > evidence {
			return min(1, max(0, evidence-found))
		}
		return min(mostOfOne, evidence/n)
	}
	for i := range a.Themes {
		t := &a.Themes[i]
		out.Themes = append(out.Themes, &eventsv1.ThemeFound{
			Dimension: eventsv1.Dimension(t.Dimension), Theme: t.ID, Polarity: labels[t.Polarity], Evidence: r.evidence(t.Evidence, each()),
		})
	}
	for i := range a.Intents {
		found := &a.Intents[i]
		out.Intents = append(out.Intents, &eventsv1.IntentFound{Intent: eventsv1.Intent(found.Intent), Evidence: r.evidence(found.Evidence, each())})
	}
}

// labels are the lexicon's in the events' words.
var labels = map[verbatim.Label]eventsv1.Sentiment_Label{
	verbatim.Negative: eventsv1.Sentiment_NEGATIVE, verbatim.Neutral: eventsv1.Sentiment_NEUTRAL,
	verbatim.Positive: eventsv1.Sentiment_POSITIVE, verbatim.Unsaid: eventsv1.Sentiment_LABEL_UNSPECIFIED,
}

// sentiment is the label with the probabilities. The label is the model's verdict, which is
// not always the most probable: where few are dissatisfied, less is enough to say so.
func sentiment(m Model, p [3]float64) *eventsv1.Sentiment {
	return &eventsv1.Sentiment{
		Label: labels[m.Verdict(p).Class.Label()], Negative: shown(p[model.Negative]), Neutral: shown(p[model.Neutral]), Positive: shown(p[model.Positive]),
	}
}

// shown is a probability to the millionth: more is noise, and differs between machines.
func shown(p float64) float64 { return math.Round(p*1e6) / 1e6 }
