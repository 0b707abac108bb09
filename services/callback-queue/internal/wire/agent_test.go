package wire_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/wire"
)

func drawSkill(t *rapid.T) callback.Skill {
	return callback.Skill{Name: texts.Draw(t, "skill"), Level: rapid.IntRange(1, 10).Draw(t, "level")}
}

func drawAgentQueue(t *rapid.T) roster.QueuePreference {
	return roster.QueuePreference{Queue: texts.Draw(t, "queue"), Preference: rapid.IntRange(1, 10).Draw(t, "preference")}
}

func TestAgentsComeBackAsTheyWent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := roster.Agent{
			ID: texts.Draw(t, "id"), Skills: some(t, "skills", drawSkill), Queues: some(t, "queues", drawAgentQueue),
			Languages: some(t, "languages", func(t *rapid.T) string { return texts.Draw(t, "language") }),
			Capacity:  rapid.IntRange(1, 50).Draw(t, "capacity"),
			Team:      texts.Draw(t, "team"), Role: texts.Draw(t, "role"), Zone: texts.Draw(t, "zone"),
		}
		body, err := proto.Marshal(wire.Agent(a))
		require.NoError(t, err)
		stored := &eventsv1.Agent{}
		require.NoError(t, proto.Unmarshal(body, stored))
		require.Equal(t, a, wire.FromAgent(stored))
	})
}

// Zero is what somebody wrote, and wrong; absent is one.
func TestAbsentNumbersAreOne(t *testing.T) {
	t.Parallel()
	absent := wire.FromAgent(&eventsv1.Agent{Id: "a", Skills: []*eventsv1.AgentSkill{{Name: "s"}}, Queues: []*eventsv1.AgentQueue{{Queue: "q"}}})
	require.Equal(t, roster.Agent{
		ID: "a", Capacity: 1, Skills: []callback.Skill{{Name: "s", Level: 1}}, Queues: []roster.QueuePreference{{Queue: "q", Preference: 1}},
	}, absent)
	require.NoError(t, absent.Validate())
	zero := wire.FromAgent(&eventsv1.Agent{
		Id: "a", Capacity: proto.Uint32(0), Skills: []*eventsv1.AgentSkill{{Name: "s", Level: proto.Uint32(0)}},
		Queues: []*eventsv1.AgentQueue{{Queue: "q", Preference: proto.Uint32(0)}},
	})
	var invalid *roster.ValidationError
	require.ErrorAs(t, zero.Validate(), &invalid)
	require.Len(t, invalid.Fields, 3)
	require.Equal(t, roster.Agent{Capacity: 1}, wire.FromAgent(nil))
}
