package mapping

import (
	"errors"
	"os"

	"github.com/ohler55/ojg/jp"
	"go.yaml.in/yaml/v3"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/csvfile"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// maxSize bounds a mapping file.
const maxSize = 256 << 10

// Mapping says what the columns of a file become. It is immutable.
type Mapping struct {
	file  string             // its name in messages
	paths map[string]jp.Expr // by how they are written; nil in a file's mapping

	delimiter byte
	encoding  csvfile.Encoding
	sheet     string

	survey, id, channel, touchpoint *value
	callbackID, purpose             *value
	slots                           []slot
	submittedAt                     *moment
	customer                        map[string]*value // by field of the API
	answers                         []answer
	attributes                      []attribute
	callbackRequested, consent      *yesNo
	skips                           []skip
}

// answer is one question: a metric or a verbatim.
type answer struct {
	metric   eventsv1.Metric
	question string
	source   *value
	scale    *eventsv1.Scale
	when     []condition
}

type attribute struct {
	name   string
	source *value
}

// skip leaves rows out.
type skip struct {
	when   []condition
	reason string
}

// Delimiter is the one declared, or 0.
func (m *Mapping) Delimiter() byte { return m.delimiter }

// Encoding is the one declared, or csvfile.Auto.
func (m *Mapping) Encoding() csvfile.Encoding { return m.encoding }

// Sheet is the name of a workbook's sheet, or empty for the first that shows.
func (m *Mapping) Sheet() string { return m.sheet }

// Load reads a mapping file. The error is a *strictyaml.Error when the file could be
// read.
func Load(path string) (*Mapping, []byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	m, err := Parse(path, data)
	return m, data, err
}

// Parse reads a mapping; file is its name in messages. The error is a *strictyaml.Error:
// every mistake with its line.
func Parse(file string, data []byte) (*Mapping, error) { return parse(file, data, nil) }

func parse(file string, data []byte, paths map[string]jp.Expr) (*Mapping, error) {
	w := &walker{
		Reader: strictyaml.New(strictyaml.Options{File: file, Limit: maxSize, Empty: "is empty: it needs a survey and answers"}),
		paths:  paths,
	}
	var m *Mapping
	if root := w.Document(data); root != nil {
		m = w.mapping(root)
		m.file = file
	}
	if err := w.Err(); err != nil {
		return nil, err
	}
	return m, nil
}

// walker reads a mapping's nodes.
type walker struct {
	*strictyaml.Reader
	paths map[string]jp.Expr // what a body's mapping reads; nil in a file's
}

func (w *walker) mapping(n *yaml.Node) *Mapping {
	m := &Mapping{encoding: csvfile.Auto, customer: map[string]*value{}, paths: w.paths}
	f := strictyaml.Fields{
		"survey":            func(n *yaml.Node, p string) { m.survey = w.survey(n, p) },
		"id":                func(n *yaml.Node, p string) { m.id = w.id(n, p) },
		"channel":           func(n *yaml.Node, p string) { m.channel = w.value(n, p, plainConstant, nil) },
		"touchpoint":        func(n *yaml.Node, p string) { m.touchpoint = w.value(n, p, plainConstant, nil) },
		"submittedAt":       func(n *yaml.Node, p string) { m.submittedAt = w.moment(n, p) },
		"customer":          func(n *yaml.Node, p string) { w.customer(n, p, m) },
		"answers":           func(n *yaml.Node, p string) { w.answers(n, p, m) },
		"attributes":        func(n *yaml.Node, p string) { w.attributes(n, p, m) },
		"callbackRequested": func(n *yaml.Node, p string) { m.callbackRequested = w.yesNo(n, p) },
		"consent": func(n *yaml.Node, p string) {
			w.Object(n, p, strictyaml.Fields{
				"callback": func(n *yaml.Node, p string) { m.consent = w.yesNo(n, p) },
				"purpose":  func(n *yaml.Node, p string) { m.purpose = w.value(n, p, plainConstant, nil) },
			})
		},
		"skip":          func(n *yaml.Node, p string) { w.skips(n, p, m) },
		"callbackId":    func(n *yaml.Node, p string) { m.callbackID = w.value(n, p, plainPlace, nil) },
		"callbackSlots": func(n *yaml.Node, p string) { w.slots(n, p, m) },
	}
	if w.paths == nil {
		f["file"] = func(n *yaml.Node, p string) { w.file(n, p, m) }
	}
	given := w.Object(n, "", f)
	if given == nil {
		return m
	}
	if !given["survey"] {
		w.Wrong(n, "survey", "is required: the survey's name, or the %s that holds it", w.key())
	}
	if !given["answers"] {
		w.Wrong(n, "answers", "is required: at least one metric or verbatim")
	}
	return m
}

func (w *walker) file(n *yaml.Node, path string, m *Mapping) {
	w.Object(n, path, strictyaml.Fields{
		"delimiter": func(n *yaml.Node, path string) {
			var err error
			if m.delimiter, err = csvfile.ParseDelimiter(strictyaml.Follow(n).Value); err != nil {
				w.Wrong(n, path, "%s", err)
			}
		},
		"encoding": func(n *yaml.Node, path string) {
			var err error
			if m.encoding, err = csvfile.ParseEncoding(w.Text(n, path)); err != nil {
				w.Wrong(n, path, "%s", err)
			}
		},
		"sheet": func(n *yaml.Node, path string) { m.sheet = w.Text(n, path) },
	})
}

func (w *walker) survey(n *yaml.Node, path string) *value {
	v := w.value(n, path, plainConstant, nil)
	for _, s := range append([]string{v.constant, v.fallback}, mapValues(v.words)...) {
		if s != "" && errors.Is(subject.CheckToken(s), subject.ErrToken) {
			w.Wrong(n, path, "%q cannot be a survey's name: it %s", s, subject.ErrToken)
		}
	}
	return v
}

// id refuses one id for every row: all would be one response.
func (w *walker) id(n *yaml.Node, path string) *value {
	before := w.Count()
	v := w.value(n, path, plainPlace, nil)
	if len(v.places()) == 0 && w.Count() == before {
		w.Wrong(n, path, "must read at least one %s: the same id each time would make all one response", w.key())
	}
	return v
}

func (w *walker) customer(n *yaml.Node, path string, m *Mapping) {
	f := strictyaml.Fields{}
	for _, name := range []string{"id", "name", "phone", "email", "language", "timeZone"} {
		f[name] = func(n *yaml.Node, path string) {
			var more strictyaml.Fields
			country := ""
			if name == "phone" {
				more = strictyaml.Fields{"country": func(n *yaml.Node, path string) { country = w.country(n, path) }}
			}
			v := w.value(n, path, plainPlace, more)
			v.country = country
			m.customer[name] = v
		}
	}
	w.Object(n, path, f)
}

func (w *walker) attributes(n *yaml.Node, path string, m *Mapping) {
	w.Pairs(n, path, func(key string, n *yaml.Node, path string) {
		m.attributes = append(m.attributes, attribute{key, w.value(n, path, plainPlace, nil)})
	})
}

func (w *walker) skips(n *yaml.Node, path string, m *Mapping) {
	w.List(n, path, func(n *yaml.Node, path string) {
		var s skip
		before := w.Count()
		w.Object(n, path, strictyaml.Fields{
			"when":   func(n *yaml.Node, path string) { s.when = w.conditions(n, path) },
			"reason": func(n *yaml.Node, path string) { s.reason = w.Text(n, path) },
		})
		if w.Count() == before && (len(s.when) == 0 || s.reason == "") {
			w.Wrong(n, path, "must say when, and give a reason that the summary shows")
		}
		m.skips = append(m.skips, s)
	})
}

func mapValues(m map[string]string) []string {
	all := make([]string, 0, len(m))
	for _, v := range m {
		all = append(all, v)
	}
	return all
}
