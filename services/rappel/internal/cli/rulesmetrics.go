package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
)

const metricsLong = `Show the rules about figures that move, and each figure as it stands: what it is, what it
is compared with, how far it has moved the way that the rule looks for, how many answers
are behind both, and how probable that is by chance where it has moved so far.
docs/metric-rules.md explains them.`

const metricsExample = `  rappel rules metrics
  rappel rules metrics nps_delivery_drops
  rappel rules metrics --firing -o json`

func (d *rulesDesk) metrics() *cobra.Command {
	firing := false
	cmd := &cobra.Command{
		Use: "metrics [RULE]", Short: "Show the figures that metric rules follow", Long: metricsLong, Example: metricsExample,
		RunE: func(cmd *cobra.Command, args []string) error {
			q := url.Values{}
			switch len(args) {
			case 0:
			case 1:
				q.Set("rule", args[0])
			default:
				return errors.New("name one rule, or none for all")
			}
			if firing {
				q.Set("firing", "true")
			}
			path := "/v1/metricRules"
			if len(q) > 0 {
				path += "?" + q.Encode()
			}
			resp := &alertingv1.ListMetricRulesResponse{}
			if done, err := d.ask(cmd, http.MethodGet, path, nil, resp); done || err != nil {
				return err
			}
			return d.printMetrics(cmd.OutOrStdout(), resp)
		},
	}
	cmd.Flags().BoolVar(&firing, "firing", false, "only figures whose alert stands")
	return cmd
}

func (d *rulesDesk) printMetrics(out io.Writer, resp *alertingv1.ListMetricRulesResponse) error {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	line := func(f string, a ...any) { _, _ = fmt.Fprintf(w, f+"\n", a...) } // what fails shows at the flush
	at := "not looked at yet"
	if resp.GetLookedAt() != nil {
		at = "as of " + resp.GetLookedAt().AsTime().In(d.zone).Format("2006-01-02 15:04:05")
	}
	line("version %s, %s", oneLine(resp.GetVersion()), at)
	if len(resp.GetRules()) == 0 {
		line("there are no metric rules; docs/metric-rules.md says how they are written")
		return flushed(out, w, &b)
	}
	line("")
	line("RULE\tLOOKS FOR\tSERIES\tFIGURE\tBESIDE\tMOVED\tANSWERS\tBESIDE\tCHANCE\tALERT")
	for _, r := range resp.GetRules() {
		name, looks := oneLine(r.GetName()), looksFor(r)
		if len(r.GetFigures()) == 0 {
			line("%s\t%s\t%s", name, looks, strings.Repeat("-\t", 7))
		}
		for _, f := range r.GetFigures() {
			line("%s\t%s\t%s", name, looks, figureColumns(r, f))
			name, looks = "", ""
		}
	}
	for _, r := range resp.GetRules() {
		for _, also := range []struct {
			text string
			n    uint64
		}{
			{"%s: %s figures more; name the rule to see them", uint64(r.GetMoreFigures())},
			{"%s: %s times there was no room for a figure", r.GetOverflow()},
			{"%s: its condition failed on %s answers", r.GetFailed()},
		} {
			if also.n > 0 {
				line(also.text, oneLine(r.GetName()), whole(also.n))
			}
		}
		if r.GetFilling() {
			line("%s: its past is being read", oneLine(r.GetName()))
		}
	}
	return flushed(out, w, &b)
}

// looksFor is a rule in a few words: NPS 24h drops by 10.
func looksFor(r *alertingv1.MetricRule) string {
	unit := ""
	if r.GetMeasure() == "count" {
		unit = " %"
	}
	switch what := r.GetMeasure() + " " + span(r.GetWindow().AsDuration()); {
	case r.DropsBy != nil:
		return fmt.Sprintf("%s drops by %g%s", what, r.GetDropsBy(), unit)
	case r.RisesBy != nil:
		return fmt.Sprintf("%s rises by %g%s", what, r.GetRisesBy(), unit)
	case r.Below != nil:
		return fmt.Sprintf("%s below %g", what, r.GetBelow())
	default:
		return fmt.Sprintf("%s above %g", what, r.GetAbove())
	}
}

func figureColumns(r *alertingv1.MetricRule, f *alertingv1.MetricFigure) string {
	moved, beside, chance, alert := "not enough yet", "-", "-", ""
	if f.GetEnough() {
		moved = fmt.Sprintf("%.1f", f.GetMoved())
	}
	if f.GetReferenceAnswers() > 0 {
		beside = whole(f.GetReferenceAnswers())
	}
	if f.PValue != nil && r.GetConfidence() > 0 {
		chance = fmt.Sprintf("%.2g", f.GetPValue())
	}
	if f.GetFiring() {
		alert = severityWord(r.GetSeverity())
	}
	return strings.Join([]string{
		dash(seriesText(f.GetSeries())), fmt.Sprintf("%.1f", f.GetFigure()), fmt.Sprintf("%.1f", f.GetReference()), moved,
		whole(f.GetAnswers()), beside, chance, alert,
	}, "\t")
}

// seriesText is what a figure is of, as survey=nps, theme=price.
func seriesText(series map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(series)) {
		parts = append(parts, oneLine(name)+"="+oneLine(series[name]))
	}
	return strings.Join(parts, ", ")
}

// printMetrics writes what metric rules would have raised.
func (r *rehearsing) printMetrics(w *reportWords, line func(string, ...any), rep *alertingv1.RehearsalReport) {
	if len(rep.GetMetrics()) == 0 {
		return
	}
	line("")
	line("%s", strings.Join(w.Metrics, "\t"))
	shown := false
	for _, m := range rep.GetMetrics() {
		now, draft, of := "-", "-", "-"
		if m.GetInCurrent() {
			now = w.whole(m.GetCurrent())
		}
		if m.GetInDraft() {
			draft, of = w.whole(m.GetDraft()), w.whole(uint64(m.GetFigures()))
		}
		line("%s\t%s\t%s\t%s\t%s", oneLine(m.GetRule()), r.severity(m.GetSeverity()), now, draft, of)
		shown = shown || len(m.GetFirst()) > 0
	}
	if !shown {
		return
	}
	line("")
	line("%s", strings.Join(w.Raised, "\t"))
	for _, m := range rep.GetMetrics() {
		for _, one := range m.GetFirst() {
			line("%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", r.stamp(one.GetAt()), r.stamp(one.GetEndedAt()), oneLine(m.GetRule()),
				dash(seriesText(one.GetSeries())), w.number(fmt.Sprintf("%.1f", one.GetFigure())), w.number(fmt.Sprintf("%.1f", one.GetReference())),
				w.whole(one.GetAnswers()), w.whole(one.GetReferenceAnswers()))
		}
	}
}
