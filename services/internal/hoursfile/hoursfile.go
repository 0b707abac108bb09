// Package hoursfile reads, in the YAML files of others, the hours of a week, the zone they
// are in, and a country's holidays: what package calendar works with, in the same words and
// with the same problems everywhere.
package hoursfile

import (
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/rappel-loop/rappel/services/internal/calendar"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// Week reads days, as mon-fri, to their period, as 09:00-12:00, or a list of them.
func Week(r *strictyaml.Reader, n *yaml.Node, path string) calendar.Week {
	right := map[string][]string{}
	r.Pairs(n, path, func(days string, n *yaml.Node, path string) {
		_, known := parsed(r, n, path, map[string][]string{days: nil})
		one := func(n *yaml.Node, path string) {
			if p := period(r, n, path); p != "" && known {
				right[days] = append(right[days], p)
			}
		}
		if strictyaml.Follow(n).Kind == yaml.ScalarNode && !strictyaml.Null(n) {
			one(n, path)
		} else {
			r.List(n, path, one)
		}
	})
	w, _ := parsed(r, n, path, right) // overlaps are all that can be wrong still
	return w
}

func parsed(r *strictyaml.Reader, n *yaml.Node, path string, days map[string][]string) (calendar.Week, bool) {
	w, err := calendar.ParseWeek(days)
	if err != nil {
		r.Wrong(n, path, "%s", strings.TrimPrefix(err.Error(), "hours: "))
	}
	return w, err == nil
}

// period is one that calendar.ParseWeek reads; "" is a problem.
func period(r *strictyaml.Reader, n *yaml.Node, path string) string {
	s := r.Text(n, path)
	if s == "" {
		return ""
	}
	if _, err := calendar.ParsePeriod(s); err != nil {
		r.Wrong(n, path, "%s", err)
		return ""
	}
	return s
}

// Zone reads a time zone's name, as Europe/Paris; nil is a problem.
func Zone(r *strictyaml.Reader, n *yaml.Node, path string) *time.Location {
	name := r.Text(n, path)
	zone, ok := calendar.Zone(name)
	if name != "" && !ok {
		r.Wrong(n, path, "is no time zone; write one as Europe/Paris")
	}
	return zone
}

// Country reads a country's code, as FR, and returns its holidays; nil is a problem.
func Country(r *strictyaml.Reader, n *yaml.Node, path string) calendar.Holidays {
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
