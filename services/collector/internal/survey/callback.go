package survey

import (
	"time"

	"github.com/rappel-loop/rappel/services/internal/calendar"
	"github.com/rappel-loop/rappel/services/internal/metric"
)

// Callback offers to call the customer.
type Callback struct {
	// For says after which answers to the first question: bad, middle, good; all when
	// absent.
	For []string `yaml:"for"`
	// Text asks.
	Text Text `yaml:"text"`
	// Week, as mon-fri to 09:00-12:00, is when calls can be chosen, in Zone, but for the
	// public holidays of Holidays; without it no time can be chosen.
	Week     map[string][]string `yaml:"week"`
	Zone     string              `yaml:"zone"`
	Holidays []string            `yaml:"holidays"`
	// Days is how many days ahead can be chosen, 1 to 14; 5 when absent.
	Days int `yaml:"days"`

	hours *calendar.Hours
	zone  *time.Location
	moods map[metric.Mood]bool
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
