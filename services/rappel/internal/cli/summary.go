package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rappel-loop/rappel/services/rappel/internal/replay"
)

// printSummary says what came of a file.
func printSummary(w io.Writer, s replay.Summary) {
	var b strings.Builder
	head := "done"
	if !s.Complete {
		head = "stopped before the end"
	}
	fmt.Fprintf(&b, "%s: %s, %s in %s", clean(s.File), head, rowsOf(s.Rows), duration(s.Elapsed))
	if s.Resumed {
		b.WriteString(" (an earlier, interrupted run is counted in)")
	}
	b.WriteByte('\n')
	line := func(label string, n int64, note string) {
		if note != "" {
			note = "   " + note
		}
		fmt.Fprintf(&b, "  %-11s %9s%s\n", label, grouped(n), note)
	}
	var notes []string
	if s.Revised > 0 {
		notes = append(notes, grouped(s.Revised)+" of them brought a former answer up to date")
	}
	if s.SentAgain > 0 {
		notes = append(notes, grouped(s.SentAgain)+" had to be sent twice: the first answer was lost")
	}
	line("sent", s.Sent, strings.Join(notes, "; "))
	line("duplicates", s.Duplicates, "")
	if s.Skipped > 0 {
		line("skipped", s.Skipped, "")
		for _, why := range slices.Sorted(maps.Keys(s.SkippedBecause)) {
			fmt.Fprintf(&b, "  %11s %9s   %s\n", "", grouped(s.SkippedBecause[why]), oneLine(why))
		}
	}
	line("refused", s.Refused, "")
	for _, r := range s.Refusals {
		fmt.Fprintf(&b, "    line %d: %s\n", r.Line, oneLine(r.Reason))
	}
	if more := s.Refused - int64(len(s.Refusals)); more > 0 {
		fmt.Fprintf(&b, "    and %s more\n", grouped(more))
	}
	if s.RejectsFile != "" {
		fmt.Fprintf(&b, "warning: %s refused and kept in %s; mend them there and replay that file\n", rowsOf(s.Refused), clean(s.RejectsFile))
	}
	_, _ = io.WriteString(w, b.String()) // a closed pipe is the reader's wish
}

func rowsOf(n int64) string {
	if n == 1 {
		return "1 row"
	}
	return grouped(n) + " rows"
}

// grouped writes 1234567 as 1,234,567.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// duration rounds to what a person reads.
func duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	default:
		return d.Round(time.Second).String()
	}
}
