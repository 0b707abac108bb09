package score_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// classesOf lists a metric's classes, worst first.
var classesOf = [...][3]eventsv1.Class{
	eventsv1.Metric_NPS:  {eventsv1.Class_DETRACTOR, eventsv1.Class_PASSIVE, eventsv1.Class_PROMOTER},
	eventsv1.Metric_CSAT: {eventsv1.Class_DISSATISFIED, eventsv1.Class_NEUTRAL, eventsv1.Class_SATISFIED},
	eventsv1.Metric_CES:  {eventsv1.Class_HIGH_EFFORT, eventsv1.Class_NEUTRAL, eventsv1.Class_LOW_EFFORT},
	eventsv1.Metric_FCR:  {eventsv1.Class_UNRESOLVED, eventsv1.Class_RESOLVED, eventsv1.Class_RESOLVED},
}

// Every value of every scale in docs/scoring.md is what the page says it is.
func TestEveryScaleOfTheDocument(t *testing.T) {
	t.Parallel()
	rows := tableOf(t, "../../../../docs/scoring.md", "| metric | scale | better | bad | middle | good |")
	require.GreaterOrEqual(t, len(rows), 25)
	for _, row := range rows {
		t.Run(strings.Join(row[:3], " "), func(t *testing.T) {
			t.Parallel()
			m := eventsv1.Metric(eventsv1.Metric_value[row[0]])
			lo, hi := span(t, row[1])
			scale := &eventsv1.Scale{Min: lo, Max: hi, Direction: eventsv1.Direction_HIGHER_IS_BETTER}
			if row[2] == "lower" {
				scale.Direction = eventsv1.Direction_LOWER_IS_BETTER
			}
			seen := 0
			for i, cell := range row[3:6] {
				if cell == "" {
					continue
				}
				first, last := span(t, cell)
				for v := first; v <= last; v++ {
					require.Equal(t, classesOf[m][i], one(t, m, v, scale).GetClass(), "%v", v)
					seen++
				}
			}
			require.Equal(t, int(hi-lo)+1, seen, "the row leaves values out")
		})
	}
}

// one scores a response of a single answer.
func one(t require.TestingT, m eventsv1.Metric, v float64, scale *eventsv1.Scale) *eventsv1.AnswerScore {
	s, err := plain.Score(&eventsv1.Response{Answers: []*eventsv1.Answer{{Metric: m, Value: &v, Scale: scale}}})
	require.NoError(t, err)
	require.Len(t, s.GetAnswers(), 1)
	return s.GetAnswers()[0]
}

// span reads 3 or 3-7.
func span(t *testing.T, s string) (lo, hi float64) {
	first, last, ok := strings.Cut(s, "-")
	if !ok {
		last = first
	}
	lo, err := strconv.ParseFloat(first, 64)
	require.NoError(t, err)
	hi, err = strconv.ParseFloat(last, 64)
	require.NoError(t, err)
	return lo, hi
}

// tableOf returns the rows of the Markdown table with this head.
func tableOf(t *testing.T, file, head string) [][]string {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(text), head+"\n")
	require.True(t, ok, "no table %q", head)
	var rows [][]string
	for i, line := range strings.Split(rest, "\n") {
		if !strings.HasPrefix(line, "|") {
			break
		}
		if i == 0 {
			continue // the rule under the head
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for j := range cells {
			cells[j] = strings.TrimSpace(cells[j])
		}
		rows = append(rows, cells)
	}
	return rows
}
