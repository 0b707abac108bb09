package callbackqueue

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// SLA is what customers are promised whose callback is of some queues and
// severities.
type SLA struct {
	// Name is the policy's own: 1 to 64 letters, digits, _ or -.
	Name string `koanf:"name"`
	// Queues and Severities (low, medium, high, critical) are whom it is for; none is
	// for all.
	Queues     []string `koanf:"queues"`
	Severities []string `koanf:"severities"`
	// FirstAttemptWithin and ResolvedWithin are how much time there is, counted in the
	// hours in which the customer can be called; without the first
	// callback.first_attempt_within holds, without the second none is promised.
	FirstAttemptWithin time.Duration `koanf:"first_attempt_within"`
	ResolvedWithin     time.Duration `koanf:"resolved_within"`
	// WarnAt is the share of the time after which a warning is due, as 80%; 0% warns
	// of nothing, and without it callback.warn_at holds.
	WarnAt string `koanf:"warn_at"`
	// Steps are the steps of escalation, at most 10.
	Steps []SLAStep `koanf:"steps"`
}

// SLAStep is one step of escalation; it does at least one thing.
type SLAStep struct {
	// When is the mark it comes after: first_attempt_warning, first_attempt_breach,
	// resolution_warning or resolution_breach.
	When string `koanf:"when"`
	// After is how long after the mark, in the hours in which the customer can be
	// called.
	After time.Duration `koanf:"after"`
	// Points are added to the priority, 1 to 100.
	Points int `koanf:"points"`
	// OnlySkills are all that is asked for from then on, as billing or billing:3;
	// AnySkills asks for none.
	OnlySkills []string `koanf:"only_skills"`
	AnySkills  bool     `koanf:"any_skills"`
	// Queue is where it goes on waiting.
	Queue string `koanf:"queue"`
	// Notify is the role that should know.
	Notify string `koanf:"notify"`
}

var severities = map[string]callback.Severity{
	"low": callback.Low, "medium": callback.Medium, "high": callback.High, "critical": callback.Critical,
}

var marks = map[string]struct {
	target callback.Target
	mark   callback.Mark
}{
	"first_attempt_warning": {callback.FirstAttempt, callback.Warning},
	"first_attempt_breach":  {callback.FirstAttempt, callback.Breach},
	"resolution_warning":    {callback.Resolution, callback.Warning},
	"resolution_breach":     {callback.Resolution, callback.Breach},
}

// slas reads the policies, and names everything that is wrong.
func (c Config) slas() ([]callback.SLAPolicy, error) {
	var all []callback.SLAPolicy
	var wrong []error
	names := map[string]bool{}
	for i, s := range c.SLAs {
		at := fmt.Sprintf("slas[%d]", i)
		if subject.CheckToken(s.Name) != nil {
			wrong = append(wrong, fmt.Errorf("%s.name: must be 1 to 64 letters, digits, _ or -", at))
		} else {
			at = "slas." + s.Name
		}
		if names[s.Name] {
			wrong = append(wrong, fmt.Errorf("%s: is there twice", at))
		}
		names[s.Name] = true
		policy, err := s.read(c.WarnAt)
		wrong = append(wrong, prefixed(at, err))
		all = append(all, policy)
	}
	return all, errors.Join(wrong...)
}

func (s SLA) read(warnAt string) (callback.SLAPolicy, error) {
	p := callback.SLAPolicy{Name: s.Name, Queues: s.Queues, FirstAttemptWithin: s.FirstAttemptWithin, ResolvedWithin: s.ResolvedWithin}
	var wrong []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Errorf(format, args...))
		}
	}
	for _, q := range s.Queues {
		check(subject.CheckToken(q) == nil, "queues: %q is no queue: 1 to 64 letters, digits, _ or -", q)
	}
	for _, word := range s.Severities {
		severity, ok := severities[word]
		check(ok, "severities: %q is none of low, medium, high and critical", word)
		p.Severities = append(p.Severities, severity)
	}
	check(s.FirstAttemptWithin >= 0, "first_attempt_within: must not be negative")
	check(s.ResolvedWithin >= 0, "resolved_within: must not be negative")
	if s.WarnAt != "" {
		warnAt = s.WarnAt
	}
	var err error
	p.WarnAt, err = share(warnAt)
	check(err == nil || s.WarnAt == "", "warn_at: must be 0%% to 99%%") // whose it is says so
	check(len(s.Steps) <= callback.MaxSteps, "steps: are more than %d", callback.MaxSteps)
	for i, step := range s.Steps {
		one, err := step.read()
		wrong = append(wrong, prefixed(fmt.Sprintf("steps[%d]", i), err))
		check(one.Target != callback.Resolution || s.ResolvedWithin > 0, "steps[%d].when: no resolution is promised", i)
		check(one.Since != callback.Warning || p.WarnAt > 0, "steps[%d].when: no warning is given", i)
		p.Steps = append(p.Steps, one)
	}
	return p, errors.Join(wrong...)
}

func (s SLAStep) read() (callback.Step, error) {
	mark, known := marks[s.When]
	step := callback.Step{
		Target: mark.target, Since: mark.mark, After: s.After, Points: s.Points,
		Widen: s.AnySkills || len(s.OnlySkills) > 0, Queue: s.Queue, Role: s.Notify,
	}
	var wrong []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Errorf(format, args...))
		}
	}
	check(known, "when: must be first_attempt_warning, first_attempt_breach, resolution_warning or resolution_breach")
	check(s.After >= 0, "after: must not be negative")
	check(s.Points >= 0 && s.Points <= 100, "points: must be 1 to 100")
	check(!s.AnySkills || len(s.OnlySkills) == 0, "any_skills: leaves none for only_skills")
	for _, text := range s.OnlySkills {
		skill, ok := callback.ParseSkill(text)
		check(ok, "only_skills: %q is no skill, as billing or billing:3", text)
		step.WidenTo = append(step.WidenTo, skill)
	}
	check(s.Queue == "" || subject.CheckToken(s.Queue) == nil, "queue: must be 1 to 64 letters, digits, _ or -")
	check(s.Notify == "" || subject.CheckToken(s.Notify) == nil, "notify: must be 1 to 64 letters, digits, _ or -")
	check(s.Points != 0 || step.Widen || s.Queue != "" || s.Notify != "", "points: or only_skills, any_skills, queue or notify is required")
	return step, errors.Join(wrong...)
}

// share reads a percentage from 0% to 99%.
func share(text string) (float64, error) {
	digits, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	n, err := strconv.Atoi(digits)
	if !percent || err != nil || n < 0 || n > 99 {
		return 0, errors.New("must be 0% to 99%")
	}
	return float64(n) / 100, nil
}
