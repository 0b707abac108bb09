package queue

import (
	"slices"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// narrow limits what an agent takes to what the request asks for. Of what asks for no
// language it is not known that it is one of those, and what asks for no skill is anybody's.
func (r ClaimRequest) narrow(fits Fit) Fit {
	if len(r.Languages) == 0 && len(r.Skills) == 0 {
		return fits
	}
	return func(name, line string) (int64, bool) {
		n := callback.ParseLine(name, line)
		if len(r.Languages) > 0 && !slices.ContainsFunc(r.Languages, func(tag string) bool { return n.Language != "" && callback.BaseLanguage(tag) == n.Language }) {
			return 0, false
		}
		if len(r.Skills) > 0 && !slices.ContainsFunc(n.Skills, func(s callback.Skill) bool { return slices.Contains(r.Skills, s.Name) }) {
			return 0, false
		}
		return fits(name, line)
	}
}
