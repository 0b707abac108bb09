package rule

import (
	"cel.dev/cel-go/cel"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Bounds of one condition, in characters and nodes; the rest is DefaultMaxCost.
const (
	maxConditionChars = 10_000
	maxConditionNodes = 5_000
	maxLoopNesting    = 2
	maxRegexProgram   = 1_000
)

// container lets a rule write Class.DETRACTOR instead of the full name.
const container = "rappel.events.v1"

// variable is one name that a condition may use.
type variable struct {
	name string
	kind *cel.Type
	doc  string
}

// variables lists every name; docs/rules.md documents each, and a test holds
// the two together.
func variables() []variable {
	answer := cel.ObjectType(container + ".AnswerScore")
	return []variable{
		{"nps", answer, "the worst NPS answer; empty when there is none"},
		{"csat", answer, "the worst CSAT answer; empty when there is none"},
		{"ces", answer, "the worst CES answer; empty when there is none"},
		{"fcr", answer, "the worst FCR answer; empty when there is none"},
		{"response", cel.ObjectType(container + ".Response"), "the response as received"},
		{"score", cel.ObjectType(container + ".Score"), "what the scorer found"},
		{"sentiment", cel.StringType, "how the verbatims sound, the worst of them: negative, positive, neutral; empty when none was read"},
		{"intents", cel.ListType(cel.StringType), "what the customer wants or announces, as legal_threat"},
		{"themes", cel.ListType(cel.StringType), "what the verbatims are about, as delivery_time"},
		{"dimensions", cel.ListType(cel.StringType), "the dimensions of the themes, as responsiveness_after_sales"},
		{"disagreement", cel.BoolType, "score and words say different things"},
		{"callback_requested", cel.BoolType, "the customer asked to be called back"},
		{"may_call", cel.BoolType, "the customer did not refuse calls, or asked for one"},
		{"survey", cel.StringType, "the survey's name"},
		{"channel", cel.StringType, "how the answer came in"},
		{"touchpoint", cel.StringType, "where in the journey it was asked"},
		{historyName, historyType, "what had happened to the customer when the response was first received"},
		{"attributes", cel.MapType(cel.StringType, cel.StringType), "segments and whatever else the source knows"},
	}
}

// newEnvironment is what every condition is checked against.
func newEnvironment() (*cel.Env, error) {
	opts := []cel.EnvOption{
		cel.Types(&eventsv1.Response{}, &eventsv1.Score{}, &eventsv1.AnswerScore{}, &eventsv1.History{}),
		cel.Container(container),
		cel.OptionalTypes(),
		cel.DefaultUTCTimeZone(true),
		cel.ParserExpressionSizeLimit(maxConditionChars),
		cel.ExpressionNodeLimit(maxConditionNodes),
		cel.RegexProgramSizeLimit(maxRegexProgram),
		cel.ExtendedValidations(),
		cel.ASTValidators(cel.ValidateComprehensionNestingLimit(maxLoopNesting), cel.ValidateRegexProgramSizeLimit(maxRegexProgram)),
	}
	functions, err := historyFunctions()
	if err != nil {
		return nil, err
	}
	opts = append(opts, functions...)
	for _, v := range variables() {
		opts = append(opts, cel.VariableWithDoc(v.name, v.kind, v.doc))
	}
	return cel.NewEnv(opts...)
}
