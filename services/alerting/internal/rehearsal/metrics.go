package rehearsal

import (
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/movement"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

const (
	// mostFirst is how many alerts of a metric rule are shown.
	mostFirst = 20
	// longestGap is how long no answer may come for each window in it to be judged: for as
	// long answers are stored.
	longestGap = 90 * 24 * time.Hour
)

// figures are the metric rules of one side, as time went on.
type figures struct {
	set          *rule.Set
	since, whole time.Time         // as the plan says
	windows      *movement.Windows // nil before the first answer
	raised       map[string]*raised
}

// raised is what one metric rule raised.
type raised struct {
	alerts uint64
	first  []*alertingv1.MetricRaised
	open   map[string]*alertingv1.MetricRaised // of the first, by series
}

func newFigures(set *rule.Set, p Plan) *figures {
	f := &figures{set: set, since: p.Since, whole: p.Whole, raised: map[string]*raised{}}
	for _, m := range set.Metrics {
		f.raised[m.Name] = &raised{open: map[string]*alertingv1.MetricRaised{}}
	}
	return f
}

// look counts an answer of before those that count, which figures are compared with.
func (f *figures) look(e *eventsv1.ResponseScored) {
	if len(f.set.Metrics) > 0 {
		f.begin(e.GetReceived().GetReceivedAt().AsTime())
		f.windows.Fill(e)
	}
}

// take judges every window that ended before an answer was received, and counts it.
func (f *figures) take(e *eventsv1.ResponseScored, at time.Time) {
	if len(f.set.Metrics) == 0 {
		return
	}
	f.begin(at)
	f.until(at)
	f.windows.Take(e)
}

// begin makes the windows, once an answer was received at a time. The first that is judged
// is the one in which answers begin to count.
func (f *figures) begin(at time.Time) {
	if f.windows != nil {
		return
	}
	whole, since := f.whole, f.since
	if whole.IsZero() {
		whole = at
	}
	if since.IsZero() {
		since = at
	}
	f.windows = movement.New(whole, 0)
	f.windows.Use(f.set, since)
}

// until lets time pass.
func (f *figures) until(at time.Time) {
	if f.windows == nil {
		return
	}
	f.windows.Filled() // what is looked at comes before
	for next := f.windows.Next(); !next.After(at); next = f.windows.Next() {
		if at.Sub(next) > longestGap {
			next = at.Add(-longestGap)
		}
		for _, r := range f.windows.Look(next) {
			f.note(r)
		}
	}
}

func (f *figures) note(r movement.Reading) {
	in, key := f.raised[r.Metric.Name], strings.Join(r.Values, "\x00")
	switch {
	case r.Began:
		in.alerts++
		if len(in.first) == mostFirst {
			return
		}
		one := &alertingv1.MetricRaised{
			Series: r.Series(), At: timestamppb.New(r.To), Figure: r.Figure, Reference: r.Reference,
			Answers: r.Answers, ReferenceAnswers: r.ReferenceAnswers, PValue: r.P,
		}
		in.first, in.open[key] = append(in.first, one), one
	case r.Ended && in.open[key] != nil:
		in.open[key].EndedAt = timestamppb.New(r.To)
		delete(in.open, key)
	}
}

// metrics says what the metric rules of both sides raised.
func (r *Rehearsal) metrics(report *alertingv1.RehearsalReport) {
	of := func(side int, name string) *raised { return r.sides[side].figures.raised[name] }
	shown := map[string]movement.Tracked{}
	if w := r.sides[draft].figures.windows; w != nil {
		for _, t := range w.Show() {
			shown[t.Metric.Name] = t
		}
	}
	for side := range sides {
		for _, m := range r.sides[side].set.Metrics {
			inDraft, inCurrent := of(draft, m.Name), of(current, m.Name)
			if side == current && inDraft != nil {
				continue
			}
			one := &alertingv1.MetricRehearsed{Rule: m.Name, Severity: m.Severity, InDraft: inDraft != nil, InCurrent: inCurrent != nil}
			if inDraft != nil {
				t := shown[m.Name]
				one.Draft, one.First, one.Overflow, one.Failed = inDraft.alerts, slices.Clone(inDraft.first), t.Overflow, t.Failed
				one.Figures = uint32(len(t.Series)) //nolint:gosec // at most 500
			}
			if inCurrent != nil {
				one.Current = inCurrent.alerts
			}
			report.Metrics = append(report.Metrics, one)
		}
	}
}
