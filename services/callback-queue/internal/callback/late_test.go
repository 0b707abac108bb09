package callback

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A complaint that comes while the phone rings, and nobody answers, is promised what its
// severity is; the gap after the try does not outlast that.
func TestAComplaintDuringACallThatReachesNobodyHasItsPromise(t *testing.T) {
	t.Parallel()
	for name, outcome := range map[string]AttemptOutcome{"a try": NoAnswer, "none": TechnicalFailure} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			s.policy.SLAs = []SLAPolicy{
				{Name: "critical", Severities: []Severity{Critical}, FirstAttemptWithin: time.Hour, WarnAt: 0.5, Steps: []Step{{Target: FirstAttempt, Since: Breach, Points: 20}}},
				{Name: "usual", FirstAttemptWithin: 100 * time.Hour},
			}
			for _, cmd := range []Command{take("a1"), Claim{AgentID: amina}, StartAttempt{AgentID: amina}} {
				s.do(cmd)
			}
			al := alert("a2")
			al.Severity, al.RaisedAt = Critical, s.now
			s.do(TakeAlert{Alert: al})
			raised := s.now
			s.pass(time.Minute)
			s.do(EndAttempt{AgentID: amina, Outcome: outcome})
			require.Equal(t, Pending, s.cb().State)
			require.Equal(t, raised.Add(time.Hour), s.cb().FirstAttemptDue)
			require.Equal(t, "critical", s.cb().SLA.Policy)
			require.Len(t, s.cb().SLA.Steps, 1)
			require.Equal(t, raised.Add(30*time.Minute), s.cb().ReadyAt())
		})
	}
}
