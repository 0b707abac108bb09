package agentfile_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/internal/agentfile"
)

func TestTheSampleFile(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../sample/agents.yaml")
	require.NoError(t, err)
	entries, err := agentfile.Load("agents.yaml", text, nil)
	require.NoError(t, err)
	require.Len(t, entries, 4)
	require.True(t, proto.Equal(&eventsv1.Agent{
		Id: "agent-1", Languages: []string{"fr", "en"}, Capacity: proto.Uint32(2), Team: "lille", Role: "senior", Zone: "Europe/Paris",
		Skills: []*eventsv1.AgentSkill{{Name: "billing", Level: proto.Uint32(5)}, {Name: "retention", Level: proto.Uint32(3)}},
		Queues: []*eventsv1.AgentQueue{{Queue: "retention", Preference: proto.Uint32(1)}, {Queue: "default", Preference: proto.Uint32(2)}},
	}, entries[0].Agent), "%v", entries[0].Agent)
	require.Nil(t, entries[1].Agent.Capacity, "absent is not written")
}

const good = `agents:
  - id: amina
    languages: [fr, no] # no is Norwegian, not false
    skills:
      - name: billing
        level: 5
      - {name: vip}
  - id: agent-2
`

func TestWhereAFieldStands(t *testing.T) {
	t.Parallel()
	entries, err := agentfile.Load("f.yaml", []byte(good), nil)
	require.NoError(t, err)
	require.Equal(t, []string{"fr", "no"}, entries[0].Agent.GetLanguages())
	for path, want := range map[string]string{
		"": "f.yaml:2", "id": "f.yaml:2", "languages[1]": "f.yaml:3", "skills": "f.yaml:4", "skills[0]": "f.yaml:5",
		"skills[0].level": "f.yaml:6", "skills[1].level": "f.yaml:7", "skills[9].level": "f.yaml:4", "capacity": "f.yaml:2",
	} {
		require.Equal(t, want, entries[0].Where(path), path)
	}
}

func TestEverythingWrongIsNamedWithItsLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"not yaml":        {"agents: [", "f.yaml:1: not YAML: "},
		"no mapping":      {"- id: amina", "f.yaml:1: must hold agents, as name: value"},
		"another field":   {"agent: []", "f.yaml:1: agent: is not known here; possible are agents"},
		"no list":         {"agents: {id: amina}", "f.yaml:1: agents: must be a list"},
		"two documents":   {good + "---\nagents: []", "f.yaml:9: a second document begins here; a file holds one"},
		"no agent":        {good + "  - 7", "f.yaml:9: must be an object"},
		"a strange key":   {good + "  - {1: 2}", "f.yaml:9: must be an agent, with the fields of the API"},
		"a field twice":   {good + "    id: b\n", `f.yaml:9: mapping key "id" already defined at line 8`},
		"twice":           {good + "  - languages: [fr]\n    id: amina\n", "f.yaml:10: amina is there twice"},
		"a stray field":   {strings.Replace(good, "level:", "lvel:", 1), `f.yaml:6: skills[0].lvel: unknown field; did you mean level?`},
		"a wrong type":    {strings.Replace(good, "level: 5", "level: high", 1), "f.yaml:6: skills[0].level: must be"},
		"what check says": {strings.Replace(good, "agent-2", "agent 2", 1), "f.yaml:8: id: is refused"},
	} {
		_, err := agentfile.Load("f.yaml", []byte(c.text), func(a *eventsv1.Agent) []agentfile.Problem {
			if strings.Contains(a.GetId(), " ") {
				return []agentfile.Problem{{Path: "id", Message: "is refused"}}
			}
			return nil
		})
		require.ErrorContains(t, err, c.want, name)
	}
	for _, nobody := range []string{"", "# nobody\n", "agents:\n", "agents: []"} {
		entries, err := agentfile.Load("f.yaml", []byte(nobody), nil)
		require.NoError(t, err, nobody)
		require.Empty(t, entries)
	}
	_, err := agentfile.Load("f.yaml", []byte("agents: [{capacity: x, id: 7}, {team: []}]\nagent: 1"), nil)
	require.Len(t, strings.Split(err.Error(), "\n"), 4, err)
	_, err = agentfile.Load("f.yaml", []byte("agents:\n"+strings.Repeat("  - {}\n", 10_001)), nil)
	require.EqualError(t, err, "f.yaml:10002: this is the agent too many: a file holds at most 10000")
}

func FuzzLoad(f *testing.F) {
	f.Add(good)
	f.Fuzz(func(_ *testing.T, text string) {
		entries, _ := agentfile.Load("f.yaml", []byte(text), nil)
		for _, e := range entries {
			_ = e.Where("skills[0].level")
		}
	})
}
