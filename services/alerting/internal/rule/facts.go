package rule

import (
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Facts are what conditions see of one revision of a response. Making them is
// cheap: a fact is worked out when a condition asks for it, and messages are
// handed over as they are. Not safe for concurrent use.
type Facts struct {
	response *eventsv1.Response
	score    *eventsv1.Score
	worst    [5]*eventsv1.AnswerScore // by metric; filled on the first question
	sought   bool
	// otherwise says that the list of those who are not to be called says the opposite.
	otherwise bool
	asking    *wants // of the rule that is asked; nil for none
	history   *History
	texts     [3]ref.Val // survey, channel, touchpoint, once asked for
	words     [4]ref.Val // what was found in the verbatims, once asked for
}

var _ interpreter.Activation = (*Facts)(nil)

// What conditions see where there is nothing.
var (
	noResponse = &eventsv1.Response{}
	noScore    = &eventsv1.Score{}
	noAnswer   = &eventsv1.AnswerScore{}
)

// NewFacts returns the facts of a response and its score, which must not change
// while they are used.
func NewFacts(r *eventsv1.Response, s *eventsv1.Score) *Facts {
	if r == nil {
		r = noResponse
	}
	if s == nil {
		s = noScore
	}
	return &Facts{response: r, score: s}
}

// With gives the facts the customer's history; without, there is none.
func (f *Facts) With(h *History) *Facts {
	f.history = h
	return f
}

// Otherwise are the facts as they would be if the list of those who are not to be called
// said the opposite of the customer.
func (f *Facts) Otherwise() *Facts {
	return &Facts{response: f.response, score: f.score, history: f.history, otherwise: !f.otherwise}
}

// Worst is the answer of a metric with the lowest satisfaction, the first of
// equals; nil when there is none. Within a metric, a worse class is always a
// lower satisfaction.
func (f *Facts) Worst(m eventsv1.Metric) *eventsv1.AnswerScore {
	if !f.sought {
		f.sought = true
		for _, a := range f.score.GetAnswers() {
			i := int(a.GetMetric())
			if i < 1 || i >= len(f.worst) {
				continue // a metric of a later version
			}
			if f.worst[i] == nil || a.GetSatisfaction() < f.worst[i].GetSatisfaction() {
				f.worst[i] = a
			}
		}
	}
	if m < 1 || int(m) >= len(f.worst) {
		return nil
	}
	return f.worst[m]
}

// MayCall is whether a call is welcome: the customer asked for one, or was not
// asked about calls, or did not refuse them.
func (f *Facts) MayCall() bool {
	c := f.response.GetConsent()
	return f.response.GetCallbackRequested() || c == nil || c.Callback == nil || c.GetCallback()
}

// ResolveName gives a variable its value.
func (f *Facts) ResolveName(name string) (any, bool) {
	switch name {
	case "nps":
		return f.answer(eventsv1.Metric_NPS), true
	case "csat":
		return f.answer(eventsv1.Metric_CSAT), true
	case "ces":
		return f.answer(eventsv1.Metric_CES), true
	case "fcr":
		return f.answer(eventsv1.Metric_FCR), true
	case "may_call":
		return f.MayCall(), true
	case "callback_requested":
		return f.response.GetCallbackRequested(), true
	case "survey":
		return f.text(0, f.response.GetSurvey()), true
	case "channel":
		return f.text(1, f.response.GetChannel()), true
	case "touchpoint":
		return f.text(2, f.response.GetTouchpoint()), true
	case "sentiment":
		return f.word(sentiment), true
	case "intents":
		return f.word(intents), true
	case "themes":
		return f.word(themes), true
	case "dimensions":
		return f.word(dimensions), true
	case "disagreement":
		return f.score.GetDisagreement() != eventsv1.Disagreement_DISAGREEMENT_UNSPECIFIED, true
	case "attributes":
		return f.response.GetAttributes(), true
	case "response":
		return f.response, true
	case "score":
		return f.score, true
	case historyName:
		m, err := f.history.message(f.asks(), f.otherwise)
		if err != nil {
			return types.NewErr("the history cannot be read"), true
		}
		return m, true
	}
	return nil, false
}

func (f *Facts) asks() wants {
	if f.asking == nil {
		return wants{}
	}
	return *f.asking
}

// text makes a CEL text of one, once a revision and not once a rule.
func (f *Facts) text(i int, s string) ref.Val {
	if f.texts[i] == nil {
		f.texts[i] = types.String(s)
	}
	return f.texts[i]
}

// Parent is none.
func (f *Facts) Parent() interpreter.Activation { return nil }

func (f *Facts) answer(m eventsv1.Metric) *eventsv1.AnswerScore {
	if a := f.Worst(m); a != nil {
		return a
	}
	return noAnswer
}
