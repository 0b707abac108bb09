package message

import "github.com/rappel-loop/rappel/services/internal/wording"

// english is what is said in English.
var english = words{
	Severities: map[string]string{"low": "low", "medium": "medium", "high": "high", "critical": "critical"},
	Classes: map[string]string{
		"detractor": "detractor", "passive": "passive", "promoter": "promoter", "dissatisfied": "dissatisfied", "neutral": "neutral",
		"satisfied": "satisfied", "high_effort": "high effort", "low_effort": "low effort", "resolved": "settled", "unresolved": "not settled",
	},
	Themes: wording.Themes("en"),
	Resolutions: map[string]string{
		"no_longer_matches": "no longer applies", "callback_closed": "customer called back", "by_hand": "closed by hand", "expired": "expired",
	},
	Measures: map[string]string{
		"raise_bar": "only the gravest or most urgent cases ask for a callback", "call_afterwards": "customers who wait are called afterwards",
		"widen": "callbacks go to another queue", "drop_skills": "any agent may call", "first_attempt_within": "more time is promised",
		"tell": "managers are told", "acknowledge_customer": "customers are told that they were heard",
		"count": "count", "share": "share",
	},
	Titles: map[string]string{
		"new": "%s", "repeated": "Still open: %s", "escalated": "Nobody looks after it: %s", "resolved": "Over: %s",
	},
	AboutTheme: " about %s", AboutRule: ", rule %s", InSurvey: " (survey %s)",
	OneAlert: "1 alert", Alerts: "%d alerts",
	LeadOne:  "An alert waits for somebody.",
	Lead:     "%d alerts wait for somebody.",
	TakenOne: "%d more is looked after already.", Taken: "%d more are looked after already.",
	OldestOne: "It is from %s, %s ago.", Oldest: "The oldest is from %s, %s ago.",
	WorstOne: "Its severity is %s.", Worst: "The worst of them is %s.",
	Repeated: "Nothing is new, and nothing is settled either.",
	OverOne:  "1 alert is over.", Over: "%d alerts are over.",
	AllTaken:      "All that is still open is looked after.",
	Escalated:     "Those who were told before you have not reacted.",
	EscalatedStep: "Those who were told before you have not reacted: you are step %d of the escalation.",
	Resolved:      "Nothing is open any more: there is nothing to do.",
	TestTitle:     "A test by Rappel", Test: "This is a test. If it reaches you, alerts will, too: there is nothing to do.",
	FallbackBeganTitle: "Fallback “%s” has begun: queue %s cannot keep up", FallbackEndedTitle: "Fallback “%s” has ended: queue %s is back to normal",
	FallbackBegan: "Customers of the queue %s would wait too long; the fallback “%s” applies until the wait is below %s.",
	FallbackEnded: "The wait in the queue %s is below %[3]s again; the fallback “%[2]s” no longer applies.",
	WaitKnown:     "Predicted wait: %s (the fallback begins above %s).", WaitUnknown: "The predicted wait is not known (the fallback begins above %s).",
	More: "… and %d more", MoreOne: "… and 1 more",
	Since: "since %s", By: "looked after by %s", Callback: "callback asked for", CallbackIn: "callback asked for, queue %s",
	MovedFrom: "%s: %s over %s (%d answers), against %s before (%d)", MovedAbove: "%s: %s over %s (%d answers); bar %s",
	Next: map[string]string{
		"new":       "What to do: look, then acknowledge, so that nobody else is disturbed.",
		"repeated":  "What to do: acknowledge if you look after it; else say whose it is.",
		"escalated": "What to do: acknowledge now; nobody else looks after it.",
	},
	Look: "See the alerts",
	Rows: map[string]string{
		"rule": "Rule", "team": "Team", "survey": "Survey", "touchpoint": "Touchpoint", "channel": "Channel",
		"theme": "Theme", "dimension": "Dimension", "customer": "Customer", "metric": "Metric", "class": "Class", "queue": "Queue",
	},
	Footer: "Rappel · route %s · group %s",
	Colon:  ": ", Open: "“", Close: "”", Decimal: ".",
	Day: "2 Jan", Minutes: "%d min", Hours: "%d h", Days: "%d d",
	CustomerTitle: "We have received your answer",
	CustomerHello: "Hello,", CustomerHelloName: "Hello %s,",
	CustomerText: "Thank you for taking the time to answer. We have read what you told us, and we want to come back to you about it.\n\n" +
		"We are receiving more requests than usual at the moment, so it will take us a little longer to get in touch. There is nothing you need to do: your request is on record.",
	CustomerBye: "Customer service",
}
