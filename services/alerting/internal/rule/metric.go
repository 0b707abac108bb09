package rule

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Measure is what a metric rule follows.
type Measure string

// The measures, as they are written. A response counts in one of a metric by the worst of
// its answers of that metric, as rules see it.
const (
	// NPS is the share of promoters less that of detractors, in points from -100 to 100.
	NPS Measure = "NPS"
	// CSAT is the share of those who are satisfied, in percent.
	CSAT Measure = "CSAT"
	// CES is the share of those to whom it was little effort, in percent.
	CES Measure = "CES"
	// FCR is the share of what was settled at the first contact, in percent.
	FCR Measure = "FCR"
	// Count is how many responses there are.
	Count Measure = "count"
	// Share is the share of responses of which a condition holds, in percent.
	Share Measure = "share"
)

// Against is what a figure is compared with.
type Against uint8

const (
	// Previous is the window before.
	Previous Against = iota + 1
	// Last is a longer time before the window.
	Last
	// Weeks is the same stretch of each of the last weeks.
	Weeks
	// Bar is a fixed number.
	Bar
)

// Metric is a rule about a figure that moves.
type Metric struct {
	// Name is unique in its set, among rules, too.
	Name string
	// Description by language, fr and en; for people only.
	Description map[string]string
	// Measure is what is followed.
	Measure Measure
	// Of and Share are conditions: which responses count, and, of a Share, which of them
	// are those. Nil without one.
	Of, Share *Rule
	// By is what there is a figure each of: up to three of survey, touchpoint, channel,
	// theme, dimension and attributes.NAME.
	By []string
	// Window is how long the figure is taken over.
	Window time.Duration
	// Against says what it is compared with; Last and Weeks how much of it.
	Against Against
	Last    time.Duration
	Weeks   int
	// Rises looks for what is above, or goes up; otherwise for the reverse.
	Rises bool
	// Move is by how much, more than 0: in points, and percent for a Count. Of a Bar it is
	// the bar itself.
	Move float64
	// AtLeast is how many responses there must be on both sides.
	AtLeast int
	// Confidence is how certain it must be that it is no chance: docs/rules.md. 0 for a
	// Count with a Bar, which is no estimate.
	Confidence float64
	// BackFor is for how long it must not hold for its alert to end.
	BackFor time.Duration
	// Notify, Severity, Team and Labels are as those of a Rule.
	Notify   bool
	Severity eventsv1.Severity
	Team     string
	Labels   map[string]string
}

// Reach is how far back from the end of its window a metric looks. A series in which nothing
// came for as long is no more.
func (m *Metric) Reach() time.Duration {
	switch m.Against {
	case Last:
		return m.Window + m.Last
	case Weeks:
		return m.Window + time.Duration(m.Weeks)*week
	default:
		return 2 * m.Window
	}
}

// Gathers names everything that what a metric gathers depends on: two that gather the same
// have the same text, whatever they are compared by.
func (m *Metric) Gathers() string {
	condition := func(r *Rule) string {
		if r == nil {
			return ""
		}
		return r.When
	}
	return fmt.Sprintf("%q %q %q %q %d %d", m.Measure, condition(m.Of), condition(m.Share), m.By, m.Window, m.Reach())
}

// Sign is what a response adds to a figure beside counting.
type Sign int8

// The signs: of a metric the good and the bad class, of a share those that have it.
const (
	Bad     Sign = -1
	Neither Sign = 0
	Good    Sign = 1
)

// signs are what the classes of each measure add.
var signs = map[Measure]map[eventsv1.Class]Sign{
	NPS:  {eventsv1.Class_DETRACTOR: Bad, eventsv1.Class_PASSIVE: Neither, eventsv1.Class_PROMOTER: Good},
	CSAT: {eventsv1.Class_DISSATISFIED: Neither, eventsv1.Class_NEUTRAL: Neither, eventsv1.Class_SATISFIED: Good},
	CES:  {eventsv1.Class_HIGH_EFFORT: Neither, eventsv1.Class_NEUTRAL: Neither, eventsv1.Class_LOW_EFFORT: Good},
	FCR:  {eventsv1.Class_UNRESOLVED: Neither, eventsv1.Class_RESOLVED: Good},
}

// metricOf is the metric of a measure; unspecified for a count and a share.
func (m Measure) metricOf() eventsv1.Metric {
	return eventsv1.Metric(eventsv1.Metric_value[string(m)]) // lower case is none
}

// Counted is what one response adds to one metric.
type Counted struct {
	Metric *Metric
	Sign   Sign
	// Series are those that it counts in, by their values in the order of By.
	Series [][]string
	// Cut is how many more there would be.
	Cut int
}

// Count finds the metrics that a response counts in, in the file's order, and those whose
// conditions fail on it: it counts in none of these.
func (s *Set) Count(f *Facts) ([]Counted, []*EvalError) {
	var counted []Counted
	var failures []*EvalError
	if len(s.Metrics) == 0 {
		return nil, nil
	}
	s.metrics.candidates(f).each(func(i int) bool {
		m := s.Metrics[i]
		c, ok, err := m.count(f)
		var failure *EvalError
		if errors.As(err, &failure) {
			failures = append(failures, failure)
		}
		if ok {
			counted = append(counted, c)
		}
		return true
	})
	return counted, failures
}

func (m *Metric) count(f *Facts) (Counted, bool, error) {
	c := Counted{Metric: m}
	if of := m.Measure.metricOf(); of != eventsv1.Metric_METRIC_UNSPECIFIED {
		sign, classed := signs[m.Measure][f.Worst(of).GetClass()]
		if !classed {
			return c, false, nil
		}
		c.Sign = sign
	}
	if m.Of != nil {
		if counts, err := m.Of.Matches(f); err != nil || !counts {
			return c, false, err
		}
	}
	if m.Share != nil {
		has, err := m.Share.Matches(f)
		if err != nil {
			return c, false, err
		}
		if has {
			c.Sign = Good
		}
	}
	c.Series, c.Cut = m.series(f)
	return c, len(c.Series) > 0 || c.Cut > 0, nil
}

// Bounds of the series that a response counts in.
const (
	mostOwnSeries  = 32
	mostValueChars = 200
)

// series are the values of a response, each with each; none where one of them is missing.
func (m *Metric) series(f *Facts) (all [][]string, cut int) {
	all = [][]string{nil}
	for _, by := range m.By {
		values := f.values(by)
		longer := make([][]string, 0, len(all)*len(values))
		for _, before := range all {
			for _, v := range values {
				longer = append(longer, append(slices.Clip(before), v))
			}
		}
		all = longer
	}
	if len(all) > mostOwnSeries {
		cut = len(all) - mostOwnSeries
		all = all[:mostOwnSeries]
	}
	return all, cut
}

// attributePrefix is what an attribute is named with in By.
const attributePrefix = "attributes."

// Label is what an alert's label of one of Metric.By is called: attributes.store-id is
// store_id.
func Label(by string) string {
	return notInLabels.ReplaceAllString(strings.TrimPrefix(by, attributePrefix), "_")
}

var notInLabels = regexp.MustCompile(`[^A-Za-z0-9_]`)

// values are what a response is filed under; none where it has none, or a text that is too
// long to be a name, or may be somebody's.
func (f *Facts) values(by string) []string {
	var one string
	switch by {
	case "survey":
		one = f.response.GetSurvey()
	case "touchpoint":
		one = f.response.GetTouchpoint()
	case "channel":
		one = f.response.GetChannel()
	case "theme":
		return f.found(themes)
	case "dimension":
		return f.found(dimensions)
	default:
		one = f.response.GetAttributes()[strings.TrimPrefix(by, attributePrefix)]
	}
	if one == "" || utf8.RuneCountInString(one) > mostValueChars || reaches(one) {
		return nil
	}
	return []string{one}
}

// leastNumber is how many digits a number has at least that somebody can be called by.
const leastNumber = 8

// reaches is whether a text looks like what reaches a person, as an e-mail address or a phone
// number does: alerts carry what a figure is of, and nothing personal.
func reaches(s string) bool {
	digits := 0
	for _, c := range s {
		if c >= '0' && c <= '9' {
			digits++
		}
	}
	return digits >= leastNumber || strings.ContainsRune(s, '@')
}

// newMetricIndex files each metric under what its responses must have.
func newMetricIndex(metrics []*Metric) *index {
	conditions := make([]*Rule, len(metrics))
	for i, m := range metrics {
		all := &need{}
		if m.Of != nil && m.Of.need != nil {
			all.all = append(all.all, m.Of.need)
		}
		for name, of := range metricNamed {
			if of == m.Measure.metricOf() {
				all.all = append(all.all, keyed(fact{kind: askedFact, name: name}, "true"))
			}
		}
		conditions[i] = &Rule{}
		if len(all.all) > 0 {
			conditions[i].need = all
		}
	}
	return newIndex(conditions)
}
