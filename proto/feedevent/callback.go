package feedevent

import "time"

// Callback is a callback as it stands after the event.
type Callback struct {
	CustomerKey string `json:"customerKey" doc:"The customer's pseudonym."`
	CallbackID  string `json:"callbackId,omitempty" doc:"The callback: the customer's key, a dash, and the number of the customer's callback; absent when the customer has had none."`
	EventNo     uint64 `json:"eventNo" doc:"Rises by one with each event of the customer's callbacks; starts at 1. A gap is an event that has not come, or will not."`
	By          string `json:"by,omitempty" doc:"Who did it: person, or alerting, timer, routing, follow-up (the customer's answer), do-not-call."`
	State       string `json:"state,omitempty" enum:"Callback.State" doc:"Where it stands: docs/state-machine.md."`
	Queue       string `json:"queue,omitempty" doc:"The queue it waits in."`
	Priority    int32  `json:"priority,omitempty" doc:"0 to 100, higher is more urgent."`

	OpenedAt        time.Time `json:"openedAt,omitzero" doc:"When it was opened."`
	NotBefore       time.Time `json:"notBefore,omitzero" doc:"Not to be called before."`
	FirstAttemptDue time.Time `json:"firstAttemptDue,omitzero" doc:"When the first call should have been made."`
	UnattendedSince time.Time `json:"unattendedSince,omitzero" doc:"Since when nobody at their desk can take it."`
	ClosedAt        time.Time `json:"closedAt,omitzero" doc:"When it was completed or canceled."`
	NextAt          time.Time `json:"nextAt,omitzero" doc:"When the customer's next callback is to be opened, because this one was completed and leaves reasons unanswered: at once."`

	Surveys     []string `json:"surveys,omitempty" doc:"The surveys that its reasons come from."`
	Reasons     []Reason `json:"reasons,omitempty" doc:"Why, oldest first."`
	MoreReasons uint32   `json:"moreReasons,omitempty" doc:"How many reasons there are beyond those listed."`

	AgentKey string   `json:"agentKey,omitempty" doc:"The pseudonym of who has it in hand, or had it last."`
	Team     string   `json:"team,omitempty" doc:"Their team."`
	Attempts int      `json:"attempts,omitempty" doc:"How many calls were made."`
	Attempt  *Attempt `json:"attempt,omitempty" doc:"The last of them."`

	Outcome      string   `json:"outcome,omitempty" enum:"WrapUp.Outcome" doc:"What it came to; only once it is completed."`
	RootCause    string   `json:"rootCause,omitempty" doc:"Why it had happened, as responsiveness_after_sales/delivery/late. Free words are not told."`
	FirstContact bool     `json:"firstContact,omitempty" doc:"It was resolved the first time the customer was spoken to."`
	Goodwill     *Gesture `json:"goodwill,omitempty" doc:"What the customer was given as a sign of goodwill."`
	GivenCents   int64    `json:"givenCents,omitempty" doc:"What they were given before the last reopening, in hundredths of the currency; goodwill comes on top."`

	SLA         *SLA         `json:"sla,omitempty" doc:"What was promised, and what has become of it."`
	SLAOutcomes []SLAOutcome `json:"slaOutcomes,omitempty" doc:"The promises that this event decides: percent met is counted of these (docs/feed.md)."`

	Target     string `json:"target,omitempty" enum:"SLA.Target" doc:"The promise that an event of the SLA is about."`
	Escalation uint32 `json:"escalation,omitempty" doc:"How often its priority was raised."`
	MovedFrom  string `json:"movedFrom,omitempty" doc:"The queue it was in before it was last moved."`
	Reopened   uint32 `json:"reopened,omitempty" doc:"How often it was closed and opened again."`

	FollowUp *FollowUp `json:"followUp,omitempty" doc:"Asks the customer how it went."`
	Recovery *Recovery `json:"recovery,omitempty" doc:"The customer's score after the callback, against the score before."`
	About    *Earlier  `json:"about,omitempty" doc:"The customer's earlier callback that this event is about, as its subject says; absent when it is about the callback above. Only in followed_up."`
}

// Earlier is a closed callback that the customer's next has followed.
type Earlier struct {
	CallbackID string    `json:"callbackId" doc:"The earlier callback."`
	ClosedAt   time.Time `json:"closedAt,omitzero" doc:"When it was closed."`
	Recovery   *Recovery `json:"recovery,omitempty" doc:"The customer's score after it, against the score before it."`
}

// Reason is one alert that a callback answers to.
type Reason struct {
	AlertKey     string    `json:"alertKey" doc:"The alert's pseudonym."`
	Rule         string    `json:"rule,omitempty" doc:"The rule that raised it."`
	Severity     string    `json:"severity,omitempty" enum:"Severity" doc:"How bad the rule says that it is."`
	Survey       string    `json:"survey,omitempty" doc:"The survey that was answered."`
	ResponseKey  string    `json:"responseKey" doc:"The response's pseudonym."`
	Revision     uint32    `json:"revision,omitempty" doc:"The revision that it reflects."`
	Metric       string    `json:"metric,omitempty" enum:"Metric" doc:"The metric that the rule is about; absent when it is about none."`
	Value        *float64  `json:"value,omitempty" doc:"The customer's value."`
	Scale        *Scale    `json:"scale,omitempty" doc:"The scale it was given on."`
	Class        string    `json:"class,omitempty" enum:"Class" doc:"What the value means."`
	Satisfaction *float64  `json:"satisfaction,omitempty" doc:"0 (worst) to 100 (best)."`
	Channel      string    `json:"channel,omitempty" doc:"How the answer came in."`
	Touchpoint   string    `json:"touchpoint,omitempty" doc:"Where in the journey it was asked."`
	SubmittedAt  time.Time `json:"submittedAt,omitzero" doc:"When the customer answered."`
	Withdrawn    bool      `json:"withdrawn,omitempty" doc:"It no longer counts."`
	FollowsUp    bool      `json:"followsUp,omitempty" doc:"The response is itself an answer about this callback."`
	RaisedAt     time.Time `json:"raisedAt,omitzero" doc:"Since when it has been there."`
	Unanswered   bool      `json:"unanswered,omitempty" doc:"It came when the customer was being called, or after: that call does not answer it."`

	Correction       uint32   `json:"correction,omitempty" doc:"How many corrections of what was found in that revision it reflects."`
	Sentiment        string   `json:"sentiment,omitempty" enum:"Sentiment.Label" doc:"How the customer's words sound, the worst of them; absent where none were read."`
	Themes           []Theme  `json:"themes,omitempty" doc:"What they are about, each theme once."`
	Intents          []string `json:"intents,omitempty" enum:"Intent" doc:"What the customer wants or announces, each once."`
	Disagreement     string   `json:"disagreement,omitempty" enum:"Disagreement" doc:"The score and the words say different things."`
	RecoveryPriority float64  `json:"recoveryPriority,omitempty" doc:"How much the customer needs to be won back, 0 to 100, as score.priority says."`
}

// Attempt is one try to reach the customer.
type Attempt struct {
	Number      uint32    `json:"number" doc:"1 for the callback's first."`
	AgentKey    string    `json:"agentKey,omitempty" doc:"The pseudonym of who called."`
	Team        string    `json:"team,omitempty" doc:"Their team."`
	StartedAt   time.Time `json:"startedAt,omitzero" doc:"When the call began."`
	EndedAt     time.Time `json:"endedAt,omitzero" doc:"When it ended; absent while it lasts."`
	Outcome     string    `json:"outcome,omitempty" enum:"Attempt.Outcome" doc:"What came of it; absent likewise."`
	CallAgainAt time.Time `json:"callAgainAt,omitzero" doc:"The moment that the customer named."`
}

// Gesture is a sign of goodwill.
type Gesture struct {
	Kind     string `json:"kind,omitempty" doc:"What, as voucher."`
	Cents    int64  `json:"cents,omitempty" doc:"Its value in hundredths of the currency."`
	Currency string `json:"currency,omitempty" doc:"ISO 4217."`
}

// SLA is what was promised.
type SLA struct {
	Policy       string    `json:"policy,omitempty" doc:"The policy it comes from."`
	State        string    `json:"state,omitempty" enum:"SLA.State" doc:"How it stands."`
	FirstAttempt *Clock    `json:"firstAttempt,omitempty" doc:"The promise that somebody tries to call."`
	Resolution   *Clock    `json:"resolution,omitempty" doc:"The promise that it is settled."`
	PausedUntil  time.Time `json:"pausedUntil,omitzero" doc:"The moment that the customer chose; until then the clocks stand still."`
}

// Clock is one promise's.
type Clock struct {
	DueAt      time.Time `json:"dueAt,omitzero" doc:"Until when it is kept."`
	WarnedAt   time.Time `json:"warnedAt,omitzero" doc:"When the warning was given."`
	BreachedAt time.Time `json:"breachedAt,omitzero" doc:"When it was missed."`
	EndedAt    time.Time `json:"endedAt,omitzero" doc:"When it was met, late or in time, or came to nothing; absent while it runs."`
	Kept       bool      `json:"kept,omitempty" doc:"It was met in time."`
}

// SLAOutcome is a promise that is decided: once, whatever becomes of the callback.
type SLAOutcome struct {
	Target   string    `json:"target,omitempty" enum:"SLA.Target" doc:"What was promised."`
	Kept     bool      `json:"kept" doc:"It was met in time; else it was missed."`
	Queue    string    `json:"queue,omitempty" doc:"The queue that the callback was in then."`
	Team     string    `json:"team,omitempty" doc:"The team of who had it in hand then; absent when nobody had."`
	AgentKey string    `json:"agentKey,omitempty" doc:"The pseudonym of who had it in hand then; absent likewise."`
	DueAt    time.Time `json:"dueAt,omitzero" doc:"Until when it was to be met."`
}

// FollowUp asks the customer how it went.
type FollowUp struct {
	Survey  string    `json:"survey,omitempty" doc:"The survey to be answered."`
	AskAt   time.Time `json:"askAt,omitzero" doc:"When to ask."`
	AskedAt time.Time `json:"askedAt,omitzero" doc:"When that was done."`
}

// Recovery is the score after a callback, against the score before.
type Recovery struct {
	Survey      string    `json:"survey,omitempty" doc:"The survey that was answered."`
	ResponseKey string    `json:"responseKey" doc:"The response's pseudonym."`
	Revision    uint32    `json:"revision,omitempty" doc:"The revision it was last heard of at."`
	Metric      string    `json:"metric,omitempty" enum:"Metric" doc:"What is compared; absent when before and after have no metric in common."`
	Before      *float64  `json:"before,omitempty" doc:"Satisfaction before, 0 to 100; absent when there was no score."`
	After       *float64  `json:"after,omitempty" doc:"Satisfaction after; absent when the answer has no score."`
	Class       string    `json:"class,omitempty" enum:"Class" doc:"The worst class of the answer after."`
	At          time.Time `json:"at,omitzero" doc:"When the customer answered."`
}
