package training

import (
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/verbatim"
	"github.com/rappel-loop/rappel/services/internal/verbatim/model"
)

// said is what somebody has said of a text. What they have not spoken of is not said to be
// absent.
type said struct {
	sounds bool // they have said how it sounds
	class  model.Class
	topics model.Labelled
}

// saidBy is what a correction says. A theme counts for its dimension, also one of the
// deployment's own; what a later version of the contract knows is passed over.
func saidBy(c *eventsv1.AnalysisCorrected) said {
	says := c.GetCorrection()
	s := said{topics: model.Labelled{
		Text: cut(c.GetText()), Group: customer(c.GetCustomerKey()),
		DimensionsUnsaid: says.GetThemes() == nil, IntentsUnsaid: says.GetIntents() == nil,
	}}
	s.class, s.sounds = classOf(says.GetSentiment())
	for _, t := range says.GetThemes().GetThemes() {
		if d := verbatim.Dimension(t.GetDimension()); d >= verbatim.Product && d <= verbatim.Overall {
			s.topics.Dimensions = append(s.topics.Dimensions, d)
		}
	}
	for _, n := range says.GetIntents().GetIntents() {
		if in := verbatim.Intent(n); in >= verbatim.ChurnRisk && in <= verbatim.Suggestion {
			s.topics.Intents = append(s.topics.Intents, in)
		}
	}
	return s
}

// examplesOf are what is said of how texts sound.
func examplesOf(all []said) (out []Example) {
	for _, s := range all {
		if s.sounds {
			out = append(out, Example{Text: s.topics.Text, Class: s.class, Corrected: true, Customer: s.topics.Group})
		}
	}
	return out
}
