package collector_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector"
	"github.com/rappel-loop/rappel/services/collector/internal/hook"
)

// The comment may be told before the score, each alone, and a piece that was overtaken may
// come last: what is held is whole, and no piece takes anything back.
func TestACommentThatIsToldBeforeItsScore(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "m.yaml")
	write(t, file, "survey: s\nid: id\nsubmittedAt: at\nanswers: [{metric: NPS, path: score}, {verbatim: comment}]")
	l := setup(t, func(c *collector.Config) {
		c.Hooks = map[string]hook.Config{"open": {Source: "generic", AllowUnsigned: true, Mapping: file}}
	})
	for n, body := range []string{
		`{"id":"r-1","at":"2026-11-20T10:02:00Z","comment":"Toujours pas livré"}`,
		`{"id":"r-1","at":"2026-11-20T10:00:00Z","score":2}`,                  // given first, told second
		`{"id":"r-1","at":"2026-11-20T10:05:00Z","score":9}`,                  // a correction
		`{"id":"r-1","at":"2026-11-20T10:01:00Z","score":3,"comment":"Hmm"}`,  // overtaken by all of them
		`{"id":"r-1","at":"2026-11-20T10:06:00Z","comment":"Livré, enfin !"}`, // another
	} {
		require.Equal(t, 200, l.post("/v1/hooks/generic/open", body).code)
		l.eventually(func() bool { return l.count("pushes_total", "answered") == float64(n+1) })
	}
	events := l.events()
	require.Len(t, events, 4, "what was overtaken changes nothing")
	answers := events[3].GetResponse().GetAnswers()
	require.Len(t, answers, 2)
	score, comment := answers[0], answers[1]
	if score.Value == nil {
		score, comment = comment, score
	}
	require.InDelta(t, 9, score.GetValue(), 0)
	require.Equal(t, "Livré, enfin !", comment.GetVerbatim())
	require.InDelta(t, 2, valueOf(events[1].GetResponse()), 0)
}

// valueOf is the score of a response that has one.
func valueOf(r *eventsv1.Response) float64 {
	for _, a := range r.GetAnswers() {
		if a.Value != nil {
			return a.GetValue()
		}
	}
	return -1
}
