package mapping

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/ohler55/ojg/jp"
	"go.yaml.in/yaml/v3"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/csvfile"
)

// maxSize bounds a mapping file.
const maxSize = 256 << 10

// Mapping says what the columns of a file become. It is immutable.
type Mapping struct {
	paths map[string]jp.Expr // by how they are written; nil in a file's mapping

	delimiter byte
	encoding  csvfile.Encoding
	sheet     string

	survey, id, channel, touchpoint *value
	callbackID                      *value
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

// Load reads a mapping file. The error is Problems when the file could be read.
func Load(path string) (*Mapping, []byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	m, err := Parse(data)
	return m, data, err
}

// Parse reads a mapping. The error is Problems: every mistake with its line.
func Parse(data []byte) (*Mapping, error) { return parse(data, &walker{}) }

func parse(data []byte, w *walker) (*Mapping, error) {
	if len(data) > maxSize {
		return nil, Problems{{Message: fmt.Sprintf("the mapping is larger than %d bytes", maxSize)}}
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, Problems{{Message: strings.TrimPrefix(err.Error(), "yaml: ")}}
	}
	if len(doc.Content) == 0 {
		return nil, Problems{{Message: "the mapping is empty"}}
	}
	m := w.mapping(doc.Content[0])
	if err := w.problems.orNil(); err != nil {
		return nil, err
	}
	return m, nil
}

func (w *walker) mapping(n *yaml.Node) *Mapping {
	m := &Mapping{encoding: csvfile.Auto, customer: map[string]*value{}, paths: w.paths}
	answers := false
	f := fields{
		"survey":            func(n *yaml.Node, p string) { m.survey = w.survey(n, p) },
		"id":                func(n *yaml.Node, p string) { m.id = w.id(n, p) },
		"channel":           func(n *yaml.Node, p string) { m.channel = w.value(n, p, plainConstant, nil) },
		"touchpoint":        func(n *yaml.Node, p string) { m.touchpoint = w.value(n, p, plainConstant, nil) },
		"submittedAt":       func(n *yaml.Node, p string) { m.submittedAt = w.moment(n, p) },
		"customer":          func(n *yaml.Node, p string) { w.customer(n, p, m) },
		"answers":           func(n *yaml.Node, p string) { answers = true; w.answers(n, p, m) },
		"attributes":        func(n *yaml.Node, p string) { w.attributes(n, p, m) },
		"callbackRequested": func(n *yaml.Node, p string) { m.callbackRequested = w.yesNo(n, p) },
		"consent": func(n *yaml.Node, p string) {
			w.object(n, p, fields{"callback": func(n *yaml.Node, p string) { m.consent = w.yesNo(n, p) }})
		},
		"skip":          func(n *yaml.Node, p string) { w.skips(n, p, m) },
		"callbackId":    func(n *yaml.Node, p string) { m.callbackID = w.value(n, p, plainPlace, nil) },
		"callbackSlots": func(n *yaml.Node, p string) { w.slots(n, p, m) },
	}
	if w.paths == nil {
		f["file"] = func(n *yaml.Node, p string) { w.file(n, p, m) }
	}
	w.object(n, "", f)
	if resolve(n).Kind != yaml.MappingNode {
		return m
	}
	if m.survey == nil {
		w.add(n, "survey", "is required: the survey's name, or the %s that holds it", w.key())
	}
	if !answers {
		w.add(n, "answers", "is required: at least one metric or verbatim")
	}
	return m
}

func (w *walker) file(n *yaml.Node, path string, m *Mapping) {
	w.object(n, path, fields{
		"delimiter": func(n *yaml.Node, path string) {
			var err error
			if m.delimiter, err = csvfile.ParseDelimiter(resolve(n).Value); err != nil {
				w.add(n, path, "%s", err)
			}
		},
		"encoding": func(n *yaml.Node, path string) {
			var err error
			if m.encoding, err = csvfile.ParseEncoding(w.text(n, path)); err != nil {
				w.add(n, path, "%s", err)
			}
		},
		"sheet": func(n *yaml.Node, path string) { m.sheet = w.text(n, path) },
	})
}

func (w *walker) survey(n *yaml.Node, path string) *value {
	v := w.value(n, path, plainConstant, nil)
	for _, s := range append([]string{v.constant, v.fallback}, mapValues(v.words)...) {
		if s != "" && errors.Is(subject.CheckToken(s), subject.ErrToken) {
			w.add(n, path, "%q cannot be a survey's name: it %s", s, subject.ErrToken)
		}
	}
	return v
}

// id refuses one id for every row: all would be one response.
func (w *walker) id(n *yaml.Node, path string) *value {
	before := len(w.problems)
	v := w.value(n, path, plainPlace, nil)
	if len(v.places()) == 0 && len(w.problems) == before {
		w.add(n, path, "must read at least one %s: the same id each time would make all one response", w.key())
	}
	return v
}

func (w *walker) customer(n *yaml.Node, path string, m *Mapping) {
	f := fields{}
	for _, name := range []string{"id", "name", "phone", "email", "language", "timeZone"} {
		f[name] = func(n *yaml.Node, path string) {
			var more fields
			country := ""
			if name == "phone" {
				more = fields{"country": func(n *yaml.Node, path string) { country = w.country(n, path) }}
			}
			v := w.value(n, path, plainPlace, more)
			v.country = country
			m.customer[name] = v
		}
	}
	w.object(n, path, f)
}

func (w *walker) attributes(n *yaml.Node, path string, m *Mapping) {
	w.pairs(n, path, func(key string, n *yaml.Node, path string) {
		m.attributes = append(m.attributes, attribute{key, w.value(n, path, plainPlace, nil)})
	})
}

func (w *walker) skips(n *yaml.Node, path string, m *Mapping) {
	w.list(n, path, func(n *yaml.Node, path string) {
		var s skip
		before := len(w.problems)
		w.object(n, path, fields{
			"when":   func(n *yaml.Node, path string) { s.when = w.conditions(n, path) },
			"reason": func(n *yaml.Node, path string) { s.reason = w.text(n, path) },
		})
		if len(w.problems) == before && (len(s.when) == 0 || s.reason == "") {
			w.add(n, path, "must say when, and give a reason that the summary shows")
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
