package notifyfile

import (
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/rappel-loop/rappel/services/alerting/internal/plan"
	"github.com/rappel-loop/rappel/services/internal/calendar"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// readHours reads the times of the week that routes name.
func (r *reader) readHours(n *yaml.Node, path string) {
	r.Most(n, path, mostHours, "hours", func(n *yaml.Node, path string) {
		var name string
		var h calendar.Hours
		var country calendar.Holidays
		days := calendar.Dates{}
		outside := false
		given := r.Object(n, path, strictyaml.Fields{
			"name": func(n *yaml.Node, path string) {
				_, taken := r.hours[strictyaml.Follow(n).Value]
				name = r.name(n, path, "hours", taken)
			},
			"week":    func(n *yaml.Node, path string) { h.Week = r.week(n, path) },
			"zone":    func(n *yaml.Node, path string) { h.Zone = r.zone(n, path) },
			"country": func(n *yaml.Node, path string) { country = r.country(n, path) },
			"days":    func(n *yaml.Node, path string) { r.days(n, path, days) },
			"outside": func(n *yaml.Node, path string) { outside = r.Flag(n, path) },
		})
		r.Required(n, path, given, "name")
		if given != nil && !given["week"] && !given["country"] && !given["days"] {
			r.Wrong(n, path, "must have a week, or holidays: a country, or days")
		}
		if name != "" {
			r.hours[name] = plan.Hours{Name: name, Window: hours(h, calendar.AnyOf(country, days), given["week"] && outside)}
		}
	})
}

// hours are a week's periods and whole holidays; or, outside, all time that is in none of
// the week's periods, and whole holidays.
func hours(h calendar.Hours, holidays calendar.Holidays, outside bool) calendar.Window {
	if outside {
		h.Holidays = holidays // nothing of the week is on a holiday
		return calendar.Without(h)
	}
	return calendar.Either(h, calendar.Hours{Week: wholeWeek(), Zone: h.Zone, Holidays: workdays{holidays}})
}

// wholeWeek is every day from midnight to midnight.
func wholeWeek() (w calendar.Week) {
	for day := range w {
		w[day] = []calendar.Period{{From: 0, To: calendar.MinutesADay}}
	}
	return w
}

// workdays are the days that are no holidays: closed to what is for holidays alone.
type workdays struct{ holidays calendar.Holidays }

func (w workdays) Holiday(d calendar.Date) bool { return !w.holidays.Holiday(d) }

// week reads days, as mon-fri, to their periods, as 09:00-12:00.
func (r *reader) week(n *yaml.Node, path string) calendar.Week {
	right := map[string][]string{}
	r.Pairs(n, path, func(days string, n *yaml.Node, path string) {
		_, known := r.parsed(n, path, map[string][]string{days: nil})
		period := func(n *yaml.Node, path string) {
			s := r.Text(n, path)
			if s == "" {
				return
			}
			if _, err := calendar.ParsePeriod(s); err != nil {
				r.Wrong(n, path, "%s", err)
			} else if known {
				right[days] = append(right[days], s)
			}
		}
		if strictyaml.Follow(n).Kind == yaml.ScalarNode {
			period(n, path)
		} else {
			r.List(n, path, period)
		}
	})
	w, _ := r.parsed(n, path, right) // overlaps are all that can be wrong still
	return w
}

func (r *reader) parsed(n *yaml.Node, path string, days map[string][]string) (calendar.Week, bool) {
	w, err := calendar.ParseWeek(days)
	if err != nil {
		r.Wrong(n, path, "%s", strings.TrimPrefix(err.Error(), "hours: "))
	}
	return w, err == nil
}

func (r *reader) zone(n *yaml.Node, path string) *time.Location {
	name := r.Text(n, path)
	zone, ok := calendar.Zone(name)
	if name != "" && !ok {
		r.Wrong(n, path, "is no time zone; write one as Europe/Paris")
	}
	return zone
}

func (r *reader) country(n *yaml.Node, path string) calendar.Holidays {
	code := r.Text(n, path)
	if code == "" {
		return nil
	}
	h, err := calendar.National(code)
	if err != nil {
		r.Wrong(n, path, "%s", err)
		return nil
	}
	return h
}

func (r *reader) days(n *yaml.Node, path string, days calendar.Dates) {
	r.List(n, path, func(n *yaml.Node, path string) {
		s := r.Text(n, path)
		day, err := time.Parse(time.DateOnly, s)
		if err != nil && s != "" {
			r.Wrong(n, path, "must be a day, as 2026-12-24")
			return
		}
		days[calendar.DateOf(day)] = true
	})
}
