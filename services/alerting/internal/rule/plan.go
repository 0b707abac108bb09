package rule

import (
	"time"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/types/known/durationpb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
)

// Bounds of a plan.
const (
	maxSkills  = 20
	maxAttempt = 90 * 24 * time.Hour
)

// plan reads what a rule asks of the callback queue.
func (r *reader) plan(n *yaml.Node) *eventsv1.CallbackPlan {
	f := r.fields(n, "callback", "queue", "priority", "skills", "first_attempt_within")
	if f == nil {
		return nil
	}
	out := &eventsv1.CallbackPlan{}
	if q := f["queue"]; q == nil {
		r.wrong(r.at(n), "callback.queue is missing")
	} else {
		out.Queue = r.token(q, "callback.queue")
	}
	if p := f["priority"]; p == nil {
		r.wrong(r.at(n), "callback.priority is missing: 0 to 100")
	} else {
		out.Priority = int32(r.integer(p, "callback.priority", 0, 100))
	}
	if s := f["skills"]; s != nil {
		out.Skills = r.skills(s)
	}
	if w := f["first_attempt_within"]; w != nil {
		out.FirstAttemptWithin = r.within(w)
	}
	return out
}

func (r *reader) token(n *yaml.Node, what string) string {
	text, ok := r.text(n, what)
	if !ok {
		return ""
	}
	if err := subject.CheckToken(text); err != nil {
		r.wrong(r.at(n), "%s %s", what, err)
	}
	return text
}

func (r *reader) skills(n *yaml.Node) []string {
	nodes := r.items(n, "callback.skills")
	if len(nodes) > maxSkills {
		r.wrong(r.at(n), "callback.skills holds more than %d", maxSkills)
	}
	var out []string
	seen := map[string]bool{}
	for _, node := range nodes {
		skill := r.token(node, "a skill")
		if skill != "" && seen[skill] {
			r.wrong(r.at(node), "the skill %q is there twice", skill)
		}
		seen[skill] = true
		out = append(out, skill)
	}
	return out
}

func (r *reader) within(n *yaml.Node) *durationpb.Duration {
	d, err := time.ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || d <= 0 || d > maxAttempt {
		r.wrong(r.at(n), "callback.first_attempt_within must be a time like 30m, 4h or 1h30m, at most 2160h (90 days)")
		return nil
	}
	return durationpb.New(d)
}
