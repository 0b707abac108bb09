package roster_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/roster"
)

func amina() roster.Agent {
	return roster.Agent{
		ID:        "amina",
		Skills:    []callback.Skill{{Name: "billing", Level: 5}, {Name: "vip", Level: 1}},
		Languages: []string{"fr", "en"},
		Queues:    []roster.QueuePreference{{Queue: "retention", Preference: 1}, {Queue: "default", Preference: 3}},
		Capacity:  2, Team: "lille", Role: "senior", Zone: "Europe/Paris",
	}
}

func TestValidateNamesEveryWrongField(t *testing.T) {
	t.Parallel()
	good := amina()
	require.NoError(t, good.Validate())
	least := roster.Agent{ID: "b", Capacity: 1}
	require.NoError(t, least.Validate())
	bad := roster.Agent{
		ID: "a b", Skills: []callback.Skill{{Name: "x", Level: 0}, {Name: "x:y", Level: 2}, {Name: "z", Level: 3}, {Name: "z", Level: 4}},
		Languages: []string{"fr", "FR", "fr"}, Queues: []roster.QueuePreference{{Queue: "", Preference: 11}, {Queue: "q", Preference: 1}, {Queue: "q", Preference: 2}},
		Capacity: 51, Team: "é", Role: "r r", Zone: "Mars/Olympus",
	}
	var invalid *roster.ValidationError
	require.ErrorAs(t, bad.Validate(), &invalid)
	var fields []string
	for _, f := range invalid.Fields {
		fields = append(fields, f.Field)
	}
	require.Equal(t, []string{
		"id", "capacity", "team", "role", "zone", "skills[0]", "skills[1]", "skills[3]", "languages[1]", "languages[2]",
		"queues[0].queue", "queues[0].preference", "queues[2]",
	}, fields)
}

func TestFits(t *testing.T) {
	t.Parallel()
	anybody := roster.Agent{ID: "anybody", Capacity: 1}
	skill := func(name string, level int) callback.Skill { return callback.Skill{Name: name, Level: level} }
	for name, c := range map[string]struct {
		agent      roster.Agent
		needs      callback.Needs
		preference int
		lacks      []roster.Lack
		missing    []callback.Skill
	}{
		"works there":                     {amina(), callback.Needs{Queue: "retention"}, 1, nil, nil},
		"works there less gladly":         {amina(), callback.Needs{Queue: "default", Language: "en"}, 3, nil, nil},
		"works elsewhere":                 {amina(), callback.Needs{Queue: "sales"}, 1, []roster.Lack{roster.LackQueue}, nil},
		"does not speak it":               {amina(), callback.Needs{Queue: "retention", Language: "de"}, 1, []roster.Lack{roster.LackLanguage}, nil},
		"has the skill at a higher level": {amina(), callback.Needs{Queue: "retention", Skills: []callback.Skill{skill("billing", 4), skill("vip", 1)}}, 1, nil, nil},
		"has it at too low a level":       {amina(), callback.Needs{Queue: "retention", Skills: []callback.Skill{skill("billing", 6)}}, 1, []roster.Lack{roster.LackSkill}, []callback.Skill{skill("billing", 6)}},
		"lacks everything": {
			amina(),
			callback.Needs{Queue: "sales", Language: "de", Skills: []callback.Skill{skill("legal", 1)}},
			1,
			[]roster.Lack{roster.LackQueue, roster.LackLanguage, roster.LackSkill},
			[]callback.Skill{skill("legal", 1)},
		},
		"of whom nothing is said: queue and language": {anybody, callback.Needs{Queue: "sales", Language: "de"}, 1, nil, nil},
		"of whom nothing is said: a skill":            {anybody, callback.Needs{Queue: "sales", Skills: []callback.Skill{skill("legal", 1)}}, 1, []roster.Lack{roster.LackSkill}, []callback.Skill{skill("legal", 1)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			preference, lacks, missing := c.agent.Fits(c.needs)
			require.Equal(t, c.preference, preference)
			require.Equal(t, c.lacks, lacks)
			require.Equal(t, c.missing, missing)
		})
	}
}
