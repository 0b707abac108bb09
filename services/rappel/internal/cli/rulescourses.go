package cli

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
)

// printFallbacks writes what fallbacks would have done, where there are some.
func (r *rehearsing) printFallbacks(w *reportWords, line func(string, ...any), rep *alertingv1.RehearsalReport) {
	if len(rep.GetFallbacks()) == 0 {
		return
	}
	var spells, unknown []string
	line("")
	line("%s", strings.Join(w.Fallbacks, "\t"))
	for _, f := range rep.GetFallbacks() {
		name := oneLine(f.GetFallback())
		for _, side := range []struct {
			*alertingv1.FallbackCourse
			rules string
		}{{f.GetCurrent(), w.Now}, {f.GetDraft(), w.Draft}} {
			c := side.FallbackCourse
			if c == nil {
				continue
			}
			line("%s\t%s\t%s\t%s", name, side.rules, oneLine(c.GetQueue()), w.course(c))
			name = ""
			if c.GetUnknown() {
				unknown = append(unknown, oneLine(c.GetQueue()))
			}
			for _, s := range c.GetFirst() {
				spells = append(spells, strings.Join([]string{r.stamp(s.GetFrom()), r.stamp(s.GetTo()), oneLine(f.GetFallback()), side.rules}, "\t"))
			}
		}
	}
	if len(spells) > 0 {
		line("")
		line("%s", strings.Join(w.Spells, "\t"))
		line("%s", strings.Join(spells, "\n"))
	}
	if len(unknown) > 0 {
		line("")
	}
	slices.Sort(unknown)
	for _, queue := range slices.Compact(unknown) {
		line(w.Unknown, queue)
	}
}

// stamp is a moment; a dash where there is none.
func (r *rehearsing) stamp(t *timestamppb.Timestamp) string {
	if t == nil {
		return "-"
	}
	return t.AsTime().In(r.zone).Format("2006-01-02 15:04")
}

// course are the columns of what a fallback did.
func (w *reportWords) course(c *alertingv1.FallbackCourse) string {
	if c.GetUnknown() {
		return "-\t-\t-\t-\t-\t-"
	}
	return strings.Join([]string{
		w.whole(c.GetBegan()), spanText(c.GetApplied()), fill(w.Percent, figure(100*c.GetShare(), w.Decimal)),
		w.perDay(c.GetHeldBackADay()), w.perDay(c.GetElsewhereADay()), w.perDay(c.GetAfterwardsADay()),
	}, "\t")
}
