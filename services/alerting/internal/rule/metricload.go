package rule

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// Bounds of a metric rule.
const (
	maxMetrics = 100
	maxBy      = 3
	minWindow  = 15 * time.Minute
	maxWindow  = 28 * day
	// maxReach is for how long scored responses are kept.
	maxReach = 90 * day
	// maxWindows is how many windows long the reach may be: it bounds what a series takes.
	maxWindows    = 768
	maxWeeks      = 8
	minAtLeast    = 5
	maxAtLeast    = 1_000_000
	maxRise       = 10_000 // percent
	maxBar        = 1_000_000_000
	minConfidence = 0.9
	maxConfidence = 0.999999

	week = 7 * day
)

// What holds where a metric rule does not say.
const (
	usualAtLeast      = 30
	usualCountAtLeast = 10
	usualConfidence   = 0.999
	usualWeeks        = 4
	usualBack         = 4 // a so-manieth of the window
)

// metric reads one.
func (r *reader) metric(n *yaml.Node) *Metric {
	name := nameOf(n)
	if name != "" {
		r.About("metric " + name)
		defer r.About("")
	}
	m := &Metric{Severity: eventsv1.Severity_MEDIUM}
	before := r.Count()
	bar := map[string]*yaml.Node{}
	move := func(key string, n *yaml.Node, _ string) { bar[key] = n }
	given := r.Object(n, "", strictyaml.Fields{
		"name":        func(n *yaml.Node, path string) { m.Name = r.name(n, path) },
		"description": func(n *yaml.Node, path string) { m.Description = r.description(n, path) },
		"measure":     func(n *yaml.Node, path string) { m.Measure = r.measure(n, path) },
		"of":          func(n *yaml.Node, path string) { m.Of = r.condition(name, n, path) },
		"share":       func(n *yaml.Node, path string) { m.Share = r.condition(name, n, path) },
		"by":          func(n *yaml.Node, path string) { m.By = r.by(n, path) },
		"window":      func(n *yaml.Node, path string) { m.Window = r.span(n, path, minWindow, maxWindow) },
		"against":     func(n *yaml.Node, path string) { r.against(m, n, path) },
		"drops_by":    func(n *yaml.Node, path string) { move("drops_by", n, path) },
		"rises_by":    func(n *yaml.Node, path string) { move("rises_by", n, path) },
		"below":       func(n *yaml.Node, path string) { move("below", n, path) },
		"above":       func(n *yaml.Node, path string) { move("above", n, path) },
		"at_least":    func(n *yaml.Node, path string) { m.AtLeast = r.Whole(n, path, minAtLeast, maxAtLeast) },
		"confidence":  func(n *yaml.Node, path string) { m.Confidence = r.Number(n, path, minConfidence, maxConfidence) },
		"back_for":    func(n *yaml.Node, path string) { m.BackFor = r.span(n, path, 0, maxWindow) },
		"notify":      func(n *yaml.Node, path string) { m.Notify = r.Flag(n, path) },
		"severity":    func(n *yaml.Node, path string) { m.Severity = r.severity(n, path) },
		"team":        func(n *yaml.Node, path string) { m.Team = r.token(n, path) },
		"labels":      func(n *yaml.Node, path string) { m.Labels = r.labels(n, path) },
	})
	r.Required(n, "", given, "name", "measure", "window")
	if given != nil {
		r.moves(m, n, bar)
	}
	if r.Count() == before {
		r.together(m, n, given)
	}
	return m
}

func (r *reader) measure(n *yaml.Node, path string) Measure {
	switch m := Measure(word(n)); m {
	case NPS, CSAT, CES, FCR, Count, Share:
		return m
	default:
		r.Wrong(n, path, "must be NPS, CSAT, CES, FCR, count or share")
		return ""
	}
}

// condition reads and compiles one; its failures name the metric. It is of the answer alone:
// figures are counted again from what is stored, when what is asked of a customer's history
// has changed.
func (r *reader) condition(name string, n *yaml.Node, path string) *Rule {
	out := &Rule{Name: name, When: r.Text(n, path)}
	if out.When != "" {
		r.compile(out, strictyaml.Follow(n), path)
	}
	if out.asks.any() {
		r.Wrong(n, path, "asks about the customer's history, which figures know nothing of: only rules can")
	}
	return out
}

// byWords are what series may go by, beside attributes.
var byWords = []string{"survey", "touchpoint", "channel", "theme", "dimension"}

// takenLabels are what alerts have labels of in any case, or may have.
var takenLabels = append([]string{"kind", "rule", "team", "severity", "metric", "class", "queue", "customer"}, byWords...)

func (r *reader) by(n *yaml.Node, path string) []string {
	var all []string
	seen := map[string]bool{}
	many := r.List(n, path, func(n *yaml.Node, path string) {
		by := r.Text(n, path)
		key, attribute := strings.CutPrefix(by, attributePrefix)
		known := attribute && key != ""
		for _, w := range byWords {
			known = known || by == w
		}
		switch {
		case by == "":
		case !known:
			r.Wrong(n, path, "must be %s or attributes.NAME", strings.Join(byWords, ", "))
		case attribute && (!labelName.MatchString(Label(by)) || slices.Contains(takenLabels, Label(by))):
			r.Wrong(n, path, "alerts would have a label %q of it, which is no name, or stands for something else", Label(by))
		case seen[Label(by)]:
			r.Wrong(n, path, "%s is there twice", Label(by))
		}
		seen[Label(by)] = true
		all = append(all, by)
	})
	if many > maxBy {
		r.Wrong(n, path, "holds more than %d", maxBy)
	}
	return all
}

// against reads what a figure is compared with.
func (r *reader) against(m *Metric, n *yaml.Node, path string) {
	if n = strictyaml.Follow(n); n.Kind == yaml.ScalarNode {
		if m.Against = Previous; word(n) != "previous" {
			r.Wrong(n, path, "must be previous, {last: 28d} or {weeks: 4}")
		}
		return
	}
	given := r.Object(n, path, strictyaml.Fields{
		"last":  func(n *yaml.Node, path string) { m.Against, m.Last = Last, r.span(n, path, minWindow, maxReach) },
		"weeks": func(n *yaml.Node, path string) { m.Against, m.Weeks = Weeks, r.Whole(n, path, 1, maxWeeks) },
	})
	if given != nil && len(given) != 1 {
		r.Wrong(n, path, "must be previous, {last: 28d} or {weeks: 4}")
	}
}

// moves reads the one of four keys that says what is looked for.
func (r *reader) moves(m *Metric, n *yaml.Node, given map[string]*yaml.Node) {
	if len(given) != 1 {
		r.Wrong(n, "", "needs one of drops_by, rises_by, below and above, and has %d", len(given))
		return
	}
	for key, n := range given {
		m.Rises = key == "rises_by" || key == "above"
		if key == "below" || key == "above" {
			if m.Against != 0 {
				r.Wrong(n, key, "is a fixed bar, which is compared with nothing: it cannot stand beside against")
			}
			m.Against = Bar
		}
		lo, hi := m.bounds()
		m.Move = r.Number(n, key, lo, hi)
	}
}

// bounds are those of Move.
func (m *Metric) bounds() (lo, hi float64) {
	bar := m.Against == Bar
	switch {
	case m.Measure == NPS && bar:
		return -100, 100
	case m.Measure == NPS:
		return 1, 200
	case m.Measure == Count && bar:
		return 0, maxBar
	case m.Measure == Count && m.Rises:
		return 1, maxRise
	case bar:
		return 0, 100
	default:
		return 1, 100
	}
}

// together checks keys that must go together, and fills in what is not said.
func (r *reader) together(m *Metric, n *yaml.Node, given map[string]bool) {
	if (m.Measure == Share) != (m.Share != nil) {
		r.Wrong(n, "share", "is the condition of measure: share, and goes with no other")
	}
	if m.Measure == Count && m.Against == Bar {
		for _, key := range []string{"at_least", "confidence"} {
			if given[key] {
				r.Wrong(n, key, "goes with no bar for a count, which is what it is: it is no estimate")
			}
		}
		m.AtLeast = 0
	} else {
		m.Confidence = cmp.Or(m.Confidence, usualConfidence)
		m.AtLeast = cmp.Or(m.AtLeast, usualAtLeast)
		if m.Measure == Count && !given["at_least"] {
			m.AtLeast = usualCountAtLeast
		}
	}
	if m.Against == 0 {
		m.Against = Previous
		if m.Measure == Count {
			m.Against, m.Weeks = Weeks, usualWeeks
		}
	}
	if !given["back_for"] {
		m.BackFor = m.Window / usualBack
	}
	r.lengths(m, n)
}

// lengths checks the times of a metric rule against each other.
func (r *reader) lengths(m *Metric, n *yaml.Node) {
	if m.Measure == Count && (m.Against == Previous || m.Against == Last) && m.Window%week != 0 {
		r.Wrong(n, "against", "a count goes with the hour and the day of the week: compare it with {weeks: 4}, or take a window of whole weeks")
	}
	if m.Against == Last && m.Last < m.Window {
		r.Wrong(n, "against.last", "must be at least as long as the window")
	}
	if m.Against == Weeks && m.Window > week {
		r.Wrong(n, "window", "must be at most a week (7d) to be compared with the same time of the weeks before")
	}
	if m.BackFor > m.Window {
		r.Wrong(n, "back_for", "must be at most as long as the window")
	}
	switch {
	case m.Reach() > maxReach:
		r.Wrong(n, "against", "window and what it is compared with reach back %s, and answers are kept for 90d", days(m.Reach()))
	case m.Reach() > maxWindows*m.Window:
		r.Wrong(n, "window", "reaches back more than %d windows with what it is compared with: make it longer, or that shorter", maxWindows)
	}
}

func days(d time.Duration) string { return strconv.FormatFloat(d.Hours()/24, 'f', -1, 64) + "d" }

// span reads a time in whole minutes: 90m, 4h or 7d.
func (r *reader) span(n *yaml.Node, path string, lo, hi time.Duration) time.Duration {
	d, ok := span(word(n))
	if !ok || d < lo || d > hi || d%time.Minute != 0 {
		r.Wrong(n, path, "must be a time in whole minutes like 90m, 4h or 7d, %s to %s", short(lo), short(hi))
		return 0
	}
	return d
}

func short(d time.Duration) string {
	if d%day == 0 && d > 0 {
		return days(d)
	}
	return strconv.Itoa(int(d.Minutes())) + "m"
}
