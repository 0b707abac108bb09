package survey

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/calendar"
	"github.com/rappel-loop/rappel/services/internal/metric"
)

// Bounds.
const (
	maxFile      = 256 << 10
	maxMore      = 10
	maxValues    = 11 // 0 to 10
	maxText      = 2000
	defaultDays  = 5
	mostDays     = 14
	defaultValid = 30
	mostValid    = 366
)

// Problems are everything that is wrong with a file.
type Problems []string

func (p Problems) Error() string { return strings.Join(p, "\n") }

// Load reads a file. The error is Problems when the file could be read.
func Load(path string) (*Survey, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(data)
}

// Parse reads a survey. The error is Problems: every mistake, with its place.
func Parse(data []byte) (*Survey, error) {
	if len(data) > maxFile {
		return nil, Problems{fmt.Sprintf("it is larger than %d bytes", maxFile)}
	}
	s := &Survey{}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(s); err != nil {
		return nil, yamlProblems(err)
	}
	if err := d.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return nil, Problems{"it holds more than one document"}
	}
	var c checker
	c.survey(s)
	if len(c.found) > 0 {
		return nil, c.found
	}
	return s, nil
}

func yamlProblems(err error) Problems {
	var many *yaml.TypeError
	if errors.As(err, &many) {
		var all Problems
		for _, e := range many.Errors {
			all = append(all, plainly(e))
		}
		return all
	}
	if errors.Is(err, io.EOF) {
		return Problems{"it is empty"}
	}
	return Problems{strings.TrimPrefix(err.Error(), "yaml: ")}
}

// plainly takes the program's types out of a message: "field x not found in type …".
func plainly(s string) string {
	before, _, found := strings.Cut(s, " not found in type ")
	if found {
		return strings.Replace(before, "field ", "", 1) + " is not known here"
	}
	return s
}

type checker struct{ found Problems }

func (c *checker) add(path, format string, a ...any) {
	c.found = append(c.found, path+": "+fmt.Sprintf(format, a...))
}

func (c *checker) survey(s *Survey) {
	if subject.CheckToken(s.Name) != nil {
		c.add("survey", "%s", subject.ErrToken)
	}
	c.text("title", s.Title, true)
	c.text("from", s.From, false)
	c.text("intro", s.Intro, false)
	c.text("consent", s.Consent, false)
	c.text("privacy", s.Privacy, false)
	for _, u := range []string{s.Privacy.French, s.Privacy.English} {
		if p, err := url.Parse(u); u != "" && (err != nil || p.Scheme != "https" || p.Host == "") {
			c.add("privacy", "must be an address that begins with https://")
		}
	}
	c.question("question", &s.Question)
	if s.Question.Metric == "" && len(c.found) == 0 {
		c.add("question.metric", "is required: the first question is on a scale")
	}
	c.byMood("follow_up", s.FollowUp)
	c.byMood("thanks", s.Thanks)
	c.more(s)
	if s.Callback != nil {
		c.callback(s.Callback)
	}
	if s.Open != nil {
		c.open(s.Open)
	}
	if s.ValidDays == 0 {
		s.ValidDays = defaultValid
	}
	if s.ValidDays < 1 || s.ValidDays > mostValid {
		c.add("valid_days", "must be 1 to %d", mostValid)
	}
}

func (c *checker) more(s *Survey) {
	if len(s.More) > maxMore {
		c.add("more", "has %d questions, at most %d are asked", len(s.More), maxMore)
	}
	seen := map[string]bool{s.Question.ID: true, FollowUpID: true}
	if s.Question.ID == FollowUpID {
		c.add("question.id", "must not be %s: that is the follow-up question's", FollowUpID)
	}
	for i := range s.More {
		path := fmt.Sprintf("more[%d]", i)
		c.question(path, &s.More[i])
		if seen[s.More[i].ID] {
			c.add(path+".id", "stands twice")
		}
		seen[s.More[i].ID] = true
	}
}

func (c *checker) text(path string, t Text, required bool) {
	switch {
	case !t.Given() && required:
		c.add(path, "is required, as {fr: …, en: …}")
	case t.Given() && (strings.TrimSpace(t.French) == "" || strings.TrimSpace(t.English) == ""):
		c.add(path, "must be given in both languages, as {fr: …, en: …}")
	case len(t.French) > maxText || len(t.English) > maxText:
		c.add(path, "must have at most %d characters", maxText)
	}
}

func (c *checker) byMood(path string, b ByMood) {
	c.text(path+".bad", b.Bad, false)
	c.text(path+".middle", b.Middle, false)
	c.text(path+".good", b.Good, false)
	c.text(path+".any", b.Any, false)
	if !b.Any.Given() && (!b.Bad.Given() || !b.Middle.Given() || !b.Good.Given()) {
		c.add(path, "must be given for bad, middle and good, or for any")
	}
}

func (c *checker) question(path string, q *Question) {
	if subject.CheckToken(q.ID) != nil {
		c.add(path+".id", "%s", subject.ErrToken)
	}
	c.text(path+".text", q.Text, true)
	c.text(path+".low", q.Low, false)
	c.text(path+".high", q.High, false)
	if q.Metric == "" {
		if q.Scale != nil || q.Low.Given() || q.High.Given() || len(q.Labels) > 0 {
			c.add(path+".metric", "is required where there is a scale")
		}
		return
	}
	q.metric = eventsv1.Metric(eventsv1.Metric_value[strings.ToUpper(q.Metric)])
	if q.metric == eventsv1.Metric_METRIC_UNSPECIFIED {
		c.add(path+".metric", "must be NPS, CSAT, CES or FCR")
		return
	}
	c.scale(path, q)
}

func (c *checker) scale(path string, q *Question) {
	var declared *eventsv1.Scale
	if q.Scale != nil {
		declared = &eventsv1.Scale{Min: float64(q.Scale.Min), Max: float64(q.Scale.Max)}
		switch q.Scale.Direction {
		case "", "higher_is_better":
		case "lower_is_better":
			declared.Direction = eventsv1.Direction_LOWER_IS_BETTER
		default:
			c.add(path+".scale.direction", "must be higher_is_better or lower_is_better")
		}
	}
	var err error
	if q.scale, err = metric.ScaleOf(q.metric, declared); err != nil || q.scale.GetMax()-q.scale.GetMin() >= maxValues {
		c.add(path+".scale", "must go from min to max, higher, in at most %d values", maxValues)
		q.scale = &eventsv1.Scale{Min: 0, Max: 1}
		return
	}
	for v, t := range q.Labels {
		c.text(fmt.Sprintf("%s.labels.%d", path, v), t, true)
		if !q.Has(v) {
			c.add(fmt.Sprintf("%s.labels.%d", path, v), "is not on the scale")
		}
	}
}

var moods = map[string]metric.Mood{"bad": metric.Bad, "middle": metric.Middle, "good": metric.Good}

func (c *checker) callback(cb *Callback) {
	c.text("callback.text", cb.Text, true)
	cb.moods = map[metric.Mood]bool{}
	for _, f := range cb.For {
		m, known := moods[f]
		if !known {
			c.add("callback.for", "must hold bad, middle and good only")
		}
		cb.moods[m] = true
	}
	if cb.Days == 0 {
		cb.Days = defaultDays
	}
	if cb.Days < 1 || cb.Days > mostDays {
		c.add("callback.days", "must be 1 to %d", mostDays)
	}
	if cb.Zone == "" {
		cb.Zone = "Europe/Paris"
	}
	zone, ok := calendar.Zone(cb.Zone)
	if !ok {
		c.add("callback.zone", "is no time zone; write one as Europe/Paris")
		return
	}
	cb.zone = zone
	c.hours(cb)
}

func (c *checker) hours(cb *Callback) {
	if len(cb.Week) == 0 {
		return
	}
	week, err := calendar.ParseWeek(cb.Week)
	if err != nil {
		c.add("callback.week", "%s", strings.TrimPrefix(err.Error(), "hours: "))
		return
	}
	var closed []calendar.Holidays
	for _, code := range cb.Holidays {
		h, err := calendar.National(code)
		if err != nil {
			c.add("callback.holidays", "%s", err)
			continue
		}
		closed = append(closed, h)
	}
	cb.hours = &calendar.Hours{Week: week, Zone: cb.zone}
	if len(closed) > 0 {
		cb.hours.Holidays = calendar.AnyOf(closed...)
	}
}
