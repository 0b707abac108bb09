package metric

import (
	"errors"
	"math"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// What can be wrong with an answer. None of these texts holds what the customer
// wrote, so they may stand in a log and in a dead letter.
var (
	errMetric    = errors.New("has a metric that this version does not know")
	errNoValue   = errors.New("has a metric and no value")
	errValue     = errors.New("has a value that is not a finite number")
	errOutside   = errors.New("has a value outside its scale")
	errScale     = errors.New("has a scale whose ends are not finite numbers, lowest first")
	errDirection = errors.New("has a scale with a direction that this version does not know")
)

// steps is how finely satisfaction is told: in millionths of a point. It takes
// binary fractions out of the result, so that 4.6 on 1-10 is 40 and not
// 39.99999999999999, and a value that stands on a threshold as the customer
// wrote it is found there.
const steps = 1e6

// defaultScale is the scale of a metric when the question declares none.
func defaultScale(m eventsv1.Metric) (lo, hi float64) {
	switch m {
	case eventsv1.Metric_NPS:
		return 0, 10
	case eventsv1.Metric_CSAT:
		return 1, 5
	case eventsv1.Metric_CES:
		return 1, 7
	case eventsv1.Metric_FCR, eventsv1.Metric_METRIC_UNSPECIFIED:
		return 0, 1
	}
	return 0, 1
}

// ScaleOf returns the scale an answer is read on, with its direction said: the one
// declared, or the metric's own. The error says what is wrong with the declared one.
func ScaleOf(m eventsv1.Metric, declared *eventsv1.Scale) (*eventsv1.Scale, error) {
	if declared == nil {
		lo, hi := defaultScale(m)
		return &eventsv1.Scale{Min: lo, Max: hi, Direction: eventsv1.Direction_HIGHER_IS_BETTER}, nil
	}
	lo, hi := declared.GetMin(), declared.GetMax()
	// Negated comparisons, so that NaN fails them.
	if !(lo < hi) || !(hi-lo <= math.MaxFloat64) {
		return nil, errScale
	}
	s := &eventsv1.Scale{Min: lo, Max: hi, Direction: declared.GetDirection()}
	switch s.GetDirection() {
	case eventsv1.Direction_DIRECTION_UNSPECIFIED:
		s.Direction = eventsv1.Direction_HIGHER_IS_BETTER
	case eventsv1.Direction_HIGHER_IS_BETTER, eventsv1.Direction_LOWER_IS_BETTER:
	default:
		return nil, errDirection
	}
	return s, nil
}

// satisfaction places a value on its scale: 0 is the worst end, 100 the best,
// linear between, rounded to a millionth of a point.
func satisfaction(v float64, s *eventsv1.Scale) (float64, error) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, errValue
	}
	lo, hi := s.GetMin(), s.GetMax()
	if v < lo || v > hi {
		return 0, errOutside
	}
	above := v - lo
	if s.GetDirection() == eventsv1.Direction_LOWER_IS_BETTER {
		above = hi - v
	}
	// Abs only turns a negative zero, as of -0 on 0-10, into zero.
	return math.Abs(math.Round(above/(hi-lo)*100*steps) / steps), nil
}
