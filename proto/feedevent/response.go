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
}

// Scale is a range, both ends included.
type Scale struct {
	Min           float64 `json:"min" doc:"The lowest value."`
	Max           float64 `json:"max" doc:"The highest value."`
	LowerIsBetter bool    `json:"lowerIsBetter,omitempty" doc:"The lowest value is the best."`
}

// Score is what the scorer found in a whole response.
type Score struct {
	WorstClass        string     `json:"worstClass,omitempty" enum:"Class" doc:"The class of the answer that most needs attention; absent without a metric."`
	WorstSatisfaction *float64   `json:"worstSatisfaction,omitempty" doc:"Its satisfaction, 0 to 100."`
	Priority          float64    `json:"priority,omitempty" doc:"How much the customer needs to be won back, 0 to 100."`
	Disagreement      string     `json:"disagreement,omitempty" enum:"Disagreement" doc:"The score and the words say different things."`
	Verbatims         []Verbatim `json:"verbatims,omitempty" doc:"What was found in each text, in the response's order; never the text."`
	ScorerVersion     string     `json:"scorerVersion,omitempty" doc:"The version of the scoring rules."`
	Correction        uint32     `json:"correction,omitempty" doc:"Rises by one with each correction of what was found; 0 for none."`
}

// Verbatim is what was found in a text.
type Verbatim struct {
	Status    string   `json:"status,omitempty" enum:"VerbatimAnalysis.Status" doc:"How far it was analysed."`
	Language  string   `json:"language,omitempty" doc:"fr, en, mixed or unknown."`
	Sentiment string   `json:"sentiment,omitempty" enum:"Sentiment.Label" doc:"How it sounds."`
	Themes    []Theme  `json:"themes,omitempty" doc:"What it is about."`
	Intents   []string `json:"intents,omitempty" enum:"Intent" doc:"What the customer wants or announces."`
}

// Theme is something that a text is about.
type Theme struct {
	Dimension string `json:"dimension,omitempty" enum:"Dimension" doc:"The dimension it belongs to."`
	Theme     string `json:"theme,omitempty" doc:"The theme, as delivery_time."`
	Polarity  string `json:"polarity,omitempty" enum:"Sentiment.Label" doc:"How it is spoken of; absent where it is only mentioned."`
}
