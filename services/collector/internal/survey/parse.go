package survey

import (
	"fmt"
	"net/url"
	"os"

	"go.yaml.in/yaml/v3"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// Bounds.
const (
	maxFile      = 256 << 10 // bytes
	maxText      = 2000
	maxMore      = 10
	defaultValid = 30 // days
	mostValid    = 366
)

// Load reads a file. The error is a *strictyaml.Error when the file could be read.
func Load(path string) (*Survey, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, data)
}

// Parse reads a survey; file is its name in messages. The error is a *strictyaml.Error:
// every mistake with its line.
func Parse(file string, data []byte) (*Survey, error) {
	r := &reader{
		Reader: strictyaml.New(strictyaml.Options{File: file, Limit: maxFile, Empty: "is empty: it needs survey, title, question, follow_up and thanks"}),
		file:   file, ids: map[string]int{},
	}
	var s *Survey
	if root := r.Document(data); root != nil {
		s = r.survey(root)
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

// reader reads a survey, and remembers its questions.
type reader struct {
	*strictyaml.Reader
	file string
	ids  map[string]int // line of each question's
}

func (r *reader) survey(n *yaml.Node) *Survey {
	s := &Survey{ValidDays: defaultValid}
	given := r.Object(n, "", strictyaml.Fields{
		"survey": func(n *yaml.Node, path string) {
			s.Name, s.Where = r.token(n, path), fmt.Sprintf("%s:%d", r.file, n.Line)
		},
		"from":       func(n *yaml.Node, path string) { s.From = r.text(n, path) },
		"title":      func(n *yaml.Node, path string) { s.Title = r.text(n, path) },
		"intro":      func(n *yaml.Node, path string) { s.Intro = r.text(n, path) },
		"channel":    func(n *yaml.Node, path string) { s.Channel = r.Text(n, path) },
		"touchpoint": func(n *yaml.Node, path string) { s.Touchpoint = r.Text(n, path) },
		"question":   func(n *yaml.Node, path string) { s.Question = r.first(n, path) },
		"follow_up":  func(n *yaml.Node, path string) { s.FollowUp = r.byMood(n, path) },
		"more":       func(n *yaml.Node, path string) { s.More = r.more(n, path) },
		"callback":   func(n *yaml.Node, path string) { s.Callback = r.callback(n, path) },
		"consent":    func(n *yaml.Node, path string) { s.Consent = r.text(n, path) },
		"purpose":    func(n *yaml.Node, path string) { s.Purpose = r.label(n, path) },
		"privacy":    func(n *yaml.Node, path string) { s.Privacy = r.inBoth(n, path, r.address) },
		"thanks":     func(n *yaml.Node, path string) { s.Thanks = r.byMood(n, path) },
		"valid_days": func(n *yaml.Node, path string) { s.ValidDays = r.Whole(n, path, 1, mostValid) },
		"open":       func(n *yaml.Node, path string) { s.Open = r.open(n, path) },
	})
	r.Required(n, "", given, "survey", "title", "question", "follow_up", "thanks")
	return s
}

// token is what can stand in a subject; "" is a problem.
func (r *reader) token(n *yaml.Node, path string) string {
	s := r.Text(n, path)
	if s != "" && subject.CheckToken(s) != nil {
		r.Wrong(n, path, "%s", subject.ErrToken)
		return ""
	}
	return s
}

func (r *reader) text(n *yaml.Node, path string) Text { return r.inBoth(n, path, r.words) }

const bothLanguages = "must be given in both languages, as {fr: …, en: …}"

// inBoth reads something that is given in each language.
func (r *reader) inBoth(n *yaml.Node, path string, read func(*yaml.Node, string) string) (t Text) {
	if strictyaml.Follow(n).Kind != yaml.MappingNode {
		r.Wrong(n, path, bothLanguages)
		return t
	}
	given := r.Object(n, path, strictyaml.Fields{
		"fr": func(n *yaml.Node, path string) { t.French = read(n, path) },
		"en": func(n *yaml.Node, path string) { t.English = read(n, path) },
	})
	if !given["fr"] || !given["en"] {
		r.Wrong(n, path, bothLanguages)
	}
	return t
}

func (r *reader) words(n *yaml.Node, path string) string {
	s := r.Text(n, path)
	if len(s) > maxText {
		r.Wrong(n, path, "must have at most %d characters", maxText)
	}
	return s
}

func (r *reader) address(n *yaml.Node, path string) string {
	s := r.words(n, path)
	if u, err := url.Parse(s); s != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
		r.Wrong(n, path, "must be an address that begins with https://")
	}
	return s
}

func (r *reader) byMood(n *yaml.Node, path string) (b ByMood) {
	given := r.Object(n, path, strictyaml.Fields{
		"bad":    func(n *yaml.Node, path string) { b.Bad = r.text(n, path) },
		"middle": func(n *yaml.Node, path string) { b.Middle = r.text(n, path) },
		"good":   func(n *yaml.Node, path string) { b.Good = r.text(n, path) },
		"any":    func(n *yaml.Node, path string) { b.Any = r.text(n, path) },
	})
	if given != nil && !given["any"] && (!given["bad"] || !given["middle"] || !given["good"]) {
		r.Wrong(n, path, "must be given for bad, middle and good, or for any")
	}
	return b
}

func (r *reader) more(n *yaml.Node, path string) (all []Question) {
	count := r.List(n, path, func(n *yaml.Node, path string) {
		q, _ := r.question(n, path)
		all = append(all, q)
	})
	if count > maxMore {
		r.Wrong(n, path, "has %d questions, at most %d are asked", count, maxMore)
	}
	return all
}
