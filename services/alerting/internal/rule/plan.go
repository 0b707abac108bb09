package rule

import (
	"regexp"
	"strings"
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
		skill := r.skill(node)
		name, _, _ := strings.Cut(skill, ":")
		if name != "" && seen[name] {
			r.wrong(r.at(node), "the skill %q is there twice", name)
		}
		seen[name] = true
		out = append(out, skill)
	}
	return out
}

// leveled is a skill at a level of 1 to 10; without a level any will do.
var leveled = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}(:([1-9]|10))?$`)

func (r *reader) skill(n *yaml.Node) string {
	text, ok := r.text(n, "a skill")
	if ok && !leveled.MatchString(text) {
		r.wrong(r.at(n), "a skill must be 1 to 64 letters, digits, _ or -, and may ask for a level of 1 to 10, as billing:3")
	}
	return text
}

func (r *reader) within(n *yaml.Node) *durationpb.Duration {
	d, err := time.ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || d <= 0 || d > maxAttempt {
		r.wrong(r.at(n), "callback.first_attempt_within must be a time like 30m, 4h or 1h30m, at most 2160h (90 days)")
		return nil
	}
	return durationpb.New(d)
}
