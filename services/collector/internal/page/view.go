package page

import (
	"strconv"

	"github.com/rappel-loop/rappel/services/collector/internal/survey"
)

// document is what the page is made of.
type document struct {
	Lang     survey.Language
	Say      *words
	Nonce    string
	From     string
	Title    string
	Intro    string
	Text     string // where there is no form
	Action   string
	Other    link
	Step     string // 1 or 2, where there is a form
	Send     bool   // a script sends it at once
	Framed   bool   // a page of another site may show it
	Problems []problem
	Scales   []scale
	Areas    []area
	Call     *call
	Consent  string
	Privacy  string
	Back     string // where the first answer can be changed
	BackText string
	Submit   string
}

type link struct {
	Lang survey.Language
	Text string
	URL  string
}

type option struct {
	Name, Text string
	On         bool
}

// scale is a question with values to choose from.
type scale struct {
	Field, Text, Low, High, Problem string
	Wide                            bool // many values, each a number
	Values                          []option
}

// On puts the page beside a scale, for its template.
func (s scale) On(page *document) map[string]any { return map[string]any{"Scale": s, "Page": page} }

// area is a question for words.
type area struct{ Field, Text, Value string }

// call is the offer to be called.
type call struct {
	Text        string
	On          bool
	Known       bool   // a number to be called at
	Keep        string // what becomes of what is left empty
	Inputs      []input
	Times       []option
	SlotProblem string
}

// step is the page of a step again, with what is to be mended.
func (v *visit) step(f *form, last bool, problems []problem) *document {
	if last && f.first != nil {
		return v.second(f, problems)
	}
	return v.first(f, false, problems)
}

func (v *visit) head(problems []problem) *document {
	return &document{
		Title: v.survey.Title.In(v.lang), Intro: v.survey.Intro.In(v.lang), Problems: problems,
		Consent: v.survey.Consent.In(v.lang), Privacy: v.survey.Privacy.In(v.lang),
	}
}

func (v *visit) first(f *form, send bool, problems []problem) *document {
	d := v.head(problems)
	d.Step, d.Send, d.Submit = "1", send, v.say().Next
	d.Scales = []scale{v.scale(&v.survey.Question, f.first, problems)}
	return d
}

func (v *visit) second(f *form, problems []problem) *document {
	d := v.head(problems)
	d.Intro, d.Step, d.Submit = "", "2", v.say().Send
	d.Back, d.BackText = v.link("1"), v.say().given(v.survey.Question.Label(*f.first, v.lang))
	d.Areas = append(d.Areas, area{"q-" + survey.FollowUpID, v.survey.FollowUp.Of(f.mood()).In(v.lang), f.words[survey.FollowUpID]})
	for i := range v.survey.More {
		q := &v.survey.More[i]
		if q.IsVerbatim() {
			d.Areas = append(d.Areas, area{"q-" + q.ID, q.Text.In(v.lang), f.words[q.ID]})
			continue
		}
		var on *int
		if value, given := f.values[q.ID]; given {
			on = &value
		}
		d.Scales = append(d.Scales, v.scale(q, on, problems))
	}
	if v.survey.Callback.Offered(f.mood()) {
		d.Call = &call{
			Text: v.survey.Callback.Text.In(v.lang), On: f.call, Known: f.hasPhone(), Inputs: f.inputs(problems), Times: f.times(),
			SlotProblem: at(problems, "slot"),
		}
		if f.isStranger() && f.hasPhone() {
			d.Call.Keep = v.say().Keep
		}
	}
	return d
}

func (v *visit) thanks(f *form) *document {
	return &document{
		Title: v.survey.Title.In(v.lang), Text: v.survey.Thanks.Of(f.mood()).In(v.lang),
		Back: v.link("2"), BackText: v.say().Change,
	}
}

func (v *visit) link(step string) string {
	return v.sent + "?step=" + step + "&lang=" + string(v.lang)
}

func (v *visit) scale(q *survey.Question, on *int, problems []problem) scale {
	s := scale{Field: "q-" + q.ID, Text: q.Text.In(v.lang), Low: q.Low.In(v.lang), High: q.High.In(v.lang)}
	s.Problem = at(problems, s.Field)
	s.Wide = len(q.Labels) == 0 && !q.IsYesNo()
	if s.Wide && s.Low != "" { // where the values do not stand in one row, their numbers say which ends are meant
		values := q.Values()
		s.Low = v.say().end(values[0], s.Low)
		s.High = v.say().end(values[len(values)-1], s.High)
	}
	for _, value := range q.Values() {
		s.Values = append(s.Values, option{Name: strconv.Itoa(value), Text: q.Label(value, v.lang), On: on != nil && *on == value})
	}
	if q.IsYesNo() { // yes is said first
		s.Values[0], s.Values[1] = s.Values[1], s.Values[0]
	}
	return s
}

func at(problems []problem, field string) string {
	for _, p := range problems {
		if p.Field == field {
			return p.Text
		}
	}
	return ""
}
