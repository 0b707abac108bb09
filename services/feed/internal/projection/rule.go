package projection

import (
	"regexp"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

const number = `-?[0-9.]+(?:e[+-][0-9]+)?`

var (
	// scoring is the form of what gave a class: whose scale, the metric, the class.
	scoring = regexp.MustCompile(`^(?:(\S+) )?([A-Z]+) ` + number + `(?:-| to )` + number + `(?:, lower is better)?: ` +
		`(?:(?:below|above) ` + number + `|` + number + ` to ` + number + `) is ([A-Z_]+)$`)
	// analysed is the form of a version: names, each with a hash.
	analysed = regexp.MustCompile(`^[a-z]{1,32}-[0-9a-f]{8}(?: [a-z]{1,32}-[0-9a-f]{8}){0,3}$`)
)

// everySurvey stands for all surveys where a scale is declared for one.
const everySurvey = "*"

// rule is what gave an answer's class, as `CSAT 1-5: below 40 is DISSATISFIED`, if it has that
// form and names nothing but this survey, this metric and this class.
func rule(survey string, a *eventsv1.AnswerScore) string {
	said := scoring.FindStringSubmatch(a.GetRule())
	if said == nil || said[2] != word(a.GetMetric()) || said[3] != word(a.GetClass()) {
		return ""
	}
	if whose := said[1]; whose != "" && whose != everySurvey && whose != survey {
		return ""
	}
	return a.GetRule()
}

// analysisVersion is s if it has the form of a version, as `lexicon-183c1e18 base-5c0f2a11`.
func analysisVersion(s string) string {
	if !analysed.MatchString(s) {
		return ""
	}
	return s
}
