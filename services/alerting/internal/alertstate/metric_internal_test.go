package alertstate

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// falls is an NPS of a survey at the end of minute n.
func falls(n int, figure float64, s eventsv1.Severity) Metric {
	return Metric{
		Rule: "nps_falls", Severity: s, Labels: map[string]string{"region": "IDF", "kind": "other"}, Notify: true,
		Movement: &eventsv1.Movement{
			Measure: "NPS", Figure: figure, Reference: 40, Until: timestamppb.New(t0.Add(time.Duration(n) * time.Minute)),
			Series: map[string]string{"survey": "apres-livraison"},
		},
	}
}

func TestAMetricsAlert(t *testing.T) {
	t.Parallel()
	at := func(n int) time.Time { return t0.Add(time.Duration(n) * time.Minute) }
	first := must(moved(nil, falls(0, 20, 2), at(0)))
	require.Equal(t, map[string]string{
		"kind": "metric", "rule": "nps_falls", "severity": "medium", "metric": "NPS", "survey": "apres-livraison", "region": "IDF",
	}, first.GetLabels())
	require.Equal(t, MetricID("nps_falls", map[string]string{"survey": "apres-livraison"}), first.GetId())
	byHand := must(resolved(first, "amina", "known", at(0)))
	wasBack := must(back(byHand, falls(2, 40, 2).Movement, at(2)))
	gone := must(back(first, nil, at(1)))
	expired := must(elapsed(first, at(0).Add(Usual)))
	for name, c := range map[string]struct {
		got  *change
		want string
	}{
		"the first time":                 {moved(nil, falls(0, 20, 2), at(0)), "RAISED: FIRING, episode 1, 0.0"},
		"the same":                       {moved(first, falls(1, 20, 2), at(1)), "-"},
		"a little worse":                 {moved(first, falls(1, 18.1, 2), at(1)), "-"},
		"noticeably worse":               {moved(first, falls(1, 18, 2), at(1)), "UPDATED: FIRING, episode 1, 0.0"},
		"noticeably better":              {moved(first, falls(1, 22, 2), at(1)), "UPDATED: FIRING, episode 1, 0.0"},
		"more severe":                    {moved(first, falls(1, 20, 3), at(1)), "UPDATED: FIRING, episode 1, 0.0"},
		"an older window":                {moved(first, falls(-1, 0, 4), at(1)), "-"},
		"the same, long after":           {moved(first, falls(720, 20, 2), at(720)), "UPDATED: FIRING, episode 1, 0.0"},
		"the same, not so long after":    {moved(first, falls(719, 20, 2), at(719)), "-"},
		"back":                           {back(first, falls(1, 40, 2).Movement, at(1)), "RESOLVED: RESOLVED NO_LONGER_MATCHES, episode 1, 0.0"},
		"back, in the same window":       {back(first, falls(0, 40, 2).Movement, at(1)), "-"},
		"its rule is gone":               {back(first, nil, at(1)), "RESOLVED: RESOLVED NO_LONGER_MATCHES, episode 1, 0.0"},
		"never raised, back":             {back(nil, falls(1, 40, 2).Movement, at(1)), "-"},
		"back twice":                     {back(gone, falls(1, 40, 2).Movement, at(1)), "-"},
		"again":                          {moved(gone, falls(3, 20, 2), at(3)), "RAISED: FIRING, episode 2, 0.0"},
		"again, by who is behind":        {moved(must(back(first, falls(2, 40, 2).Movement, at(2))), falls(2, 20, 2), at(3)), "-"},
		"by hand, and goes on":           {moved(byHand, falls(1, 20, 2), at(1)), "-"},
		"by hand, and gets worse":        {moved(byHand, falls(1, 0, 3), at(1)), "RAISED: FIRING, episode 2, 0.0"},
		"by hand, and back":              {back(byHand, falls(2, 40, 2).Movement, at(2)), "UPDATED: RESOLVED NO_LONGER_MATCHES, episode 1, 0.0"},
		"by hand, back, and again":       {moved(wasBack, falls(3, 20, 2), at(3)), "RAISED: FIRING, episode 2, 0.0"},
		"nobody spoke of it, and now do": {moved(expired, falls(1441, 20, 2), at(1441)), "RAISED: FIRING, episode 2, 0.0"},
	} {
		require.Equal(t, c.want, outcome(c.got, nil), name)
	}
	require.Equal(t, "amina", wasBack.GetResolvedBy())
	require.NotEqual(t, MetricID("a", map[string]string{"b": "c"}), MetricID("a", map[string]string{"b": "d"}))
}

// A rule looks each minute for a day: what is stored of it is few events.
func TestFiguresThatHardlyMoveAreNotWrittenEachMinute(t *testing.T) {
	t.Parallel()
	var now *alert
	written := 0
	for n := range 24 * 60 {
		wave := float64(n%20) / 10 // up to two points, to and fro
		if c := moved(now, falls(n, 20+wave, 2), t0.Add(time.Duration(n)*time.Minute)); c != nil {
			now, written = c.GetAlert(), written+1
		}
	}
	require.Equal(t, eventsv1.AlertState_FIRING, now.GetState())
	require.LessOrEqual(t, written, 4)
}
