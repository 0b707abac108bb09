package cli

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
)

// courseWords are what is said of the fallbacks of a rehearsal, in one language.
type courseWords struct {
	Columns, Spells []string
	Now, Draft      string
	Percent         string
	Decimal         string
	Thousands       string
	Unknown         string
}

var courseFrench = courseWords{
	Columns: []string{"REPLI", "RÈGLES", "FILE", "DÉBUTS", "DURÉE EN TOUT", "PART DU TEMPS", "RETENUS PAR JOUR", "AUTRE FILE PAR JOUR", "RAPPELÉS ENSUITE PAR JOUR"},
	Spells:  []string{"DÉBUT", "FIN", "REPLI", "RÈGLES"},
	Now:     "en vigueur", Draft: "projet", Percent: "%s\u00a0%%", Decimal: ",", Thousands: "\u00a0",
	Unknown: "On ne sait pas qui travaille dans la file %s : ses replis sont laissés de côté (--agents et --pace, ou --staff).",
}

var courseEnglish = courseWords{
	Columns: []string{"FALLBACK", "RULES", "QUEUE", "BEGAN", "APPLIED IN ALL", "OF THE TIME", "HELD BACK A DAY", "OTHER QUEUE A DAY", "CALLED AFTERWARDS A DAY"},
	Spells:  []string{"BEGAN", "ENDED", "FALLBACK", "RULES"},
	Now:     "now", Draft: "draft", Percent: "%s %%", Decimal: ".", Thousands: ",",
	Unknown: "Who works in the queue %s is not known: its fallbacks are left out (--agents and --pace, or --staff).",
}

func courseWordsOf(w *words) *courseWords {
	if w == &english {
		return &courseEnglish
	}
	return &courseFrench
}

// printFallbacks writes what fallbacks would have done, where there are some.
func (r *rehearsing) printFallbacks(line func(string, ...any), rep *alertingv1.RehearsalReport) {
	if len(rep.GetFallbacks()) == 0 {
		return
	}
	cw, unknown := courseWordsOf(r.words), []string(nil)
	var spells []string
	line("")
	line("%s", strings.Join(cw.Columns, "\t"))
	for _, f := range rep.GetFallbacks() {
		name := oneLine(f.GetFallback())
		for _, side := range []struct {
			*alertingv1.FallbackCourse
			rules string
		}{{f.GetCurrent(), cw.Now}, {f.GetDraft(), cw.Draft}} {
			c := side.FallbackCourse
			if c == nil {
				continue
			}
			line("%s\t%s\t%s\t%s", name, side.rules, oneLine(c.GetQueue()), cw.columns(c))
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
		line("%s", strings.Join(cw.Spells, "\t"))
		line("%s", strings.Join(spells, "\n"))
	}
	if len(unknown) > 0 {
		line("")
	}
	slices.Sort(unknown)
	for _, queue := range slices.Compact(unknown) {
		line(cw.Unknown, queue)
	}
}

// stamp is a moment; a dash where there is none.
func (r *rehearsing) stamp(t *timestamppb.Timestamp) string {
	if t == nil {
		return "-"
	}
	return t.AsTime().In(r.zone).Format("2006-01-02 15:04")
}

func (cw *courseWords) columns(c *alertingv1.FallbackCourse) string {
	if c.GetUnknown() {
		return "-\t-\t-\t-\t-\t-"
	}
	number := func(v float64) string {
		return strings.NewReplacer(".", cw.Decimal, ",", cw.Thousands).Replace(perDay(v))
	}
	return strings.Join([]string{
		number(float64(c.GetBegan())), spanText(c.GetApplied()), fmt.Sprintf(cw.Percent, figure(100*c.GetShare(), cw.Decimal)),
		number(c.GetHeldBackADay()), number(c.GetElsewhereADay()), number(c.GetAfterwardsADay()),
	}, "\t")
}
