package feedevent

import "time"

// AlertState is an alert as it stands after the event.
type AlertState struct {
	AlertKey    string    `json:"alertKey" doc:"The alert's pseudonym, as in alert_raised."`
	CustomerKey string    `json:"customerKey,omitempty" doc:"The customer's pseudonym; absent for a metric's alert."`
	Kind        string    `json:"kind" doc:"response or metric: what the alert is about."`
	Rule        string    `json:"rule,omitempty" doc:"The rule's name."`
	Team        string    `json:"team,omitempty" doc:"Whose the rule is."`
	Severity    string    `json:"severity,omitempty" enum:"Severity" doc:"How bad the rule says that it is."`
	Survey      string    `json:"survey,omitempty" doc:"The survey that was answered, or that the metric is of."`
	ResponseKey string    `json:"responseKey,omitempty" doc:"The response's pseudonym; absent for a metric's alert."`
	Revision    uint32    `json:"revision,omitempty" doc:"The revision of the response that is in it."`
	State       string    `json:"state" enum:"AlertState.State" doc:"Whether it stands."`
	Episode     uint32    `json:"episode,omitempty" doc:"How often it was raised; absent where it was resolved before it was."`
	Changes     uint64    `json:"changes" doc:"Rises by one with each change of the alert; changes that other events tell of, or none, leave gaps."`
	By          string    `json:"by,omitempty" doc:"person, where somebody did it."`
	Until       time.Time `json:"until,omitzero" doc:"Until when at the latest somebody looks after it; absent for as long as it stands."`
	RaisedAt    time.Time `json:"raisedAt,omitzero" doc:"When this episode was raised."`
	Resolution  string    `json:"resolution,omitempty" enum:"AlertState.Resolution" doc:"Why it stands no more."`
	Movement    *Movement `json:"movement,omitempty" doc:"How the metric moved; absent for a response's alert."`
}

// Movement is how a metric moved.
type Movement struct {
	Measure          string            `json:"measure,omitempty" doc:"What is measured, as NPS, CSAT, count or share."`
	Figure           float64           `json:"figure" doc:"The figure over the window: points of NPS, percent, or a count."`
	Reference        float64           `json:"reference" doc:"The figure that it is compared with."`
	Answers          uint64            `json:"answers,omitempty" doc:"How many answers are in the window."`
	ReferenceAnswers uint64            `json:"referenceAnswers,omitempty" doc:"How many are in what it is compared with; absent for a fixed bar."`
	PValue           float64           `json:"pValue,omitempty" doc:"How probable so great a difference is by chance, 0 to 1; absent for a fixed bar."`
	WindowSeconds    int64             `json:"windowSeconds,omitempty" doc:"How long the window is."`
	Until            time.Time         `json:"until,omitzero" doc:"When the window ended."`
	Series           map[string]string `json:"series,omitempty" doc:"Which series of the rule, by what it is split by, where the text is 1 to 64 letters, digits, _ or -."`
}
