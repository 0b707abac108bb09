package feedevent

import "time"

// Alert is a rule that matched a response, or no longer does.
type Alert struct {
	CustomerKey string    `json:"customerKey" doc:"The customer's pseudonym."`
	AlertKey    string    `json:"alertKey" doc:"The alert's pseudonym: the same for every revision of a response under one rule."`
	Rule        string    `json:"rule" doc:"The rule's name."`
	Team        string    `json:"team,omitempty" doc:"Whose the rule is; only when it is raised."`
	Severity    string    `json:"severity,omitempty" enum:"Severity" doc:"How bad the rule says that it is; only when it is raised."`
	Survey      string    `json:"survey" doc:"The survey that was answered."`
	ResponseKey string    `json:"responseKey" doc:"The response's pseudonym."`
	Revision    uint32    `json:"revision" doc:"The revision of the response that the rule matched, or no longer matches."`
	Correction  uint32    `json:"correction,omitempty" doc:"How many corrections of what was found in that revision are in it; 0 for none."`
	Channel     string    `json:"channel,omitempty" doc:"How the answer came in."`
	Touchpoint  string    `json:"touchpoint,omitempty" doc:"Where in the journey it was asked."`
	SubmittedAt time.Time `json:"submittedAt,omitzero" doc:"When the customer answered."`
	Answer      *Answer   `json:"answer,omitempty" doc:"The answer that the rule is about; absent when it is about none."`
	Queue       string    `json:"queue,omitempty" doc:"Where the callback is to wait; absent when the rule asks for none, or it is held back."`
	HeldBack    string    `json:"heldBack,omitempty" enum:"AlertRaised.HeldBack" doc:"Why the rule's callback is held back, as FATIGUE: the customer was called lately, about what was as bad; only when it is raised."`
	Priority    int32     `json:"priority,omitempty" doc:"The priority that the rule asks for, 0 to 100."`
	Fallback    string    `json:"fallback,omitempty" doc:"The fallback that changed what the rule asks for; where there is no queue, it is why nobody is called. Only when it is raised."`
	// Labels are a deployment's words; texts that are no names stay where they are.
	Labels map[string]string `json:"labels,omitempty" doc:"What the rule marks its alerts with, as region: IDF, where the text is 1 to 64 letters, digits, _ or -; only when it is raised."`
	// Attributes are those that the deployment's configuration names.
	Attributes map[string]string `json:"attributes,omitempty" doc:"What else the source knows, as far as feed.attributes names it."`
}
