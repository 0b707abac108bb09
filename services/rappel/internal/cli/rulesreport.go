package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// print writes a report as tables: what is now, and what the draft would make of it.
func (r *rehearsing) print(out io.Writer, rep *alertingv1.RehearsalReport) error {
	var b strings.Builder
	tab := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line := func(f string, a ...any) { _, _ = fmt.Fprintf(tab, f+"\n", a...) } // what fails shows at the flush
	w := reportWordsOf(r.words)
	line(w.Versions, oneLine(rep.GetDraftVersion()), oneLine(rep.GetCurrentVersion()))
	if rep.GetAnswers() == 0 {
		line("%s", w.Nothing)
		return flushed(out, tab, &b)
	}
	line(w.Read, w.whole(rep.GetAnswers()), r.stamp(rep.GetFrom()), r.stamp(rep.GetTo()), w.number(fmt.Sprintf("%.1f", rep.GetDays())))
	if n := rep.GetUnreadable(); n > 0 {
		line(w.Unreadable, w.whole(n))
	}
	r.printRules(w, line, rep)
	r.printMetrics(w, line, rep)
	r.printCustomers(w, line, rep)
	r.printQueues(w, line, rep)
	r.printFallbacks(w, line, rep)
	return flushed(out, tab, &b)
}

func (r *rehearsing) printRules(w *reportWords, line func(string, ...any), rep *alertingv1.RehearsalReport) {
	line("")
	line("%s", strings.Join(w.Rules, "\t"))
	for _, one := range rep.GetRules() {
		now, draft, failed := "-", "-", ""
		if one.GetInCurrent() {
			now = w.perDay(one.GetAlertsADay().GetCurrent())
		}
		if one.GetInDraft() {
			draft = w.perDay(one.GetAlertsADay().GetDraft())
		}
		if n := one.GetFailures().GetDraft(); n > 0 {
			failed = fill(w.Answers, w.whole(uint64(n)))
		}
		line("%s\t%s\t%s\t%s\t%s", oneLine(one.GetRule()), r.severity(one.GetSeverity()), now, draft, failed)
	}
	for _, s := range rep.GetSeverities() {
		line("%s\t%s\t%s\t%s\t", w.All, r.severity(s.GetSeverity()), w.perDay(s.GetAlertsADay().GetCurrent()), w.perDay(s.GetAlertsADay().GetDraft()))
	}
}

// severity is as lists of alerts have it.
func (r *rehearsing) severity(s eventsv1.Severity) string {
	if s == eventsv1.Severity_SEVERITY_UNSPECIFIED {
		s = eventsv1.Severity_MEDIUM
	}
	return alertWordsOf(r.words).Severities[s]
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

func (r *rehearsing) printCustomers(w *reportWords, line func(string, ...any), rep *alertingv1.RehearsalReport) {
	c, about := rep.GetCustomers(), ""
	if c.GetEstimated() {
		about = strings.ToUpper(w.Estimated)
	}
	line("")
	line("%s%s\t", w.Customers[0], about)
	line("%s\t%s", w.ByBoth, w.whole(c.GetBoth()))
	line("%s\t%s", w.OnlyDraft, w.whole(c.GetOnlyDraft()))
	line("%s\t%s", w.OnlyInForce, w.whole(c.GetOnlyCurrent()))
	if len(rep.GetExamples()) == 0 {
		return
	}
	line("")
	line("%s", strings.Join(w.Examples, "\t"))
	for _, e := range rep.GetExamples() {
		by := w.InForce
		if e.GetDraft() {
			by = w.TheDraft
		}
		line("%s\t%s\t%s", oneLine(e.GetCustomerKey()), by, oneLine(e.GetRule()))
	}
}

func (r *rehearsing) printQueues(w *reportWords, line func(string, ...any), rep *alertingv1.RehearsalReport) {
	line("")
	line("%s", strings.Join(w.Queues, "\t"))
	unknown := false
	for _, q := range rep.GetQueues() {
		for i, load := range []*alertingv1.Load{q.GetCurrent(), q.GetDraft()} {
			name, rules, aDay := oneLine(q.GetQueue()), w.Now, q.GetCallbacksADay().GetCurrent()
			if i == 1 {
				name, rules, aDay = "", w.Draft, q.GetCallbacksADay().GetDraft()
			}
			line("%s\t%s\t%s\t%s", name, rules, w.perDay(aDay), w.load(q.GetStaffing(), load))
			unknown = unknown || load == nil
		}
	}
	line("%s\t%s\t%s", w.All, w.Now, w.perDay(rep.GetCallbacksADay().GetCurrent()))
	line("\t%s\t%s", w.Draft, w.perDay(rep.GetCallbacksADay().GetDraft()))
	w.notOpened(line, w.HeldBack, rep.GetHeldBackADay())
	w.notOpened(line, w.DoNotCall, rep.GetDoNotCallADay())
	line("")
	if len(rep.GetQueues()) > 0 {
		s := rep.GetQueues()[0].GetStaffing()
		line(w.Assumed, span(s.GetOpenFor().AsDuration()), w.number(fmt.Sprintf("%g", s.GetHoursADay())))
	}
	if unknown {
		line("%s", w.NoStaff)
	}
}

// notOpened is about callbacks that rules ask for and nobody makes, if there are any.
func (w *reportWords) notOpened(line func(string, ...any), why string, aDay *alertingv1.Pair) {
	if aDay.GetCurrent() > 0 || aDay.GetDraft() > 0 {
		line("%s\t%s\t%s", why, w.Now, w.perDay(aDay.GetCurrent()))
		line("\t%s\t%s", w.Draft, w.perDay(aDay.GetDraft()))
	}
}

// load are the columns of how busy a queue would be.
func (w *reportWords) load(s *alertingv1.Staffing, l *alertingv1.Load) string {
	if l == nil {
		return fmt.Sprintf("-\t-\t-\t%d\t-", s.GetAgents())
	}
	wait, inTime := fill(w.Grows, w.perDay(l.GetGrowthADay())), "-"
	if l.GetMeanWait() != nil {
		wait = span(l.GetMeanWait().AsDuration())
	}
	if l.WithinTarget != nil {
		inTime = fill(w.InTime, w.percent(fmt.Sprintf("%.0f", 100*l.GetWithinTarget())), span(s.GetTarget().AsDuration()))
	}
	return fmt.Sprintf("%s\t%s\t%s\t%d\t%d", w.percent(fmt.Sprintf("%.0f", 100*l.GetUtilisation())), wait, inTime, s.GetAgents(), l.GetAgentsNeeded())
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
