package notifyfile

import (
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/rappel-loop/rappel/services/alerting/internal/plan"
	"github.com/rappel-loop/rappel/services/internal/calendar"
	"github.com/rappel-loop/rappel/services/internal/hoursfile"
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
			"week":    func(n *yaml.Node, path string) { h.Week = hoursfile.Week(r.Reader, n, path) },
			"zone":    func(n *yaml.Node, path string) { h.Zone = hoursfile.Zone(r.Reader, n, path) },
			"country": func(n *yaml.Node, path string) { country = hoursfile.Country(r.Reader, n, path) },
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
