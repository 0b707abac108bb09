package survey

import (
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/rappel-loop/rappel/services/internal/calendar"
	"github.com/rappel-loop/rappel/services/internal/hoursfile"
	"github.com/rappel-loop/rappel/services/internal/metric"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// Callback offers to call the customer.
type Callback struct {
	// Text asks.
	Text Text
	// Days is how many days ahead can be chosen, 1 to 14; 5 when absent.
	Days int

	moods map[metric.Mood]bool // of the answers after which it is; empty for all
	hours *calendar.Hours      // when calls can be chosen; nil when no time can be
	zone  *time.Location
}

// Offered says that it is, after an answer.
func (c *Callback) Offered(m metric.Mood) bool { return c != nil && (len(c.moods) == 0 || c.moods[m]) }

// Location is the zone that its times are in.
func (c *Callback) Location() *time.Location { return c.zone }

// maxChoices bounds the times that can be chosen.
const maxChoices = 30

// Times are the spans that can be chosen from now on, the first at the earliest an hour
// from now.
func (c *Callback) Times(now time.Time) []calendar.Span {
	if c == nil || c.hours == nil {
		return nil
	}
	var all []calendar.Span
	last := now.AddDate(0, 0, c.Days)
	for at := now.Add(time.Hour); len(all) < maxChoices; {
		s, ok := c.hours.Next(at)
		if !ok || s.From.After(last) || s.To.IsZero() {
			return all
		}
		if !s.From.Before(at) {
			all = append(all, s)
		}
		at = s.To
	}
	return all
}

// Bounds of an offer, and where it is when it does not say so.
const (
	defaultDays = 5
	mostDays    = 14
	defaultZone = "Europe/Paris"
)

func (r *reader) callback(n *yaml.Node, path string) *Callback {
	c := &Callback{Days: defaultDays}
	var hours calendar.Hours
	given := r.Object(n, path, strictyaml.Fields{
		"for":      func(n *yaml.Node, path string) { c.moods = r.moods(n, path) },
		"text":     func(n *yaml.Node, path string) { c.Text = r.text(n, path) },
		"week":     func(n *yaml.Node, path string) { hours.Week = hoursfile.Week(r.Reader, n, path) },
		"zone":     func(n *yaml.Node, path string) { c.zone = hoursfile.Zone(r.Reader, n, path) },
		"holidays": func(n *yaml.Node, path string) { hours.Holidays = r.holidays(n, path) },
		"days":     func(n *yaml.Node, path string) { c.Days = r.Whole(n, path, 1, mostDays) },
	})
	r.Required(n, path, given, "text")
	if !given["zone"] {
		c.zone, _ = calendar.Zone(defaultZone)
	}
	if given["week"] {
		hours.Zone = c.zone
		c.hours = &hours
	}
	return c
}

var moods = map[string]metric.Mood{"bad": metric.Bad, "middle": metric.Middle, "good": metric.Good}

func (r *reader) moods(n *yaml.Node, path string) map[metric.Mood]bool {
	all := map[metric.Mood]bool{}
	r.List(n, path, func(n *yaml.Node, path string) {
		s := r.Text(n, path)
		m, known := moods[s]
		if s != "" && !known {
			r.Wrong(n, path, "must be bad, middle or good")
		}
		all[m] = true
	})
	return all
}

func (r *reader) holidays(n *yaml.Node, path string) calendar.Holidays {
	var all []calendar.Holidays
	r.List(n, path, func(n *yaml.Node, path string) {
		if h := hoursfile.Country(r.Reader, n, path); h != nil {
			all = append(all, h)
		}
	})
	return calendar.AnyOf(all...)
}
