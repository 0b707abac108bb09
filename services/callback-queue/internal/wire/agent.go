package wire

import (
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
)

// Agent is an agent as it is stored and shown. Nothing is left to be absent.
func Agent(a roster.Agent) *eventsv1.Agent {
	m := &eventsv1.Agent{
		Id: a.ID, Languages: a.Languages, Capacity: number(a.Capacity), Team: a.Team, Role: a.Role, Zone: a.Zone,
	}
	for _, s := range a.Skills {
		m.Skills = append(m.Skills, &eventsv1.AgentSkill{Name: s.Name, Level: number(s.Level)})
	}
	for _, q := range a.Queues {
		m.Queues = append(m.Queues, &eventsv1.AgentQueue{Queue: q.Queue, Preference: number(q.Preference)})
	}
	return m
}

// FromAgent reads an agent, as valid as the message is: numbers that are absent
// are 1.
func FromAgent(m *eventsv1.Agent) roster.Agent {
	a := roster.Agent{
		ID: m.GetId(), Languages: m.GetLanguages(), Capacity: orOne(m.GetCapacity(), m != nil && m.Capacity != nil),
		Team: m.GetTeam(), Role: m.GetRole(), Zone: m.GetZone(),
	}
	for _, s := range m.GetSkills() {
		a.Skills = append(a.Skills, callback.Skill{Name: s.GetName(), Level: orOne(s.GetLevel(), s != nil && s.Level != nil)})
	}
	for _, q := range m.GetQueues() {
		a.Queues = append(a.Queues, roster.QueuePreference{Queue: q.GetQueue(), Preference: orOne(q.GetPreference(), q != nil && q.Preference != nil)})
	}
	return a
}

func number(n int) *uint32 {
	m := uint32(n)
	return &m
}

func orOne(n uint32, given bool) int {
	if !given {
		return 1
	}
	return int(n)
}
