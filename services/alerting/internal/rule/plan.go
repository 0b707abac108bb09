package rule

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/types/known/durationpb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// Bounds of a plan.
const (
	maxSkills  = 20
	maxAttempt = 90 * 24 * time.Hour
)

// Bounds of how long an alert stands.
const (
	minStanding = time.Minute
	maxStanding = 30 * 24 * time.Hour
)

// plan reads what a rule asks of the callback queue.
func (r *reader) plan(n *yaml.Node, path string) *eventsv1.CallbackPlan {
	out := &eventsv1.CallbackPlan{}
	given := r.Object(n, path, strictyaml.Fields{
		"queue":                func(n *yaml.Node, path string) { out.Queue = r.token(n, path) },
		"priority":             func(n *yaml.Node, path string) { out.Priority = int32(r.Whole(n, path, 0, 100)) },
		"skills":               func(n *yaml.Node, path string) { out.Skills = r.skills(n, path) },
		"first_attempt_within": func(n *yaml.Node, path string) { out.FirstAttemptWithin = r.within(n, path) },
	})
	if given == nil {
		return nil
	}
	r.Required(n, path, given, "queue", "priority")
	return out
}

func (r *reader) token(n *yaml.Node, path string) string {
	text := r.Text(n, path)
	if err := subject.CheckToken(text); text != "" && err != nil {
		r.Wrong(n, path, "%s", err)
	}
	return text
}

func (r *reader) skills(n *yaml.Node, path string) []string {
	var out []string
	seen := map[string]bool{}
	many := r.List(n, path, func(n *yaml.Node, path string) {
		skill := r.skill(n, path)
		name, _, _ := strings.Cut(skill, ":")
		if name != "" && seen[name] {
			r.Wrong(n, path, "the skill %q is there twice", name)
		}
		seen[name] = true
		out = append(out, skill)
	})
	if many > maxSkills {
		r.Wrong(n, path, "holds more than %d", maxSkills)
	}
	return out
}

// leveled is a skill at a level of 1 to 10; without a level any will do.
var leveled = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}(:([1-9]|10))?$`)

func (r *reader) skill(n *yaml.Node, path string) string {
	text := r.Text(n, path)
	if text != "" && !leveled.MatchString(text) {
		r.Wrong(n, path, "must be 1 to 64 letters, digits, _ or -, and may ask for a level of 1 to 10, as billing:3")
	}
	return text
}

func (r *reader) within(n *yaml.Node, path string) *durationpb.Duration {
	d, err := time.ParseDuration(word(n))
	if err != nil || d <= 0 || d > maxAttempt {
		r.Wrong(n, path, "must be a time like 30m, 4h or 1h30m, at most 2160h (90 days)")
		return nil
	}
	return durationpb.New(d)
}

// standing reads how long an alert stands, in whole minutes: 90m, 4h or 7d.
func (r *reader) standing(n *yaml.Node, path string) *durationpb.Duration {
	text := word(n)
	d, err := time.ParseDuration(text)
	if number, ok := strings.CutSuffix(text, "d"); ok {
		var days uint64
		days, err = strconv.ParseUint(number, 10, 8)
		d = time.Duration(days) * 24 * time.Hour
	}
	if err != nil || d < minStanding || d > maxStanding || d%time.Minute != 0 {
		r.Wrong(n, path, "must be a time in whole minutes like 90m, 4h or 7d, 1m to 30d")
		return nil
	}
	return durationpb.New(d)
}
