package alert_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/alert"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

const wordRules = `version: "1"
rules:
  - name: legal
    when: '"legal_threat" in intents'
`

func read(intents ...eventsv1.Intent) *eventsv1.Score {
	v := &eventsv1.VerbatimAnalysis{}
	for _, i := range intents {
		v.Intents = append(v.Intents, &eventsv1.IntentFound{Intent: i})
	}
	return &eventsv1.Score{Verbatims: []*eventsv1.VerbatimAnalysis{v}}
}

// A correction at the same revision raises, raises again, resolves, or does nothing, by what
// the states that it takes the place of say; its events have ids of their own.
func TestACorrectedAnalysisRaisesAndResolves(t *testing.T) {
	t.Parallel()
	set, err := rule.Load("words", []byte(wordRules), rule.Options{})
	require.NoError(t, err)
	legal, other := read(eventsv1.Intent_LEGAL_THREAT), read(eventsv1.Intent_URGENT)
	for name, c := range map[string]struct {
		now      *eventsv1.Score
		previous *eventsv1.Score
		earlier  []*eventsv1.EarlierScore
		raised   *bool
	}{
		"now it matches":                 {legal, nil, []*eventsv1.EarlierScore{{Score: other}}, proto.Bool(true)},
		"it matched, and does":           {legal, nil, []*eventsv1.EarlierScore{{Score: legal}}, proto.Bool(true)},
		"it no longer matches":           {other, nil, []*eventsv1.EarlierScore{{Score: legal}}, proto.Bool(false)},
		"an older correction matched":    {other, nil, []*eventsv1.EarlierScore{{Score: legal}, {Score: other}}, proto.Bool(false)},
		"the revision before matched":    {other, legal, []*eventsv1.EarlierScore{{Score: other}}, proto.Bool(false)},
		"it did before it was corrected": {other, other, []*eventsv1.EarlierScore{{RevisionBefore: true, Score: legal}}, proto.Bool(false)},
		"it never matched":               {other, other, []*eventsv1.EarlierScore{{RevisionBefore: true, Score: other}, {Score: other}}, nil},
	} {
		e := &eventsv1.ResponseScored{
			Correction: 3, Score: c.now, PreviousScore: c.previous, Earlier: c.earlier,
			Received: &eventsv1.ResponseReceived{Revision: 2, Response: &eventsv1.Response{Id: "r", Survey: "s"}, Previous: &eventsv1.Response{Id: "r", Survey: "s"}},
		}
		events, failures := decide(set, e)
		require.Empty(t, failures)
		if c.raised == nil {
			require.Empty(t, events, name)
			continue
		}
		require.Len(t, events, 1, name)
		require.Equal(t, *c.raised, events[0].Raised(), name)
		require.Equal(t, alert.ID("legal", "s", "r")+"-2-c3", events[0].ID)
	}
}
