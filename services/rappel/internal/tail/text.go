package tail

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Names of the streams in a line; the longest has 9 letters.
var streamNames = map[string]string{
	"RESPONSES": "response", "SCORES": "score", "CORRECTIONS": "correct", "ALERTS": "alert",
	"ALERT_STATES": "state", "NOTIFICATIONS": "notice", "DELIVERIES": "delivery", "FALLBACKS": "fallback", "CALLBACKS": "callback",
	"FEED": "feed", "DEAD_LETTERS": "dead",
}

// keyShown is how much of a customer's key a line shows: enough to follow one
// customer with the eye.
const keyShown = 8

// Text is the line as a person reads it, with times of the zone.
func (l Line) Text(zone *time.Location) string {
	name := streamNames[l.Stream]
	if name == "" {
		name = strings.ToLower(l.Stream)
	}
	s := l.Summary
	key := s.Customer
	if len(key) > keyShown {
		key = key[:keyShown]
	}
	return strings.TrimRight(fmt.Sprintf("%s  %-8s  %-8s  %-15s  %s",
		l.Time.In(zone).Format("15:04:05.000"), key, name, s.What, strings.Join(s.parts(zone), " · ")), " ")
}

// parts are what there is to say, in the order of the loop.
func (s Summary) parts(zone *time.Location) []string {
	var p []string
	add := func(when bool, text string) {
		if when {
			p = append(p, text)
		}
	}
	add(s.Survey != "", s.Survey)
	add(s.Revision > 1, "revision "+strconv.FormatUint(uint64(s.Revision), 10))
	add(s.Correction > 0, "correction "+strconv.FormatUint(uint64(s.Correction), 10))
	add(s.Rule != "", "rule "+s.Rule)
	add(s.Fallback != "", "fallback "+s.Fallback)
	if s.WaitSeconds != nil {
		p = append(p, "predicted wait "+(time.Duration(*s.WaitSeconds)*time.Second).String())
	}
	add(s.Severity == "high" || s.Severity == "critical", "severity "+s.Severity)
	add(s.HeldBack != "", "held back: "+s.HeldBack)
	if len(s.Answers) > 0 {
		all := make([]string, len(s.Answers))
		for i, a := range s.Answers {
			all[i] = a.text()
		}
		p = append(p, strings.Join(all, ", "))
	} else {
		add(s.Class != "", s.Class)
	}
	add(s.VerbatimCount == 1, "1 verbatim")
	add(s.VerbatimCount > 1, strconv.Itoa(s.VerbatimCount)+" verbatims")
	add(len(s.Sentiments) > 0, strings.Join(s.Sentiments, ", "))
	add(len(s.Intents) > 0, strings.Join(s.Intents, ", "))
	add(len(s.Themes) > 0, "about "+strings.Join(s.Themes, ", "))
	add(s.Disagreement, "score and words disagree")
	add(s.CallbackRequested, "asks to be called")
	add(s.Channel != "", s.Channel)
	if s.Target != "" {
		p = append(p, s.target(zone))
	}
	p = append(p, s.told(zone)...)
	add(s.Role != "", s.Role+" should know")
	add(s.By != "", "by "+s.By)
	if s.Recovery != nil {
		p = append(p, s.Recovery.text())
	}
	if s.SlotsLeft != nil {
		p = append(p, slotsLeft(*s.SlotsLeft))
	}
	if s.NotBefore != nil {
		p = append(p, "not before "+s.NotBefore.In(zone).Format("2 Jan 15:04"))
	}
	add(s.State != "", s.State)
	add(s.Agent != "", "agent "+s.Agent)
	add(s.Outcome != "", s.Outcome)
	add(s.Reasons > 1, strconv.Itoa(s.Reasons)+" reasons")
	add(s.Queue != "", "queue "+s.Queue)
	add(s.Priority != 0, "priority "+strconv.Itoa(int(s.Priority)))
	add(s.Callback != "", s.Callback)
	add(s.Alert != "", "alert "+s.Alert)
	add(s.Notification != "", "notification "+s.Notification)
	add(s.Delivery != "", "delivery "+s.Delivery)
	add(s.Reason != "", "because "+s.Reason+" in "+s.Consumer+" at "+s.Origin)
	add(s.Reason == "" && s.Origin != "", s.Origin+" to "+s.Consumer)
	return p
}

// told is what there is to say of what people are told, and how it goes.
func (s Summary) told(zone *time.Location) []string {
	var p []string
	if len(s.Receivers) > 0 {
		p = append(p, "to "+strings.Join(s.Receivers, ", "))
	}
	if s.Route != "" {
		p = append(p, "route "+s.Route)
	}
	for _, c := range []struct {
		format string
		n      int
	}{{"%d standing", s.Firing}, {"%d resolved", s.Resolved}, {"step %d", int(s.Step)}, {"try %d", int(s.Try)}, {"status %d", int(s.Status)}} {
		if c.n > 0 {
			p = append(p, fmt.Sprintf(c.format, c.n))
		}
	}
	if s.NextAt != nil {
		p = append(p, "next "+s.NextAt.In(zone).Format("2 Jan 15:04:05"))
	}
	return p
}

// target is what an event of the SLA is about, with its day: it may be another.
func (s Summary) target(zone *time.Location) string {
	text := strings.ReplaceAll(s.Target, "_", " ")
	if s.DueAt != nil {
		text += " due " + s.DueAt.In(zone).Format("2 Jan 15:04")
	}
	return text
}

func slotsLeft(n int) string {
	switch n {
	case 0:
		return "no slot left"
	case 1:
		return "1 slot left"
	default:
		return strconv.Itoa(n) + " slots left"
	}
}

// text is the score before and after, as NPS 20 → 90 promoter.
func (r Recovery) text() string {
	score := func(v *float64) string {
		if v == nil {
			return "none"
		}
		return number(math.Round(*v))
	}
	t := r.Metric
	if t == "" {
		t = "satisfaction"
	}
	t += " " + score(r.Before) + " → " + score(r.After)
	if r.Class != "" {
		t += " " + r.Class
	}
	return t
}

func (a Answer) text() string {
	t := a.Metric + " " + number(a.Value)
	if a.Min != a.Max {
		t += " of " + number(a.Min) + "–" + number(a.Max)
	}
	if a.Class != "" {
		t += " " + a.Class
	}
	return t
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
