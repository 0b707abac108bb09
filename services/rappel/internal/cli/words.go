package cli

import (
	"strings"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// words are what an agent reads, in one language. Every field must be filled: a
// test holds both languages to it.
type words struct {
	// Usage is cobra's headings, by the English ones.
	Usage map[string]string
	// Commands and Flags are the help, by name.
	Commands map[string]help
	Flags    map[string]string

	States    map[eventsv1.Callback_State]string
	Classes   map[eventsv1.Class]string
	Attempts  map[eventsv1.Attempt_Outcome]string
	Wraps     map[eventsv1.WrapUp_Outcome]string
	Rules     map[string]string
	Languages map[string]string
	// Severities are those worth a word.
	Severities map[eventsv1.Severity]string
	// SLAStates are those of a list, and of a target that is at risk or over.
	SLAStates map[eventsv1.SLA_State]string
	// Reasons explain the server's refusals, by their reason.
	Reasons map[string]string

	// The card.
	Callback, Held, Priority, Opened, Ago, Closed, Canceled       string
	MovedFrom, RaisedBy, ReopenedBy                               string
	Place, PlaceUnknown, FirstInLine, OneAhead, Ahead             string
	Urgency, FurtherReasons, EscalationPoints, Worth              string
	NoName, NoPhone, Phone, Email, Language, TimeZone             string
	ThereItIs, CallBefore, LateBy, NotBefore                      string
	ResolveBefore, TimeLeft, InPause, InPauseUntil, PausedTill    string
	MovedByStep, Step, StepRaised, StepRole                       string
	Why, Scale, LowerIsBetter, Withdrawn, Unanswered, MoreReasons string
	Calls, UnderWay, CallAgain, WrapUp, RootCause, Note           string
	FirstContact, Gesture                                         string
	Slots, TheirClock, MoreSlots                                  string
	ReopenedByAnswer, WhyAgain, HowItWent, ToAsk, Asked           string
	Satisfaction, OutOf100, NoScore, NoScoreBefore                string
	ScoreBefore                                                   string
	Open, Close                                                   string // quotation marks
	Colon                                                         string
	DateTime, Decimal                                             string

	// What to do next.
	Next, NextClaim, NextStart, NextRelease, NextEnd, NextNoAnswer string
	NextComplete, NextOther, NextShow, NextWait                    string
	SampleCause, SampleNote                                        string

	// Lists.
	Columns        []string
	NothingListed  string
	AnyCause       string
	Listed, OnMore string
	ListedOne      string
	Minutes, Hours string
	Days           string

	// Agents.
	AgentColumns                  []string
	AgentResults                  map[string]string
	NoAgents, FromFile, FromAPI   string
	AnyLanguage, Everywhere       string
	Team, Role, Capacity, WorksIn string
	Speaks, Skills, Origin        string
	Revision, Declared            string
	NextAgents, NeedAgentID       string
	NeedAgentFile, AgentsFailed   string

	// Who could take a callback, and where agents are.
	Statuses                   map[callbackv1.AgentStatus]string
	Obstacles                  map[callbackv1.ExplainRoutingResponse_Candidate_Obstacle]string
	RoutingColumns             []string
	CallableFrom, CallableAt   string
	QueueColumns               []string
	NoQueues, Unattended       string
	Pressing                   string
	Queue, KeptFor, KeptUntil  string
	OfferedFirst, OfferedAfter string
	Status, InHandOf, IdleFor  string

	// An agent's terminal.
	Gone                                       map[callbackv1.WorkCallbacksResponse_Gone_Why]string
	AtWork, WorkHint, WorkHelp, NothingInHand  string
	Answer, Seconds, Changed, Arrived          string
	OnBreak, BackAtWork, MissedOffers, Left    string
	NoOrder, NoOffer, NotConnected, NeedWorker string
	Broken, OnceMore, NoGRPC                   string

	// Results.
	Claimed, Started, Ended, Completed, Released                         string
	Transferred, Requeued, Escalated, Rescheduled, CanceledNow, Reopened string
	NeverCalled                                                          string
	AllWorked, SomeFailed                                                string
	Repeating                                                            string

	// Errors.
	Unreachable, Refused, NeedAgent, NeedID, NeedOutcome, BadOutcome string
	NeedDecision, BadMoment                                          string
	NeedWrapUp, BadState, BadLimit, BadTime, NeedTime, BadOutput     string
	BadSLA, BadGesture                                               string
	BadLang, Steps, StepsAttempting, StepsPending, StepsHeldBy       string
	StepsClosed, StepsWrapping, NoArgs                               string
	NoFlag, FlagNeedsValue, BadFlagValue                             string
}

// help is one command's.
type help struct{ Short, Long, Example string }

// language chooses words: the flag, else the environment as every program reads
// it, else French.
func language(flag string, getenv func(string) string) (*words, bool) {
	if flag != "" {
		return named(flag)
	}
	for _, name := range []string{"RAPPEL_LANG", "LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := getenv(name); v != "" {
			if w, ok := named(v); ok {
				return w, true
			}
			break // set to another language, or to none
		}
	}
	return &french, true
}

// named reads fr, en, fr_FR.UTF-8 and the like.
func named(s string) (*words, bool) {
	tag := strings.ToLower(s)
	if i := strings.IndexAny(tag, "_-.@"); i >= 0 {
		tag = tag[:i]
	}
	switch tag {
	case "fr":
		return &french, true
	case "en":
		return &english, true
	}
	return &french, false
}
