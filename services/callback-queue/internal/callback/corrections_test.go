package callback

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestACorrectedAnalysisEnrichesWithdrawsAndCountsAgain(t *testing.T) {
	t.Parallel()
	s := in(t, Assigned)
	again := alert("a1")
	again.Revision, again.Correction = 1, 1
	again.Reason.Words = Words{Sentiment: "NEGATIVE", Intents: []string{"LEGAL_THREAT"}}
	require.Equal(t, EventEnriched, s.do(TakeAlert{Alert: again}).Type)
	require.Equal(t, "NEGATIVE", s.cb().Reasons[0].Words.Sentiment)
	require.EqualValues(t, 1, s.cb().Reasons[0].Correction)
	require.Len(t, s.cb().Reasons, 1, "a rule fires once a response")

	late := alert("a1")
	late.Revision = 1
	s.refuse(ErrNoChange, TakeAlert{Alert: late})
	s.refuse(ErrNoChange, TakeAlert{Alert: again})
	s.refuse(ErrNoChange, withdraw("a1", 1)) // of before the correction

	require.Equal(t, EventCanceled, s.do(WithdrawAlert{AlertID: "a1", Revision: 1, Correction: 2}).Type)
	again.Correction = 3
	require.Equal(t, EventOpened, s.do(TakeAlert{Alert: again}).Type)
}

// Whatever order the events of an alert come in, and however often: what is left is what
// the last of them, by revision and correction, says.
func TestTheLastOfAnAlertCountsInEveryOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		type event struct {
			revision, correction uint32
			raised               bool
		}
		var events []event
		for revision := uint32(1); revision <= 3; revision++ {
			for correction := range uint32(rapid.IntRange(1, 3).Draw(t, "corrections")) {
				events = append(events, event{revision, correction, rapid.Bool().Draw(t, "raised")})
			}
		}
		last := events[len(events)-1]
		agg := NewAggregate(key)
		come := append(rapid.Permutation(events).Draw(t, "order"), rapid.SliceOfN(rapid.SampledFrom(events), 0, 5).Draw(t, "again")...)
		for _, e := range come {
			var cmd Command = WithdrawAlert{AlertID: "a1", Revision: e.revision, Correction: e.correction}
			if e.raised {
				al := alert("a1")
				al.Revision, al.Correction = e.revision, e.correction
				cmd = TakeAlert{Alert: al}
			}
			ev, err := DefaultPolicy().Decide(agg, cmd, t0)
			if errors.Is(err, ErrNoChange) {
				continue
			}
			require.NoError(t, err)
			agg = ev.Next
			agg.Loaded(agg.Seq + 1)
		}
		open := agg.Callback != nil && agg.Callback.State == Pending
		require.Equal(t, last.raised, open, "%v", come)
	})
}
