package callback

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// met counts, as docs/callback.md says: of all events, what was kept and what was missed.
type met struct{ kept, missed int }

type counted struct{ queue, team, agent map[string]met }

func count(events []Event, t Target) counted {
	c := counted{map[string]met{}, map[string]met{}, map[string]met{}}
	for _, e := range events {
		for _, o := range e.SLA {
			if o.Target != t {
				continue
			}
			for by, name := range map[*map[string]met]string{&c.queue: o.Queue, &c.team: o.Team, &c.agent: o.AgentID} {
				m := (*by)[name]
				if o.Kept {
					m.kept++
				} else {
					m.missed++
				}
				(*by)[name] = m
			}
		}
	}
	return c
}

// Percent met per queue, team and agent: each promise counts once, when it is decided, for
// whoever had it in hand then; a reopening promises anew, and takes nothing back.
func TestPercentMetIsCountable(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.policy.SLAs = []SLAPolicy{{Name: "quick", FirstAttemptWithin: time.Hour, ResolvedWithin: 4 * time.Hour}}
	var events []Event
	do := func(cmds ...Command) {
		for _, cmd := range cmds {
			events = append(events, s.do(cmd))
		}
	}
	claim := func(agent, team string) []Command {
		return []Command{Claim{AgentID: agent, Team: team}, StartAttempt{AgentID: agent}}
	}
	do(take("a1"))
	s.pass(30 * time.Minute)
	do(claim(amina, "lille")...) // the first attempt is hers, and in time
	do(noReply)
	do(Transfer{Queue: "experts", Reason: "technical", By: "sam"})
	s.now = s.cb().SLA.Resolved.DueAt
	do(CheckSLA{}) // missed while it waits: nobody's but the queue's
	do(claim(bruno, "lyon")...)
	do(EndAttempt{AgentID: bruno, Outcome: Reached})
	do(Complete{AgentID: bruno, Outcome: Resolved, RootCause: "x", Note: "y"})
	do(Reopen{Reason: "again", By: "sam"})
	s.pass(2 * time.Hour) // no timer has told it yet
	do(claim(bruno, "lyon")...)
	do(EndAttempt{AgentID: bruno, Outcome: Reached})
	do(Complete{AgentID: bruno, Outcome: Resolved, RootCause: "x", Note: "y"})
	require.Equal(t, "lyon", s.cb().lastAttempt().Team)

	first, resolved := count(events, FirstAttempt), count(events, Resolution)
	require.Equal(t, map[string]met{"care": {1, 0}, "experts": {0, 1}}, first.queue)
	require.Equal(t, map[string]met{"lille": {1, 0}, "lyon": {0, 1}}, first.team)
	require.Equal(t, map[string]met{amina: {1, 0}, bruno: {0, 1}}, first.agent)
	require.Equal(t, map[string]met{"experts": {1, 1}}, resolved.queue)
	require.Equal(t, map[string]met{"": {0, 1}, bruno: {1, 0}}, resolved.agent)
}

// What comes to nothing in time is neither; what is then late was missed.
func TestACanceledPromiseCountsOnlyIfItWasMissed(t *testing.T) {
	t.Parallel()
	s := in(t, Pending)
	require.Empty(t, s.do(Cancel{Reason: "moved", By: "sam"}).SLA)
	s = in(t, Pending)
	s.now = s.cb().FirstAttemptDue.Add(time.Minute)
	require.Equal(t, []SLAOutcome{{Target: FirstAttempt, Queue: "care", DueAt: s.cb().FirstAttemptDue}}, s.do(Cancel{Reason: "moved", By: "sam"}).SLA)
}
