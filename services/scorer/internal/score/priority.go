package score

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/metric"
)

// mostPoints is the highest priority, and bounds each weight.
const mostPoints = 100

// Priority are the weights of the priority, in points of 100:
//
//	class         Bad, Middle or Good, by the worst class
//	satisfaction  Satisfaction × (100 - worst satisfaction) / 100
//	sentiment     Sentiment × (negative - positive) of the verbatim where that is most
//	intents       the sum of Intents, each intent once, at most IntentsMost
//	value         Values of the customer's Attribute
//
// The priority is their sum, within 0 and 100. What there is nothing of adds nothing.
type Priority struct {
	// Bad, Middle and Good are for the worst class of the response.
	Bad    float64 `koanf:"bad"`
	Middle float64 `koanf:"middle"`
	Good   float64 `koanf:"good"`
	// Satisfaction is for a worst satisfaction of 0.
	Satisfaction float64 `koanf:"satisfaction"`
	// Sentiment is for a verbatim that is certainly negative.
	Sentiment float64 `koanf:"sentiment"`
	// Intents are for each intent, by its name in small letters, as churn_risk.
	Intents map[string]float64 `koanf:"intents"`
	// IntentsMost bounds their sum.
	IntentsMost float64 `koanf:"intents_most"`
	// Attribute names the attribute of a response that says what the customer is worth, and
	// Values the points by its value; without a name nothing is added.
	Attribute string             `koanf:"attribute"`
	Values    map[string]float64 `koanf:"values"`
}

// DefaultPriority has a dissatisfied customer who writes furiously, and leaves, above 80.
func DefaultPriority() Priority {
	return Priority{
		Bad: 35, Middle: 10, Satisfaction: 15, Sentiment: 20, IntentsMost: 30,
		Intents: map[string]float64{
			"churn_risk": 15, "legal_threat": 20, "refund_asked": 8, "callback_asked": 10, "urgent": 15, "safety": 30,
		},
	}
}

// Validate names every weight that is wrong.
func (p Priority) Validate() error {
	var errs []error
	check := func(name string, v float64) {
		if !(v >= 0 && v <= mostPoints) {
			errs = append(errs, fmt.Errorf("%s: %v is not between 0 and %d", name, v, mostPoints))
		}
	}
	for _, w := range []struct {
		name string
		v    float64
	}{
		{"bad", p.Bad},
		{"middle", p.Middle},
		{"good", p.Good},
		{"satisfaction", p.Satisfaction},
		{"sentiment", p.Sentiment},
		{"intents_most", p.IntentsMost},
	} {
		check(w.name, w.v)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Intents)) {
		if _, ok := intentOf(name); !ok {
			errs = append(errs, fmt.Errorf("intents.%s: there is no such intent; there are %s", name, strings.Join(intentNames(), ", ")))
		}
		check("intents."+name, p.Intents[name])
	}
	for _, value := range slices.Sorted(maps.Keys(p.Values)) {
		check("values."+value, p.Values[value])
	}
	if len(p.Values) > 0 && p.Attribute == "" {
		errs = append(errs, errors.New("attribute: is required beside values"))
	}
	return errors.Join(errs...)
}

// of is the priority of a score, and what it is made of.
func (p Priority) of(s *eventsv1.Score, attributes map[string]string) (float64, []*eventsv1.PriorityPart) {
	var parts []*eventsv1.PriorityPart
	sum := 0.0
	add := func(factor string, points float64) {
		if points = hundredths(points); points != 0 {
			sum += points
			parts = append(parts, &eventsv1.PriorityPart{Factor: factor, Points: points})
		}
	}
	mood := metric.MoodOf(s.GetWorstClass())
	add("class", map[metric.Mood]float64{metric.Bad: p.Bad, metric.Middle: p.Middle, metric.Good: p.Good}[mood])
	if mood != metric.NoMood {
		add("satisfaction", p.Satisfaction*(mostPoints-s.GetWorstSatisfaction())/mostPoints)
	}
	add("sentiment", p.Sentiment*anger(s.GetVerbatims()))
	add("intents", p.wants(s.GetVerbatims()))
	if p.Attribute != "" {
		add("value", p.Values[attributes[p.Attribute]])
	}
	return hundredths(min(max(sum, 0), mostPoints)), parts
}

// anger is how negative the most negative verbatim is, 0 to 1.
func anger(verbatims []*eventsv1.VerbatimAnalysis) float64 {
	most := 0.0
	for _, v := range verbatims {
		most = max(most, v.GetSentiment().GetNegative()-v.GetSentiment().GetPositive())
	}
	return most
}

func (p Priority) wants(verbatims []*eventsv1.VerbatimAnalysis) float64 {
	sum := 0.0
	var seen uint64
	for _, v := range verbatims {
		for _, i := range v.GetIntents() {
			if bit := uint64(1) << (i.GetIntent() & 63); seen&bit == 0 {
				seen |= bit
				sum += p.Intents[strings.ToLower(i.GetIntent().String())]
			}
		}
	}
	return min(sum, p.IntentsMost)
}

func intentOf(name string) (eventsv1.Intent, bool) {
	i := eventsv1.Intent(eventsv1.Intent_value[strings.ToUpper(name)])
	return i, i != eventsv1.Intent_INTENT_UNSPECIFIED && strings.ToLower(name) == name
}

func intentNames() []string {
	var names []string
	for i := range len(eventsv1.Intent_name) {
		if i > 0 {
			names = append(names, strings.ToLower(eventsv1.Intent_name[int32(i)]))
		}
	}
	return names
}

// hundredths rounds, so that the points shown add up.
func hundredths(v float64) float64 { return math.Round(v*100) / 100 }
