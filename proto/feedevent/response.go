package feedevent

import "time"

// Response is a customer's answers to a survey, and what was found in them.
type Response struct {
	CustomerKey string `json:"customerKey" doc:"The customer's pseudonym."`
	Survey      string `json:"survey" doc:"The survey's name."`
	ResponseKey string `json:"responseKey" doc:"The response's pseudonym, the same at every revision. The source's own id is not told: it may be an order's number."`
	Revision    uint32 `json:"revision" doc:"Rises by one with each change of the response; starts at 1."`
	Channel     string `json:"channel,omitempty" doc:"How the answer came in, as email."`
	Touchpoint  string `json:"touchpoint,omitempty" doc:"Where in the journey it was asked, as delivery."`
	// SubmittedAt is the customer's moment, the event's time the loop's.
	SubmittedAt       time.Time `json:"submittedAt,omitzero" doc:"When the customer answered."`
	CallbackRequested bool      `json:"callbackRequested,omitempty" doc:"The customer asked to be called."`
	CallbackID        string    `json:"callbackId,omitempty" doc:"The callback that this is an answer about, to its follow-up survey."`
	Answers           []Answer  `json:"answers,omitempty" doc:"The metrics, in the response's order."`
	Verbatims         int       `json:"verbatims,omitempty" doc:"How many texts the customer wrote."`
	Score             *Score    `json:"score,omitempty" doc:"What was found; absent before the response is scored."`
	// Attributes are those that the deployment's configuration names.
	Attributes map[string]string `json:"attributes,omitempty" doc:"What else the source knows, as far as feed.attributes names it."`
}

// Answer is one metric.
type Answer struct {
	Metric       string   `json:"metric" enum:"Metric" doc:"What was measured."`
	Value        float64  `json:"value" doc:"The value as the customer gave it."`
	Scale        *Scale   `json:"scale,omitempty" doc:"The scale it was given on; absent where the source did not say and it is not scored yet."`
	Class        string   `json:"class,omitempty" enum:"Class" doc:"What the value means; absent before the response is scored."`
	Satisfaction *float64 `json:"satisfaction,omitempty" doc:"0 (worst) to 100 (best); absent likewise."`
	Rule         string   `json:"rule,omitempty" doc:"What gave the class, as CSAT 1-5: below 40 is DISSATISFIED; the survey comes first where it declares a scale of its own. Absent likewise."`
}

// Scale is a range, both ends included.
type Scale struct {
	Min           float64 `json:"min" doc:"The lowest value."`
	Max           float64 `json:"max" doc:"The highest value."`
	LowerIsBetter bool    `json:"lowerIsBetter,omitempty" doc:"The lowest value is the best."`
}

// Score is what the scorer found in a whole response.
type Score struct {
	WorstClass        string         `json:"worstClass,omitempty" enum:"Class" doc:"The class of the answer that most needs attention; absent without a metric."`
	WorstSatisfaction *float64       `json:"worstSatisfaction,omitempty" doc:"Its satisfaction, 0 to 100."`
	Priority          float64        `json:"priority,omitempty" doc:"How much the customer needs to be won back, 0 to 100."`
	PriorityParts     []PriorityPart `json:"priorityParts,omitempty" doc:"What the priority is made of: docs/scoring.md."`
	Disagreement      string         `json:"disagreement,omitempty" enum:"Disagreement" doc:"The score and the words say different things."`
	Verbatims         []Verbatim     `json:"verbatims,omitempty" doc:"What was found in each text, in the response's order; never the text."`
	ScorerVersion     string         `json:"scorerVersion,omitempty" doc:"The version of the scoring rules."`
	Correction        uint32         `json:"correction,omitempty" doc:"Rises by one with each correction of what was found; 0 for none. Of the scores of a response the one with the highest revision, then the highest correction, counts."`
}

// PriorityPart is one summand of a priority.
type PriorityPart struct {
	Factor string  `json:"factor,omitempty" doc:"What it is for: class, satisfaction, sentiment, intents or value."`
	Points float64 `json:"points" doc:"How many points; the sum is kept within 0 and 100."`
}

// Verbatim is what was found in a text.
type Verbatim struct {
	Status        string         `json:"status,omitempty" enum:"VerbatimAnalysis.Status" doc:"How far it was analysed; CORRECTED when somebody said what it means."`
	Language      string         `json:"language,omitempty" doc:"fr, en, mixed or unknown."`
	Sentiment     string         `json:"sentiment,omitempty" enum:"Sentiment.Label" doc:"How it sounds."`
	Probabilities *Probabilities `json:"probabilities,omitempty" doc:"How probable each sentiment is; absent where the text was not read."`
	Themes        []Theme        `json:"themes,omitempty" doc:"What it is about, each theme once."`
	Intents       []string       `json:"intents,omitempty" enum:"Intent" doc:"What the customer wants or announces, each once."`
	Version       string         `json:"version,omitempty" doc:"Which data found it, as lexicon-183c1e18 base-5c0f2a11: the lexicon and the model."`
	Cut           bool           `json:"cut,omitempty" doc:"The text was too long to be read whole."`
}

// Probabilities are those of a sentiment; the three sum to 1.
type Probabilities struct {
	Negative float64 `json:"negative" doc:"That the customer is dissatisfied."`
	Neutral  float64 `json:"neutral" doc:"That they are neither."`
	Positive float64 `json:"positive" doc:"That they are satisfied."`
}

// Theme is something that a text is about.
type Theme struct {
	Dimension string `json:"dimension,omitempty" enum:"Dimension" doc:"The dimension it belongs to."`
	Theme     string `json:"theme,omitempty" doc:"The theme, as delivery_time; a deployment may have its own."`
	Polarity  string `json:"polarity,omitempty" enum:"Sentiment.Label" doc:"How it is spoken of; absent where it is only mentioned."`
}
