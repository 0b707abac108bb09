package callback

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// MaxSkillLevel is the highest level a skill is had, or asked for, at.
const MaxSkillLevel = 10

// Skill is a skill at a level, 1 to MaxSkillLevel. Whoever has it at a level has
// it at all levels below.
type Skill struct {
	Name  string
	Level int
}

// ParseSkill reads a skill as rules name it: `billing`, or `billing:3` for level 3
// and more. ok is false for what is neither.
func ParseSkill(text string) (s Skill, ok bool) {
	name, level, leveled := strings.Cut(text, ":")
	s = Skill{Name: name, Level: 1}
	if leveled {
		n, err := strconv.Atoi(level)
		if err != nil || strconv.Itoa(n) != level {
			return s, false
		}
		s.Level = n
	}
	return s, isName(name) && s.Level >= 1 && s.Level <= MaxSkillLevel
}

// String is what ParseSkill reads; level 1 goes without saying.
func (s Skill) String() string {
	if s.Level <= 1 {
		return s.Name
	}
	return s.Name + ":" + strconv.Itoa(s.Level)
}

// Needs are what a callback asks of the agent who takes it.
type Needs struct {
	// Queue is the queue it waits in.
	Queue string
	// Language is the language to speak, as `fr`: of a BCP 47 tag the first part
	// decides. It is empty when that is not known.
	Language string
	// Skills are all needed; sorted by name, none twice.
	Skills []Skill
	// Preferred is the agent whom it is kept for; empty when for nobody.
	Preferred string
	// Zone and Country say when the customer may be called: their time zone, IANA's, or
	// those that they may live in, with spaces between, and the country of their phone
	// number, ISO 3166. Empty when they are not known.
	Zone, Country string
}

// Needs returns what the callback asks for. A skill that ParseSkill can't read is
// asked for as it stands: nobody has it, and a supervisor sees that.
func (c *Callback) Needs() Needs {
	n := Needs{
		Queue: c.Queue, Language: BaseLanguage(c.Language), Skills: skillsOf(c.Skills),
		Zone: c.zoneName(), Country: c.Country,
	}
	if c.State == Pending && c.Preferred != nil {
		n.Preferred = c.Preferred.AgentID
	}
	return n
}

func skillsOf(texts []string) []Skill {
	if len(texts) == 0 {
		return nil
	}
	skills := make([]Skill, 0, len(texts))
	for _, text := range texts {
		s, ok := ParseSkill(text)
		if !ok {
			s = Skill{Name: text, Level: 1}
		}
		skills = append(skills, s)
	}
	slices.SortFunc(skills, func(a, b Skill) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(b.Level, a.Level))
	})
	return slices.CompactFunc(skills, func(a, b Skill) bool { return a.Name == b.Name })
}

// BaseLanguage is the language of a BCP 47 tag, in small letters: `fr` of
// `fr-CA`. It is empty for what names no language.
func BaseLanguage(tag string) string {
	base := strings.ToLower(tag)
	if i := strings.IndexAny(base, "-_"); i >= 0 {
		base = base[:i]
	}
	if len(base) < 2 || len(base) > 3 || strings.ContainsFunc(base, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return ""
	}
	return base
}

// Line is all but the queue as one word without spaces: callbacks of a queue with
// the same Line can be taken by the same agents, at the same hours. ParseLine reads
// it. It depends on the callback alone: an index that was built under another
// configuration is right. What is made of it is written into indexes: another form
// needs a new format of theirs.
//
//	language / skill , skill:level / zone , country / agent it is kept for
//
// Empty parts at the end are left out, but for the first stroke.
func (n Needs) Line() string {
	if n.Language == "" && len(n.Skills) == 0 && n.Preferred == "" && n.Zone == "" && n.Country == "" {
		return "/"
	}
	var b strings.Builder
	b.WriteString(n.Language)
	b.WriteByte('/')
	for i, s := range n.Skills {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(url.QueryEscape(s.Name))
		if s.Level > 1 {
			b.WriteByte(':')
			b.WriteString(strconv.Itoa(s.Level))
		}
	}
	if n.Preferred != "" || n.Zone != "" || n.Country != "" {
		b.WriteByte('/')
		b.WriteString(url.QueryEscape(n.Zone))
		b.WriteByte(',')
		b.WriteString(n.Country)
	}
	if n.Preferred != "" {
		b.WriteByte('/')
		b.WriteString(url.QueryEscape(n.Preferred))
	}
	return b.String()
}

// ParseLine returns the needs of the callbacks of a queue with this Line. What
// Line never makes needs nothing more than the queue.
func ParseLine(queue, line string) Needs {
	n := Needs{Queue: queue}
	language, rest, _ := strings.Cut(line, "/")
	skills, rest, _ := strings.Cut(rest, "/")
	where, preferred, _ := strings.Cut(rest, "/")
	zone, country, _ := strings.Cut(where, ",")
	n.Language, n.Country = language, country
	n.Zone, _ = url.QueryUnescape(zone)
	n.Preferred, _ = url.QueryUnescape(preferred)
	if skills == "" {
		return n
	}
	for text := range strings.SplitSeq(skills, ",") {
		name, level, _ := strings.Cut(text, ":")
		s := Skill{Level: 1}
		s.Name, _ = url.QueryUnescape(name)
		if l, err := strconv.Atoi(level); err == nil {
			s.Level = l
		}
		n.Skills = append(n.Skills, s)
	}
	return n
}
