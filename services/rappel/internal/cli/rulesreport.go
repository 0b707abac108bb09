package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
)

// print writes a report as tables: what is now, and what the draft would make of it.
func (r *rehearsing) print(out io.Writer, rep *alertingv1.RehearsalReport) error {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line := func(f string, a ...any) { _, _ = fmt.Fprintf(w, f+"\n", a...) } // what fails shows at the flush
	line("draft %s, beside %s in force", oneLine(rep.GetDraftVersion()), oneLine(rep.GetCurrentVersion()))
	if rep.GetAnswers() == 0 {
		line("there are no answers from that time")
		return flushed(out, w, &b)
	}
	line("%s answers read, of %s to %s (%.1f days)", whole(rep.GetAnswers()), r.stamp(rep.GetFrom()), r.stamp(rep.GetTo()), rep.GetDays())
	if n := rep.GetUnreadable(); n > 0 {
		line("%s of them could not be read", whole(n))
	}
	line("")
	line("RULE\tSEVERITY\tALERTS A DAY NOW\tDRAFT\tFAILED")
	for _, one := range rep.GetRules() {
		now, draft, failed := "-", "-", ""
		if one.GetInCurrent() {
			now = perDay(one.GetAlertsADay().GetCurrent())
		}
		if one.GetInDraft() {
			draft = perDay(one.GetAlertsADay().GetDraft())
		}
		if n := one.GetFailures().GetDraft(); n > 0 {
			failed = whole(uint64(n)) + " answers"
		}
		line("%s\t%s\t%s\t%s\t%s", oneLine(one.GetRule()), severityWord(one.GetSeverity()), now, draft, failed)
	}
	for _, s := range rep.GetSeverities() {
		line("all\t%s\t%s\t%s\t", severityWord(s.GetSeverity()), perDay(s.GetAlertsADay().GetCurrent()), perDay(s.GetAlertsADay().GetDraft()))
	}
	r.printMetrics(line, rep)
	r.printCustomers(line, rep)
	r.printQueues(line, rep)
	r.printFallbacks(line, rep)
	return flushed(out, w, &b)
}

// flushed writes a table without the spaces at the ends of its lines.
func flushed(out io.Writer, w *tabwriter.Writer, b *strings.Builder) error {
	if err := w.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		if _, err := fmt.Fprintln(out, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

func (r *rehearsing) printCustomers(line func(string, ...any), rep *alertingv1.RehearsalReport) {
	c, about := rep.GetCustomers(), ""
	if c.GetEstimated() {
		about = " (estimated)"
	}
	line("")
	line("CUSTOMERS CALLED%s\t", strings.ToUpper(about))
	line("by both\t%s", whole(c.GetBoth()))
	line("only by the draft\t%s", whole(c.GetOnlyDraft()))
	line("only by the rules in force\t%s", whole(c.GetOnlyCurrent()))
	if len(rep.GetExamples()) == 0 {
		return
	}
	line("")
	line("CUSTOMER\tCALLED ONLY BY\tRULE")
	for _, e := range rep.GetExamples() {
		by := "the rules in force"
		if e.GetDraft() {
			by = "the draft"
		}
		line("%s\t%s\t%s", oneLine(e.GetCustomerKey()), by, oneLine(e.GetRule()))
	}
}

func (r *rehearsing) printQueues(line func(string, ...any), rep *alertingv1.RehearsalReport) {
	line("")
	line("QUEUE\tRULES\tCALLBACKS A DAY\tBUSY\tMEAN WAIT\tIN TIME\tAGENTS\tNEEDED")
	unknown := false
	for _, q := range rep.GetQueues() {
		for i, load := range []*alertingv1.Load{q.GetCurrent(), q.GetDraft()} {
			name, rules, aDay := oneLine(q.GetQueue()), "now", q.GetCallbacksADay().GetCurrent()
			if i == 1 {
				name, rules, aDay = "", "draft", q.GetCallbacksADay().GetDraft()
			}
			line("%s\t%s\t%s\t%s", name, rules, perDay(aDay), loadColumns(q.GetStaffing(), load))
			unknown = unknown || load == nil
		}
	}
	line("all\tnow\t%s", perDay(rep.GetCallbacksADay().GetCurrent()))
	line("\tdraft\t%s", perDay(rep.GetCallbacksADay().GetDraft()))
	notOpened(line, "held back: called lately", rep.GetHeldBackADay())
	notOpened(line, "not to be called", rep.GetDoNotCallADay())
	line("")
	if len(rep.GetQueues()) > 0 {
		s := rep.GetQueues()[0].GetStaffing()
		line("A callback is taken to be open for %s; callbacks to come evenly over %g hours a day.", span(s.GetOpenFor().AsDuration()), s.GetHoursADay())
	}
	if unknown {
		line("How long somebody waits is not known without --agents and --pace, or --staff.")
	}
}

// notOpened is about callbacks that rules ask for and nobody makes, if there are any.
func notOpened(line func(string, ...any), why string, aDay *alertingv1.Pair) {
	if aDay.GetCurrent() > 0 || aDay.GetDraft() > 0 {
		line("%s\tnow\t%s", why, perDay(aDay.GetCurrent()))
		line("\tdraft\t%s", perDay(aDay.GetDraft()))
	}
}

func loadColumns(s *alertingv1.Staffing, l *alertingv1.Load) string {
	if l == nil {
		return fmt.Sprintf("-\t-\t-\t%d\t-", s.GetAgents())
	}
	wait, inTime := fmt.Sprintf("grows by %s a day", perDay(l.GetGrowthADay())), "-"
	if l.GetMeanWait() != nil {
		wait = span(l.GetMeanWait().AsDuration())
	}
	if l.WithinTarget != nil {
		inTime = fmt.Sprintf("%.0f %% in %s", 100*l.GetWithinTarget(), span(s.GetTarget().AsDuration()))
	}
	return fmt.Sprintf("%.0f %%\t%s\t%s\t%d\t%d", 100*l.GetUtilisation(), wait, inTime, s.GetAgents(), l.GetAgentsNeeded())
}

func whole(n uint64) string { return grouped(int64(n)) } //nolint:gosec // counts are small

// perDay has a decimal where that says something.
func perDay(v float64) string {
	if v < 10 && v != float64(int64(v)) {
		return fmt.Sprintf("%.1f", v)
	}
	return grouped(int64(v + 0.5))
}

// span is a time as people say it: 4h, 1h30m, 45s.
func span(d time.Duration) string {
	if d >= time.Minute {
		d = d.Round(time.Minute)
	} else {
		d = d.Round(time.Second)
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
