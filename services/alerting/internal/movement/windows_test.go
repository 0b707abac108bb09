package movement

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

// answer is a scored response as tests make them.
type answer struct {
	id                   string
	revision, correction uint32
	at                   time.Time // of this revision
	class                eventsv1.Class
	survey               string
	themes               []string
	intents              []eventsv1.Intent
	attributes           map[string]string
}

func (a answer) scored() *eventsv1.ResponseScored {
	v := &eventsv1.VerbatimAnalysis{Status: eventsv1.VerbatimAnalysis_ANALYSED}
	for _, theme := range a.themes {
		v.Themes = append(v.Themes, &eventsv1.ThemeFound{Theme: theme, Dimension: eventsv1.Dimension_OVERALL_EXPERIENCE})
	}
	for _, i := range a.intents {
		v.Intents = append(v.Intents, &eventsv1.IntentFound{Intent: i})
	}
	score := &eventsv1.Score{Verbatims: []*eventsv1.VerbatimAnalysis{v}}
	if a.class != eventsv1.Class_CLASS_UNSPECIFIED {
		score.Answers = []*eventsv1.AnswerScore{{Metric: eventsv1.Metric_NPS, Class: a.class}}
	}
	return &eventsv1.ResponseScored{
		Correction: a.correction, Score: score,
		Received: &eventsv1.ResponseReceived{
			Revision: max(a.revision, 1), ReceivedAt: timestamppb.New(a.at),
			Response: &eventsv1.Response{Id: a.id, Survey: a.survey, Attributes: a.attributes},
		},
	}
}

// windowsOf are windows of rules, filled with nothing, at a time.
func windowsOf(t testing.TB, text string, at time.Time) *Windows {
	w := New(monday, 0)
	w.Use(metric(t, text), at)
	w.Filled()
	return w
}

// totals are what each series has in all.
func totals(w *Windows) map[string]sums {
	all := map[string]sums{}
	for _, t := range w.order {
		for _, s := range t.series {
			if sum := s.cells.between(0, ^uint32(0)); sum != (sums{}) {
				all[strings.Join(append([]string{t.Name}, s.values...), " ")] = sum
			}
		}
	}
	return all
}

func TestWhatARevisionChangesIsReplaced(t *testing.T) {
	t.Parallel()
	w := windowsOf(t, "measure: NPS, by: [theme], window: 24h, drops_by: 10", monday)
	at := monday.Add(time.Hour)
	first := answer{id: "a", at: at, class: eventsv1.Class_DETRACTOR, themes: []string{"price", "wait"}}
	w.Take(first.scored())
	require.Equal(t, map[string]sums{"m price": {1, 0, 1}, "m wait": {1, 0, 1}}, totals(w))
	second := answer{id: "a", revision: 2, at: at.Add(20 * time.Hour), class: eventsv1.Class_PROMOTER, themes: []string{"wait", "staff"}}
	w.Take(second.scored())
	require.Equal(t, map[string]sums{"m staff": {1, 1, 0}, "m wait": {1, 1, 0}}, totals(w))
	slot := w.order[0].grid.slot(at.UnixMilli())
	require.Equal(t, sums{1, 1, 0}, w.order[0].series["staff"].cells.between(slot, slot+1), "it counts when it first came")
	w.Take(second.scored())
	w.Take(first.scored())
	require.Equal(t, map[string]sums{"m staff": {1, 1, 0}, "m wait": {1, 1, 0}}, totals(w), "what is older or the same changes nothing")
	corrected := second
	corrected.correction, corrected.themes = 1, nil
	w.Take(corrected.scored())
	require.Empty(t, totals(w))
}

// In whatever order they come, and however often, the last version of each response counts,
// at the time of its first.
func TestTheOrderOfComingDoesNotMatter(t *testing.T) {
	t.Parallel()
	chance := rand.New(rand.NewPCG(4, 4))
	classes := []eventsv1.Class{eventsv1.Class_CLASS_UNSPECIFIED, eventsv1.Class_DETRACTOR, eventsv1.Class_PASSIVE, eventsv1.Class_PROMOTER}
	const text = "measure: NPS, by: [theme], window: 24h, drops_by: 10}\n" +
		`  - {name: urgent, measure: share, share: '"urgent" in intents', of: survey == "s", window: 1h, rises_by: 5`
	for range 200 {
		var all []answer
		for id := range 6 {
			begun := monday.Add(time.Duration(chance.IntN(20)) * time.Hour)
			for revision := range uint32(1 + chance.IntN(4)) {
				for correction := range uint32(1 + chance.IntN(3)) {
					a := answer{
						id: fmt.Sprint(id), revision: revision + 1, correction: correction, survey: []string{"s", "t"}[chance.IntN(2)],
						at: begun.Add(time.Duration(revision) * 3 * time.Hour), class: classes[chance.IntN(4)],
						themes: []string{"a", "b", "c"}[:chance.IntN(4)],
					}
					if chance.IntN(2) == 0 {
						a.intents = []eventsv1.Intent{eventsv1.Intent_URGENT}
					}
					if revision > 0 || id > 0 {
						a.survey = "s"
					}
					if id == 0 {
						a.survey = "t"
					}
					all = append(all, a)
				}
			}
		}
		inOrder, shuffled := windowsOf(t, text, monday), windowsOf(t, text, monday)
		for _, a := range all {
			inOrder.Take(a.scored())
		}
		mixed := append(slices.Clone(all), all[:3]...)
		chance.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		for _, a := range mixed {
			shuffled.Take(a.scored())
		}
		require.Equal(t, latest(all), totals(inOrder))
		require.Equal(t, cellsOf(inOrder), cellsOf(shuffled))
	}
}

// latest is what the last version of each response comes to.
func latest(all []answer) map[string]sums {
	last := map[string]answer{}
	for _, a := range all { // they are in order
		last[a.id] = a
	}
	want := map[string]sums{}
	add := func(key string, s sums) { want[key] = want[key].plus(s) }
	for _, a := range last {
		one := map[eventsv1.Class]sums{
			eventsv1.Class_DETRACTOR: {1, 0, 1}, eventsv1.Class_PASSIVE: {1, 0, 0}, eventsv1.Class_PROMOTER: {1, 1, 0},
		}[a.class]
		for _, theme := range a.themes {
			if one.n > 0 {
				add("m "+theme, one)
			}
		}
		if a.survey == "s" {
			add("urgent", sums{1, uint64(len(a.intents)), 0})
		}
	}
	return want
}

func cellsOf(w *Windows) map[string][]cell {
	all := map[string][]cell{}
	for _, t := range w.order {
		for _, s := range t.series {
			for _, c := range s.cells {
				if c.n > 0 {
					name := t.Name + " " + strings.Join(s.values, " ")
					all[name] = append(all[name], c)
				}
			}
		}
	}
	return all
}

func TestWhatIsNotKnownFromItsBeginningIsNotCounted(t *testing.T) {
	t.Parallel()
	w := New(monday, 2)
	w.Use(metric(t, "measure: count, window: 24h, above: 5"), monday)
	w.Filled()
	at := monday.Add(time.Hour)
	w.Take(answer{id: "before", revision: 2, at: at}.scored())
	require.Empty(t, totals(w))
	for i := range 3 {
		w.Take(answer{id: fmt.Sprint(i), at: at}.scored())
	}
	require.Equal(t, map[string]sums{"m": {n: 3}}, totals(w))
	w.Take(answer{id: "0", correction: 1, at: at}.scored())
	w.Take(answer{id: "0", revision: 2, at: at}.scored())
	require.Equal(t, map[string]sums{"m": {n: 3}}, totals(w), "what is no longer remembered is not counted twice")
	w.Take(answer{id: "old", at: monday.AddDate(0, 0, -30)}.scored())
	require.Equal(t, map[string]sums{"m": {n: 3}}, totals(w), "it came before everything that is looked at")
}

// Rules that come later have what those that were there from the beginning have; what others
// gathered is left alone.
func TestOnlyChangedRulesAreFilled(t *testing.T) {
	t.Parallel()
	const before = "measure: NPS, window: 24h, drops_by: 10"
	const after = "measure: NPS, window: 24h, drops_by: 25, severity: high}\n  - {name: more, measure: count, by: [theme], window: 24h, above: 5"
	chance := rand.New(rand.NewPCG(5, 5))
	var past []answer
	for i := range 200 {
		past = append(past, answer{
			id: fmt.Sprint(i % 80), revision: uint32(1 + i/80), at: monday.Add(time.Duration(i) * 10 * time.Minute),
			class: eventsv1.Class(1 + chance.IntN(3)), themes: []string{"a", "b"}[:chance.IntN(3)],
		})
	}
	now := monday.Add(34 * time.Hour)
	w := windowsOf(t, before, monday)
	for _, a := range past {
		w.Take(a.scored())
	}
	kept := w.order[0].series[""]
	anew := w.Use(metric(t, after), now)
	require.Len(t, anew, 1)
	require.Equal(t, "more", anew[0].Name)
	require.True(t, w.Show()[1].Filling)
	for _, a := range past {
		w.Fill(a.scored())
	}
	w.Filled()
	require.Same(t, kept, w.order[0].series[""])
	require.InDelta(t, 25, w.order[0].Move, 0, "the rest of the rule is the new one")
	fresh := windowsOf(t, after, now)
	for _, a := range past {
		fresh.Take(a.scored())
	}
	require.Equal(t, cellsOf(fresh), cellsOf(w))
	w.Take(answer{id: "7", revision: 9, at: now}.scored())
	fresh.Take(answer{id: "7", revision: 9, at: now}.scored())
	require.Equal(t, cellsOf(fresh), cellsOf(w), "a later revision replaces it in both")
	w.Use(metric(t, before), now)
	require.Len(t, w.series, 1, "a rule that is gone leaves nothing")
}

func TestSeriesAreBounded(t *testing.T) {
	t.Parallel()
	w := windowsOf(t, "measure: count, by: [attributes.shop], window: 24h, above: 5", monday)
	for i := range MostSeries + 20 {
		w.Take(answer{id: fmt.Sprint(i), at: monday.Add(time.Hour), attributes: map[string]string{"shop": fmt.Sprint(i)}}.scored())
	}
	require.Len(t, w.order[0].series, MostSeries)
	require.EqualValues(t, 20, w.Show()[0].Overflow)
	w.Look(monday.AddDate(0, 0, 5))
	require.Empty(t, w.order[0].series, "where nothing came for long there is room again")
	w.Take(answer{id: "x", at: monday.AddDate(0, 0, 5), attributes: map[string]string{"shop": "new"}}.scored())
	require.Len(t, w.order[0].series, 1)
}

// A series of the longest reach that takes something in each slot takes what the package says.
func TestASeriesTakesNoMoreThanItSays(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"measure: NPS, window: 15m, against: {last: 7d}, drops_by: 10", "measure: count, window: 1h, against: {weeks: 4}, drops_by: 50",
		"measure: NPS, window: 24h, against: {last: 89d}, drops_by: 10", "measure: NPS, window: 24h, drops_by: 10",
	} {
		w := windowsOf(t, text, monday)
		tr := w.order[0]
		slot := tr.grid.slot(monday.UnixMilli())
		for range 2 * mostSlots {
			w.order[0].series[""].cells.add(slot, rule.Good, 1)
			slot++
			w.Look(tr.grid.begins(slot))
		}
		require.LessOrEqual(t, len(tr.series[""].cells), mostSlots+int(tr.grid.looks)+2, text)
		require.Less(t, w.bytes, 2*cellBytes*mostSlots, text)
	}
}

func TestALabelOfASeriesIsNoSeriesOfItsOwnWhenItIsMissing(t *testing.T) {
	t.Parallel()
	w := windowsOf(t, "measure: count, by: [survey, theme, attributes.shop], window: 24h, above: 5", monday)
	at := monday.Add(time.Hour)
	w.Take(answer{id: "1", at: at, survey: "s", themes: []string{"a", "b"}}.scored())
	w.Take(answer{id: "2", at: at, survey: "s", attributes: map[string]string{"shop": "x"}}.scored())
	w.Take(answer{id: "3", at: at, survey: "s", themes: []string{"a", "b"}, attributes: map[string]string{"shop": "x"}}.scored())
	w.Take(answer{id: "4", at: at, survey: "s", themes: []string{"a"}, attributes: map[string]string{"shop": strings.Repeat("x", 201)}}.scored())
	for i, personal := range []string{"somebody@example.org", "+33 1 99 00 10 10"} {
		w.Take(answer{id: fmt.Sprint("p", i), at: at, survey: "s", themes: []string{"a"}, attributes: map[string]string{"shop": personal}}.scored())
	}
	require.Equal(t, map[string]sums{"m s a x": {n: 1}, "m s b x": {n: 1}}, totals(w))
	many := make([]string, 40)
	for i := range many {
		many[i] = fmt.Sprint("t", i)
	}
	w.Take(answer{id: "5", at: at, survey: "s", themes: many, attributes: map[string]string{"shop": "x"}}.scored())
	require.EqualValues(t, 8, w.Show()[0].Overflow)
	require.Len(t, slices.Collect(maps.Keys(totals(w))), 34)
}

func TestAConditionThatFailsCountsNothing(t *testing.T) {
	t.Parallel()
	w := windowsOf(t, "measure: count, of: 'response.answers[7].verbatim == \"x\"', window: 24h, above: 5", monday)
	w.Take(answer{id: "1", at: monday}.scored())
	require.Empty(t, totals(w))
	require.EqualValues(t, 1, w.Show()[0].Failed)
}
