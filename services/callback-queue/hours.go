package callbackqueue

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/internal/calendar"
)

// CallingHours say when customers may be called, each on their own clock.
type CallingHours struct {
	// Week says for days, as mon-fri or sat, the periods in which calls are made, as
	// 09:00-12:00. A day that is not there has none.
	Week map[string][]string `koanf:"week"`
	// Holidays keeps the public holidays of the customer's country, which their phone
	// number tells.
	Holidays bool `koanf:"holidays"`
	// Country, an ISO 3166 code, is of those who have no number; empty keeps no holidays for
	// them.
	Country string `koanf:"country"`
}

// TeamHours say when a team works, on its own clock.
type TeamHours struct {
	// Week is as in CallingHours.
	Week map[string][]string `koanf:"week"`
	// Zone is the team's time zone, as Europe/Paris; empty is callback.time_zone.
	Zone string `koanf:"zone"`
	// Holidays are the countries whose public holidays the team keeps, and Closed are
	// further days on which it does not work, as 2026-12-24.
	Holidays []string `koanf:"holidays"`
	Closed   []string `koanf:"closed"`
}

// hours reads both, and names everything that is wrong.
func (c Config) hours() (*callback.CallingHours, map[string]calendar.Hours, error) {
	calling, err := c.CallingHours.read()
	wrong := []error{prefixed("calling_hours", err)}
	teams := make(map[string]calendar.Hours, len(c.QueueHours))
	for _, name := range slices.Sorted(maps.Keys(c.QueueHours)) {
		if subject.CheckToken(name) != nil {
			wrong = append(wrong, fmt.Errorf("queue_hours: %q is no queue: 1 to 64 letters, digits, _ or -", name))
			continue
		}
		hours, err := c.QueueHours[name].read(c.TimeZone)
		wrong = append(wrong, prefixed("queue_hours."+name, err))
		teams[name] = hours
	}
	return calling, teams, errors.Join(wrong...)
}

// prefixed puts the setting before each of the errors that were joined.
func prefixed(setting string, err error) error {
	if err == nil {
		return nil
	}
	joined, several := err.(interface{ Unwrap() []error })
	if !several {
		return fmt.Errorf("%s.%w", setting, err)
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, prefixed(setting, e))
	}
	return errors.Join(all...)
}

func (h CallingHours) read() (*callback.CallingHours, error) {
	if len(h.Week) == 0 {
		if h.Holidays || h.Country != "" {
			return nil, errors.New("week: is required where calling hours are configured")
		}
		return nil, nil //nolint:nilnil // no hours is no error
	}
	week, err := openWeek(h.Week)
	wrong := []error{err}
	if h.Country != "" {
		if _, err := calendar.National(h.Country); err != nil {
			wrong = append(wrong, fmt.Errorf("country: %w", err))
		}
	}
	return &callback.CallingHours{Week: week, Holidays: h.Holidays, Country: h.Country}, errors.Join(wrong...)
}

func (h TeamHours) read(zone string) (calendar.Hours, error) {
	week, err := openWeek(h.Week)
	wrong := []error{err}
	if h.Zone != "" {
		zone = h.Zone
	}
	found, ok := calendar.Zone(zone)
	if !ok {
		wrong = append(wrong, fmt.Errorf("zone: %q is no time zone, as Europe/Paris", zone))
	}
	var days []calendar.Holidays
	for _, code := range h.Holidays {
		national, err := calendar.National(code)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("holidays: %w", err))
			continue
		}
		days = append(days, national)
	}
	closed := calendar.Dates{}
	for _, text := range h.Closed {
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("closed: %q is no day, as 2026-12-24", text))
		}
		closed[calendar.DateOf(day)] = true
	}
	return calendar.Hours{Week: week, Zone: found, Holidays: calendar.AnyOf(append(days, closed)...)}, errors.Join(wrong...)
}

// openWeek reads a week that is open at some time.
func openWeek(days map[string][]string) (calendar.Week, error) {
	week, err := calendar.ParseWeek(days)
	if err != nil {
		return week, fmt.Errorf("week: %w", err)
	}
	if !slices.ContainsFunc(week[:], func(day []calendar.Period) bool { return len(day) > 0 }) {
		return week, errors.New("week: is never open")
	}
	return week, nil
}
