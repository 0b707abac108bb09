package roster

import (
	"slices"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// Lack is why an agent cannot take a callback, whoever is at their desk; the
// words are those of the API.
type Lack string

// The lacks.
const (
	// LackQueue: the agent does not work in the queue.
	LackQueue Lack = "QUEUE"
	// LackLanguage: the agent does not speak the language.
	LackLanguage Lack = "LANGUAGE"
	// LackSkill: the agent lacks a skill, or has it at too low a level.
	LackSkill Lack = "SKILL"
)

// Fits reports whether the agent can take a callback with these needs, and how
// much the agent prefers its queue: 1 is most. Otherwise lacks says why not, and
// which skills are missing.
func (a *Agent) Fits(n callback.Needs) (preference int, lacks []Lack, missing []callback.Skill) {
	preference = 1
	if len(a.Queues) > 0 {
		i := slices.IndexFunc(a.Queues, func(q QueuePreference) bool { return q.Queue == n.Queue })
		if i < 0 {
			lacks = append(lacks, LackQueue)
		} else {
			preference = a.Queues[i].Preference
		}
	}
	if n.Language != "" && len(a.Languages) > 0 && !slices.Contains(a.Languages, n.Language) {
		lacks = append(lacks, LackLanguage)
	}
	for _, need := range n.Skills {
		if !slices.ContainsFunc(a.Skills, func(s callback.Skill) bool { return s.Name == need.Name && s.Level >= need.Level }) {
			missing = append(missing, need)
		}
	}
	if len(missing) > 0 {
		lacks = append(lacks, LackSkill)
	}
	return preference, lacks, missing
}
