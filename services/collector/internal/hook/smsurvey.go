package hook

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/rappel-loop/rappel/services/internal/mapping"
)

// smAnswers makes of a response's ids what they stand for, by question.
func (a *API) smAnswers(ctx context.Context, survey string, details any) (any, error) {
	def, cached, err := a.definition(ctx, survey, true)
	if err != nil {
		return nil, err
	}
	answers, complete := resolve(def, details)
	if !complete && cached { // the survey has changed since
		if def, _, err = a.definition(ctx, survey, false); err != nil {
			return nil, err
		}
		answers, _ = resolve(def, details)
	}
	return answers, nil
}

func (a *API) definition(ctx context.Context, survey string, mayBeOld bool) (d definition, cached bool, err error) {
	if d, has := a.surveys.get(survey, time.Now()); has && mayBeOld {
		return d, true, nil
	}
	doc, err := a.get(ctx, bearer, nil, "v3", "surveys", survey, "details")
	if err != nil {
		return nil, false, err
	}
	d = define(doc)
	a.surveys.put(survey, d, time.Now())
	return d, false, nil
}

// definition is what a survey's choices, rows and columns are, by question and id.
type definition map[[2]string]choice

// choice is one of them; its fields are JSON values, nil when the survey does not say.
type choice struct{ text, weight, position any }

func define(doc any) definition {
	d := definition{}
	for _, q := range smPages.All(doc) {
		id := smID.First(q)
		all := append(append(append(smChoices.All(q), smOther.All(q)...), smRows.All(q)...), smCols.All(q)...)
		for _, column := range smCols.All(q) {
			all = append(all, smMenu.All(column)...)
		}
		for _, c := range all {
			d[[2]string{id, smID.First(c)}] = choice{text: value(smText, c), weight: value(smWeight, c), position: value(smPosition, c)}
		}
	}
	return d
}

func value(p mapping.Paths, doc any) any {
	if all := p.All(doc); len(all) > 0 {
		return all[0]
	}
	return nil
}

// resolve returns, by question, lists of what was chosen (choice, weight, position) and
// written (text), of a matrix by row and column besides; false when the definition does
// not know a choice.
func resolve(d definition, details any) (answers any, complete bool) {
	complete = true
	var pairs []any
	for _, q := range smPages.All(details) {
		id := smID.First(q)
		all := &given{}
		for _, a := range smAnswered.All(q) {
			complete = all.add(d, id, a) && complete
		}
		pairs = append(pairs, id, all.document(d, id))
	}
	return mapping.Object(pairs...), complete
}

// given is what was answered to a question, or in one row or column of it.
type given struct {
	id                                 string // of the row or column
	texts, choices, weights, positions []any
	rows, cols                         parts
}

// parts are the rows or columns that were answered, in order.
type parts []*given

func (p *parts) of(id string) *given {
	for _, g := range *p {
		if g.id == id {
			return g
		}
	}
	g := &given{id: id}
	*p = append(*p, g)
	return g
}

func (g *given) add(d definition, question string, answer any) (known bool) {
	at := []*given{g}
	row, col := smRowID.First(answer), smColID.First(answer)
	if row != "" {
		at = append(at, g.rows.of(row))
	}
	if col != "" {
		last := at[len(at)-1]
		at = append(at, last.cols.of(col))
	}
	if t := value(smText, answer); t != nil {
		for _, g := range at {
			g.texts = append(g.texts, t)
		}
	}
	chosen := cmp.Or(smChoice.First(answer), smOtherID.First(answer))
	if chosen == "" {
		return true
	}
	c, known := d[[2]string{question, chosen}]
	for _, g := range at {
		g.choices, g.weights, g.positions = append(g.choices, c.text), append(g.weights, c.weight), append(g.positions, c.position)
	}
	return known
}

func (g *given) document(d definition, question string) any {
	pairs := []any{"text", g.texts, "choice", g.choices, "weight", g.weights, "position", g.positions}
	if g.id != "" {
		pairs = append(pairs, "name", d[[2]string{question, g.id}].text)
	}
	if len(g.rows) > 0 {
		pairs = append(pairs, "rows", g.rows.document(d, question))
	}
	if len(g.cols) > 0 {
		pairs = append(pairs, "cols", g.cols.document(d, question))
	}
	return mapping.Object(pairs...)
}

func (p parts) document(d definition, question string) any {
	var pairs []any
	for _, g := range p {
		pairs = append(pairs, g.id, g.document(d, question))
	}
	return mapping.Object(pairs...)
}

// maxSurveys bounds how many surveys' definitions are remembered.
const maxSurveys = 100

// surveys remembers definitions for a while: the last ones asked for, roughly. A choice
// may get another weight and keep its id, so what is remembered grows wrong unnoticed.
type surveys struct {
	keep time.Duration

	mu    sync.Mutex
	known map[string]remembered
	order []string
}

type remembered struct {
	definition definition
	at         time.Time
}

func newSurveys(keep time.Duration) *surveys {
	return &surveys{keep: keep, known: map[string]remembered{}}
}

func (s *surveys) get(id string, now time.Time) (definition, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, has := s.known[id]
	if !has || now.Sub(d.at) >= s.keep {
		return nil, false
	}
	return d.definition, true
}

func (s *surveys) put(id string, d definition, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, has := s.known[id]; !has {
		s.order = append(s.order, id)
	}
	s.known[id] = remembered{d, now}
	if len(s.order) > maxSurveys {
		delete(s.known, s.order[0])
		s.order = s.order[1:]
	}
}
