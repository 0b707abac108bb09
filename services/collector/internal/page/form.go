package page

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/survey"
	"github.com/rappel-loop/rappel/services/internal/calendar"
	"github.com/rappel-loop/rappel/services/internal/metric"
)

// form is what stands on the page: what was answered before, then what is sent.
type form struct {
	v      *visit
	first  *int           // value of the first question
	values map[string]int // of the others on a scale
	words  map[string]string
	call   bool
	slot   string // as its option is called
	contact
}

// problem is one thing to mend: at a field, or of the whole.
type problem struct{ Field, Text string }

// filled is what the customer answered before.
func (v *visit) filled() *form {
	f := &form{v: v, values: map[string]int{}, words: map[string]string{}}
	for _, a := range v.held.GetAnswers() {
		switch {
		case a.Value == nil:
			f.words[a.GetQuestion()] = a.GetVerbatim()
		case a.GetQuestion() == v.survey.Question.ID:
			value := int(a.GetValue())
			f.first = &value
		default:
			f.values[a.GetQuestion()] = int(a.GetValue())
		}
	}
	f.call = v.held.GetCallbackRequested() && v.held.GetConsent().GetCallback()
	if slots := v.held.GetCallbackSlots(); len(slots) > 0 {
		f.slot = slotName(calendar.Span{From: slots[0].GetFrom().AsTime(), To: slots[0].GetTo().AsTime()})
	}
	return f
}

func number(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil
}

func (f *form) mood() metric.Mood {
	if f.first == nil {
		return metric.NoMood
	}
	return f.v.survey.Question.Mood(*f.first)
}

// read takes what was sent and names what is wrong with it.
func (f *form) read(sent url.Values, last bool) []problem {
	if !last {
		return f.readFirst(sent)
	}
	say := f.v.say()
	var found []problem
	if f.first == nil {
		return []problem{{"q-" + f.v.survey.Question.ID, say.Choose}}
	}
	f.words[survey.FollowUpID] = strings.TrimSpace(sent.Get("q-" + survey.FollowUpID))
	for i := range f.v.survey.More {
		q := &f.v.survey.More[i]
		text := strings.TrimSpace(sent.Get("q-" + q.ID))
		if q.IsVerbatim() {
			f.words[q.ID] = text
			continue
		}
		value, ok := number(text)
		switch {
		case text == "":
		case !ok || !q.Has(value):
			found = append(found, problem{"q-" + q.ID, say.Choose})
		default:
			f.values[q.ID] = value
		}
	}
	return append(found, f.readCall(sent)...)
}

func (f *form) readFirst(sent url.Values) []problem {
	q := &f.v.survey.Question
	value, ok := number(sent.Get("q-" + q.ID))
	if !ok || !q.Has(value) {
		f.first = nil
		return []problem{{"q-" + q.ID, f.v.say().Choose}}
	}
	f.first = &value
	return nil
}

func (f *form) readCall(sent url.Values) (found []problem) {
	if !f.v.survey.Callback.Offered(f.mood()) {
		return nil
	}
	say := f.v.say()
	f.call, f.slot = sent.Get("call") != "", sent.Get("slot")
	f.readContact(sent)
	if !f.call {
		return nil
	}
	if f.phone == "" && !f.hasPhone() {
		found = append(found, problem{"phone", say.NeedPhone})
	}
	if _, ok := f.span(); f.slot != "" && !ok {
		f.slot = ""
		found = append(found, problem{"slot", say.SlotGone})
	}
	return found
}

// span is the time that was chosen, if it can be chosen still.
func (f *form) span() (calendar.Span, bool) {
	times := f.v.survey.Callback.Times(f.v.now)
	i := slices.IndexFunc(times, func(s calendar.Span) bool { return slotName(s) == f.slot })
	if i < 0 {
		return calendar.Span{}, false
	}
	return times[i], true
}

func slotName(s calendar.Span) string { return fmt.Sprintf("%d-%d", s.From.Unix(), s.To.Unix()) }

// response is what is stored of a step.
func (f *form) response(last bool) *eventsv1.Response {
	i, s := f.v.invite, f.v.survey
	r := &eventsv1.Response{
		Id: i.GetResponseId(), Survey: s.Name, Channel: or(i.GetChannel(), s.Channel), Touchpoint: or(i.GetTouchpoint(), s.Touchpoint),
		Customer: proto.CloneOf(i.GetCustomer()), CallbackId: i.GetCallbackId(), Attributes: map[string]string{}, SubmittedAt: timestamppb.New(f.v.now),
	}
	if r.Customer == nil {
		r.Customer = &eventsv1.Customer{}
	}
	r.Customer.Language = or(r.Customer.GetLanguage(), string(f.v.lang))
	for k, v := range i.GetAttributes() {
		r.Attributes[k] = v
	}
	r.Answers = append(r.Answers, s.Question.Answer(*f.first))
	if s.Purpose != "" {
		r.Consent = &eventsv1.Consent{Purpose: s.Purpose}
	}
	if !s.Callback.Offered(f.mood()) && f.v.held.GetCallbackRequested() {
		// Whoever corrects a 1 to a 10, and is offered no call any more, waits for none.
		r.Consent = &eventsv1.Consent{Callback: proto.Bool(false), Purpose: s.Purpose}
	}
	if last {
		r.Whole = true // what was cleared, or is not asked any more, is taken back
		f.rest(r)
	}
	return r
}

// rest adds what the second step asks.
func (f *form) rest(r *eventsv1.Response) {
	s := f.v.survey
	if w := f.words[survey.FollowUpID]; w != "" {
		r.Answers = append(r.Answers, &eventsv1.Answer{Question: survey.FollowUpID, Verbatim: w})
	}
	for i := range s.More {
		q := &s.More[i]
		if value, given := f.values[q.ID]; given {
			r.Answers = append(r.Answers, q.Answer(value))
		} else if w := f.words[q.ID]; q.IsVerbatim() && w != "" {
			r.Answers = append(r.Answers, &eventsv1.Answer{Question: q.ID, Verbatim: w})
		}
	}
	if !s.Callback.Offered(f.mood()) {
		return
	}
	call := f.call
	r.CallbackRequested, r.Consent = call, &eventsv1.Consent{Callback: &call, Purpose: s.Purpose}
	if !call {
		return
	}
	f.reach(r.Customer)
	if t, ok := f.span(); ok {
		r.CallbackSlots = []*eventsv1.Slot{{From: timestamppb.New(t.From), To: timestamppb.New(t.To)}}
	}
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// times are the options of a call, in the language's words.
func (f *form) times() []option {
	say := f.v.say()
	all := []option{{Name: "", Text: say.AnyTime, On: f.slot == ""}}
	c := f.v.survey.Callback
	for _, t := range c.Times(f.v.now) {
		all = append(all, option{Name: slotName(t), Text: say.span(t.From.In(c.Location()), t.To.In(c.Location())), On: slotName(t) == f.slot})
	}
	if len(all) == 1 {
		return nil
	}
	return all
}

// span is a stretch of a day in words, as lundi 9 novembre, 9 h 00 à 12 h 00.
func (w *words) span(from, to time.Time) string {
	if w.Lang == survey.English {
		return from.Format("Monday 2 January, 15:04") + " to " + to.Format("15:04")
	}
	return fmt.Sprintf("%s %s %s, %s à %s", frenchDays[from.Weekday()], ordinal(from.Day()), frenchMonths[from.Month()-1], frenchClock(from), frenchClock(to))
}

var (
	frenchDays   = [...]string{"dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"}
	frenchMonths = [...]string{
		"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre",
	}
)

func ordinal(day int) string {
	if day == 1 {
		return "1er"
	}
	return strconv.Itoa(day)
}

func frenchClock(t time.Time) string {
	if t.Minute() == 0 {
		return strconv.Itoa(t.Hour()) + " h"
	}
	return t.Format("15 h 04")
}
