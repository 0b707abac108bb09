package timeline

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Told is what one receiver was told.
type Told struct {
	At       time.Duration
	Receiver string
	Kind     string
	// Figures are firing, resolved, step and round.
	Figures map[string]int
	// Labels are the group's.
	Labels map[string]string
}

// String is the telling as a timeline expects it, without figures that are 0.
func (t Told) String() string {
	parts := []string{t.Receiver, t.Kind}
	for _, name := range []string{"firing", "resolved", "step", "round"} {
		if n := t.Figures[name]; n > 0 {
			parts = append(parts, name+"="+strconv.Itoa(n))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Labels)) {
		parts = append(parts, name+"="+t.Labels[name])
	}
	return strings.Join(parts, " ")
}

// is reports whether it is what a receiver is expected to be told.
func (t Told) is(e *Expected, receiver string) bool {
	if t.Receiver != receiver || t.Kind != e.Kind {
		return false
	}
	for name, value := range e.Given {
		n, figure := t.Figures[name]
		if figure && strconv.Itoa(n) != value || !figure && t.Labels[name] != value {
			return false
		}
	}
	return true
}

// Judge compares what was expected with what people were told, and says what differs, with
// the whole timeline beside it; empty where nothing does.
func (t *Timeline) Judge(told []Told) string {
	open := make([]bool, len(told))
	for i := range open {
		open[i] = true
	}
	failed := map[int][]string{} // by line
	lines := slices.Clone(t.Lines)
	slices.SortStableFunc(lines, func(a, b Line) int { return cmp.Compare(a.To, b.To) }) // the least time first
	for _, l := range lines {
		if l.Expect == nil {
			continue
		}
		for _, receiver := range l.Expect.Receivers {
			i := firstOpen(told, open, l, receiver)
			if i < 0 {
				failed[l.Number] = append(failed[l.Number], receiver)
				continue
			}
			open[i] = false
		}
	}
	if len(failed) == 0 && !slices.Contains(open, true) {
		return ""
	}
	return t.report(told, open, failed)
}

// firstOpen is the first telling that is what a line expects, and that no other line took;
// -1 for none.
func firstOpen(told []Told, open []bool, l Line, receiver string) int {
	for i, o := range told {
		if open[i] && o.At >= l.From && o.At <= l.To && o.is(l.Expect, receiver) {
			return i
		}
	}
	return -1
}

// report is the timeline with what people were told, and what is wrong with either.
func (t *Timeline) report(told []Told, open []bool, failed map[int][]string) string {
	type row struct {
		at   time.Duration
		text string
	}
	var rows []row
	var wrong []string
	for _, l := range t.Lines {
		mark := " "
		if l.Expect != nil {
			mark = "✓"
		}
		if receivers := failed[l.Number]; len(receivers) > 0 {
			mark = "✗"
			wrong = append(wrong, fmt.Sprintf("line %d: %s was not told so: %s", l.Number, strings.Join(receivers, ", "), l.Text))
		}
		rows = append(rows, row{l.From, fmt.Sprintf("%s %3d  %s", mark, l.Number, l.Text)})
	}
	for i, o := range told {
		mark := "·"
		if open[i] {
			mark = "✗"
			wrong = append(wrong, fmt.Sprintf("at %s nobody expected: %s", o.At, o))
		}
		rows = append(rows, row{o.At, fmt.Sprintf("%s      at %s told %s", mark, o.At, o)})
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(a.at, b.at) })
	var out strings.Builder
	for _, w := range wrong {
		out.WriteString(w + "\n")
	}
	out.WriteString("\nThe whole timeline:\n")
	for _, r := range rows {
		out.WriteString(r.text + "\n")
	}
	return out.String()
}
