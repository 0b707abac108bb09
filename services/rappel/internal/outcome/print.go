package outcome

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// classesOf lists each metric's classes, the worst first.
var classesOf = []struct {
	metric  eventsv1.Metric
	classes []eventsv1.Class
}{
	{eventsv1.Metric_NPS, []eventsv1.Class{eventsv1.Class_DETRACTOR, eventsv1.Class_PASSIVE, eventsv1.Class_PROMOTER}},
	{eventsv1.Metric_CSAT, []eventsv1.Class{eventsv1.Class_DISSATISFIED, eventsv1.Class_NEUTRAL, eventsv1.Class_SATISFIED}},
	{eventsv1.Metric_CES, []eventsv1.Class{eventsv1.Class_HIGH_EFFORT, eventsv1.Class_NEUTRAL, eventsv1.Class_LOW_EFFORT}},
	{eventsv1.Metric_FCR, []eventsv1.Class{eventsv1.Class_UNRESOLVED, eventsv1.Class_RESOLVED}},
}

// Print writes the report for a person.
func (r Report) Print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\nWhat came of it\n")
	fmt.Fprintf(&b, "  answers      %d, stored at %d revisions\n", r.Responses, r.Revisions)
	tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, m := range classesOf {
		counts := r.Classes[m.metric]
		if len(counts) == 0 {
			continue
		}
		cells := make([]string, len(m.classes))
		for i, c := range m.classes {
			cells[i] = fmt.Sprintf("%s %d", strings.ToLower(c.String()), counts[c])
		}
		fmt.Fprintf(tw, "  %s\t%s\n", m.metric, strings.Join(cells, "\t"))
	}
	_ = tw.Flush() // into a strings.Builder, which never fails
	fmt.Fprintf(&b, "  alerts       %s\n", r.alerts())
	fmt.Fprintf(&b, "  callbacks    %d open, %d closed\n", r.Open, r.Closed)
	fmt.Fprintf(&b, "  answer to callback  %s\n", r.latency())
	_, err := io.WriteString(w, b.String())
	return err
}

func (r Report) alerts() string {
	if len(r.Alerts) == 0 {
		return "none"
	}
	var parts []string
	for _, rule := range slices.Sorted(maps.Keys(r.Alerts)) {
		part := fmt.Sprintf("%s %d", rule, r.Alerts[rule])
		if n := r.Withdrawn[rule]; n > 0 {
			part += fmt.Sprintf(" (%d corrected since)", n)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

func (r Report) latency() string {
	median, ok := r.Quantile(0.5)
	if !ok {
		return "no callback yet"
	}
	p99, _ := r.Quantile(0.99)
	return fmt.Sprintf("median %s, p99 %s", median.Round(10*time.Microsecond), p99.Round(10*time.Microsecond))
}
