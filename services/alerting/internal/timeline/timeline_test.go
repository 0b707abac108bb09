package timeline_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/alerting/internal/timeline"
)

const text = `Somebody is told.

== notify
receivers: []
== timeline
# a remark
at 0s: answer nps=2 theme=price "verbatim=a b" # another
at 10s: silence theme=price severity=~high|low for=2h
at 30s: expect chat,mail NEW firing=1 theme=price
between 1d and 1d2h: expect chat RESOLVED
`

func TestATimelineIsRead(t *testing.T) {
	t.Parallel()
	l, err := timeline.Parse(text)
	require.NoError(t, err)
	require.Equal(t, "Somebody is told.", l.About)
	require.Equal(t, "receivers: []\n", l.Sections["notify"])
	require.Len(t, l.Lines, 4)
	require.Equal(t, &timeline.Action{Verb: "answer", Given: map[string]string{"nps": "2", "theme": "price", "verbatim": "a b"}}, l.Lines[0].Do)
	require.Equal(t, []string{"severity=~high|low"}, l.Lines[1].Do.Words)
	require.Equal(t, &timeline.Expected{Receivers: []string{"chat", "mail"}, Kind: "NEW", Given: map[string]string{"firing": "1", "theme": "price"}}, l.Lines[2].Expect)
	require.Equal(t, [2]time.Duration{24 * time.Hour, 26 * time.Hour}, [2]time.Duration{l.Lines[3].From, l.Lines[3].To})
	for wrong, want := range map[string]string{
		"at noon: x": "line 2: ", "at 1s:": "nothing happens", "in 1s: x": "is neither", "at 1s: expect chat": "needs receivers and a kind",
		"at 1s: expect chat NEW 1": "must be a figure", "between 1s and 2s: ack": "only what is expected", "at 1s: ack \"a": "quote is not closed",
		"at 2s: a\nat 1s: b": "line 3: 1s is before", "== timeline": "another section", "at xd: a": "is no time",
	} {
		_, err := timeline.Parse("== timeline\n" + wrong)
		require.ErrorContains(t, err, want)
	}
}

func told(at time.Duration, receiver, kind string, firing int) timeline.Told {
	return timeline.Told{At: at, Receiver: receiver, Kind: kind, Figures: map[string]int{"firing": firing, "resolved": 0, "step": 0}, Labels: map[string]string{"theme": "price"}}
}

func TestWhatDiffersIsSaid(t *testing.T) {
	t.Parallel()
	l, err := timeline.Parse(text)
	require.NoError(t, err)
	right := []timeline.Told{told(30*time.Second, "mail", "NEW", 1), told(30*time.Second, "chat", "NEW", 1), told(25*time.Hour, "chat", "RESOLVED", 0)}
	require.Empty(t, l.Judge(right))
	require.Equal(t, `line 9: mail was not told so: at 30s: expect chat,mail NEW firing=1 theme=price
line 10: chat was not told so: between 1d and 1d2h: expect chat RESOLVED
at 31s nobody expected: mail NEW firing=1 theme=price
at 31s nobody expected: mail NEW firing=2 theme=price

The whole timeline:
    7  at 0s: answer nps=2 theme=price "verbatim=a b" # another
    8  at 10s: silence theme=price severity=~high|low for=2h
✗   9  at 30s: expect chat,mail NEW firing=1 theme=price
·      at 30s told chat NEW firing=1 theme=price
✗      at 31s told mail NEW firing=1 theme=price
✗      at 31s told mail NEW firing=2 theme=price
✗  10  between 1d and 1d2h: expect chat RESOLVED
`, l.Judge([]timeline.Told{told(30*time.Second, "chat", "NEW", 1), told(31*time.Second, "mail", "NEW", 1), told(31*time.Second, "mail", "NEW", 2)}))
	require.NotEmpty(t, l.Judge(append(right, right[0])), "twice is once too often")
}
