package reading

import (
	"math"
	"slices"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/verbatim"
)

// evidence is at most so many findings, the strongest, in the order of the text.
func (r *Reader) evidence(findings []verbatim.Finding, most int) []*eventsv1.Evidence {
	if len(findings) > most {
		findings = strongest(findings, most)
	}
	if len(findings) == 0 {
		return nil
	}
	all := make([]eventsv1.Evidence, len(findings))
	out := make([]*eventsv1.Evidence, len(findings))
	for i := range findings {
		f, e := &findings[i], &all[i]
		e.Start, e.End, e.Entry = uint32(f.Start), uint32(f.End), r.analyser.Entry(f.Entry).Text
		e.Polarity = math.Round(float64(f.Polarity)*1000) / 1000
		if f.Rules != 0 {
			e.Rules = slices.Collect(f.Rules.All())
		}
		out[i] = e
	}
	return out
}

// strongest leaves the strongest in their order; of equals the first.
func strongest(findings []verbatim.Finding, most int) []verbatim.Finding {
	by := make([]int, len(findings))
	for i := range by {
		by[i] = i
	}
	weight := func(i int) float32 { return max(findings[i].Polarity, -findings[i].Polarity) }
	slices.SortStableFunc(by, func(i, j int) int {
		switch wi, wj := weight(i), weight(j); {
		case wi > wj:
			return -1
		case wi < wj:
			return 1
		}
		return 0
	})
	by = by[:most]
	slices.Sort(by)
	out := make([]verbatim.Finding, most)
	for i, j := range by {
		out[i] = findings[j]
	}
	return out
}
