package metric

import (
	"errors"
	"math"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// EverySurvey stands for all surveys where a scale is declared for one.
const EverySurvey = "*"

// Declared is the scale on which a survey asks a question.
type Declared struct {
	// Scale is the scale, with its direction.
	Scale *eventsv1.Scale
	// Bad and Good are values on the scale: what is worse than Bad is of the worst class,
	// what is better than Good of the best. Nil leaves the metric's own threshold.
	Bad, Good *float64
}

// What can be wrong with a declared scale.
var (
	errThreshold  = errors.New("has a threshold that is not on the scale")
	errThresholds = errors.New("has thresholds that leave no room: good must not be worse than bad")
)

// Scales are those that surveys declare. The nil Scales declare none. They are not changed
// once they are in use.
type Scales struct{ by map[asked]Declared }

// asked is a question, or a metric by its name, of a survey or of every one.
type asked struct{ survey, name string }

// Declare adds the scale of a question, or of a metric by its name, as CSAT; survey may be
// EverySurvey. The error says what is wrong with it.
func (s *Scales) Declare(survey, name string, d Declared) error {
	scale, err := ScaleOf(eventsv1.Metric_METRIC_UNSPECIFIED, d.Scale)
	if err != nil {
		return err
	}
	d.Scale = scale
	ends := [2]float64{0, 100}
	for i, at := range []*float64{d.Bad, d.Good} {
		if at == nil {
			continue
		}
		if ends[i], err = satisfaction(*at, scale); err != nil {
			return errThreshold
		}
	}
	if ends[0] > ends[1] {
		return errThresholds
	}
	if s.by == nil {
		s.by = map[asked]Declared{}
	}
	s.by[asked{survey, name}] = d
	return nil
}

// Len is how many are declared.
func (s *Scales) Len() int {
	if s == nil {
		return 0
	}
	return len(s.by)
}

// of finds what is declared for an answer, and for which survey; "" for nothing. The
// survey's own goes before that of every survey, and a question's before a metric's.
func (s *Scales) of(survey string, a *eventsv1.Answer) (Declared, string) {
	if s == nil {
		return Declared{}, ""
	}
	for _, whose := range [...]string{survey, EverySurvey} {
		for _, name := range [...]string{a.GetQuestion(), a.GetMetric().String()} {
			if d, ok := s.by[asked{whose, name}]; ok && name != "" {
				return d, whose
			}
		}
	}
	return Declared{}, ""
}

// Declared is a copy of the scale that is declared for an answer; nil when none is.
func (s *Scales) Declared(survey string, a *eventsv1.Answer) *eventsv1.Scale {
	d, whose := s.of(survey, a)
	if whose == "" {
		return nil
	}
	return &eventsv1.Scale{Min: d.Scale.GetMin(), Max: d.Scale.GetMax(), Direction: d.Scale.GetDirection()}
}

func firstScale(own, declared *eventsv1.Scale) *eventsv1.Scale {
	if own != nil {
		return own
	}
	return declared
}

// same reports whether a scale that was read is the declared one, for which the declared
// thresholds are meant.
func same(read, declared *eventsv1.Scale) bool {
	return declared != nil && read.GetMin() == declared.GetMin() && read.GetMax() == declared.GetMax() &&
		read.GetDirection() == declared.GetDirection()
}

// with puts the declared thresholds in the place of the metric's. FCR has no middle, so it
// keeps its own.
func (b bands) with(d Declared) bands {
	if b.between == b.beyond {
		return b
	}
	// A threshold that Declare has taken is on the scale.
	if d.Bad != nil {
		b.low, _ = satisfaction(*d.Bad, d.Scale)
		b.high = math.Max(b.high, b.low)
	}
	if d.Good != nil {
		b.high, _ = satisfaction(*d.Good, d.Scale)
		b.low = math.Min(b.low, b.high)
	}
	return b
}
