// Package silence keeps what people want to hear nothing of for a time: which alerts, when,
// who said so and why.
//
// Authority. The documents in SILENCES; memory follows them. Those that ended more than 30
// days ago are not in memory.
//
// Safety. A change is a compare-and-set on the silence that it was decided on. A silence is
// made once for each id of a request, however often that is sent.
package silence

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/matcher"
	"github.com/rappel-loop/rappel/services/alerting/internal/plan"
	"github.com/rappel-loop/rappel/services/internal/calendar"
)

// Bounds of a silence.
const (
	mostMatchers = 20
	mostComment  = 500
	mostPeriods  = 10
	longest      = 2 * 366 * 24 * time.Hour
	// mostLive is how many may not have ended at a time: each is tried on each alert.
	mostLive = 1000
	// remembered is how long one is in memory that has ended.
	remembered = 30 * 24 * time.Hour
)

// Draft is what a silence shall be, as people write it.
type Draft struct {
	// Matchers are as package matcher reads them.
	Matchers []string
	// StartsAt is now when zero.
	StartsAt, EndsAt time.Time
	// Recurrence is when it holds within that; nil for all the time.
	Recurrence *eventsv1.Recurrence
	// Author and Comment are who and why.
	Author, Comment string
}

// Problem is one thing that is wrong with a draft.
type Problem struct{ Field, Text string }

// InvalidError names everything that is wrong with a draft.
type InvalidError struct{ Problems []Problem }

// Error lists the problems.
func (e *InvalidError) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.Field + ": " + p.Text
	}
	return "not a silence: " + strings.Join(texts, "; ")
}

// read makes the silence of a draft, without its id, or says everything that is wrong.
func (d Draft) read(now time.Time) (*eventsv1.Silence, error) {
	c := checker{}
	if d.StartsAt.IsZero() {
		d.StartsAt = now
	}
	out := &eventsv1.Silence{
		Matchers: c.matchers(d.Matchers).Protos(), StartsAt: timestamppb.New(d.StartsAt), EndsAt: timestamppb.New(d.EndsAt),
		Recurrence: d.Recurrence, Author: d.Author, Comment: d.Comment,
	}
	switch {
	case d.EndsAt.IsZero():
		c.wrong("endsAt", "is required")
	case !d.EndsAt.After(now):
		c.wrong("endsAt", "must be in the future")
	case !d.EndsAt.After(d.StartsAt):
		c.wrong("endsAt", "must be after startsAt")
	case d.EndsAt.Sub(now) > longest:
		c.wrong("endsAt", "must be within two years")
	}
	if _, err := recurring(d.Recurrence); err != nil {
		c.wrong("recurrence", err.Error())
	}
	if !isAuthor(d.Author) {
		c.wrong("author", "must be 1 to 64 letters, digits, or . _ - @")
	}
	if n := utf8.RuneCountInString(d.Comment); n < 1 || n > mostComment {
		c.wrong("comment", fmt.Sprintf("must be 1 to %d characters: say why", mostComment))
	}
	if len(c.problems) > 0 {
		return nil, &InvalidError{c.problems}
	}
	return out, nil
}

type checker struct{ problems []Problem }

func (c *checker) wrong(field, text string) { c.problems = append(c.problems, Problem{field, text}) }

// matchers reads them; one must pick no alert without its label, lest everything be silent.
func (c *checker) matchers(texts []string) matcher.All {
	var all matcher.All
	if len(texts) < 1 || len(texts) > mostMatchers {
		c.wrong("matchers", "must be 1 to "+strconv.Itoa(mostMatchers))
		return nil
	}
	for i, text := range texts {
		m, err := matcher.Parse(text)
		if err != nil {
			c.wrong(fmt.Sprintf("matchers[%d]", i), err.Error())
			continue
		}
		all = append(all, m)
	}
	if len(all) == len(texts) && !slices.ContainsFunc(all, func(m matcher.Matcher) bool { return !m.PicksAbsent() }) {
		c.wrong("matchers", "would silence every alert: one must pick none without its label, as theme=delivery_time")
	}
	return all
}

func isAuthor(s string) bool {
	return len(s) >= 1 && len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-@", r)
	})
}

// recurring is the window of a recurrence; nil is every moment.
func recurring(r *eventsv1.Recurrence) (calendar.Window, error) {
	if r == nil {
		return calendar.Always, nil
	}
	days, periods := r.GetDays(), r.GetPeriods()
	if len(days) == 0 {
		days = []string{"mon-sun"}
	}
	if len(periods) == 0 {
		periods = []string{"00:00-24:00"}
	}
	if len(days) > 7 || len(periods) > mostPeriods {
		return nil, fmt.Errorf("must have at most 7 days and %d periods", mostPeriods)
	}
	byDay := map[string][]string{}
	for _, day := range days {
		byDay[day] = periods
	}
	week, err := calendar.ParseWeek(byDay)
	if err != nil {
		return nil, fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "hours: "))
	}
	zone := time.UTC
	if r.GetZone() != "" {
		var ok bool
		if zone, ok = calendar.Zone(r.GetZone()); !ok {
			return nil, fmt.Errorf("%q is no time zone; write one as Europe/Paris", r.GetZone())
		}
	}
	return calendar.Hours{Week: week, Zone: zone}, nil
}

// Compile is a silence as plans use it. The error says what is wrong with the document.
func Compile(s *eventsv1.Silence) (plan.Silence, error) {
	all, err := matcher.OfAll(s.GetMatchers())
	if err != nil {
		return plan.Silence{}, err
	}
	week, err := recurring(s.GetRecurrence())
	if err != nil {
		return plan.Silence{}, err
	}
	span := calendar.Slots(calendar.Span{From: s.GetStartsAt().AsTime(), To: s.GetEndsAt().AsTime()})
	return plan.Silence{ID: s.GetId(), Match: all, Window: calendar.All(span, week)}, nil
}

// Never is a silence that holds nothing back.
func Never(id string) plan.Silence {
	return plan.Silence{ID: id, Window: calendar.Slots()}
}

// Ended reports whether a silence has ended.
func Ended(s *eventsv1.Silence, now time.Time) bool { return !s.GetEndsAt().AsTime().After(now) }

// Pending reports whether it is to come.
func Pending(s *eventsv1.Silence, now time.Time) bool {
	return !Ended(s, now) && s.GetStartsAt().AsTime().After(now)
}
