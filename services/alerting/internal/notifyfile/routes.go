package notifyfile

import (
	"maps"
	"regexp"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/rappel-loop/rappel/services/alerting/internal/matcher"
	"github.com/rappel-loop/rappel/services/alerting/internal/plan"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// What a route does that does not say otherwise.
const (
	usualWait     = 30 * time.Second
	usualInterval = 5 * time.Minute
	usualRepeat   = 4 * time.Hour
)

// Ranges of times.
const (
	mostWait      = time.Hour
	leastInterval = time.Second
	mostInterval  = 24 * time.Hour
	leastRepeat   = time.Minute
	mostRepeat    = 30 * 24 * time.Hour
	leastHold     = time.Minute
	mostHold      = 30 * 24 * time.Hour
	leastStep     = time.Second
	mostStep      = 24 * time.Hour
)

// alone is what stands for every alert by itself where labels are grouped by.
const alone = "..."

var labelName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

// routes reads a list of routes, nested in one or in none.
func (r *reader) routes(n *yaml.Node, path string, within *plan.Route, most int) []*plan.Route {
	var out []*plan.Route
	var all string // the route that takes whatever comes to it
	r.List(n, path, func(n *yaml.Node, path string) {
		if r.count++; r.count > most {
			if r.count == most+1 {
				r.Wrong(n, "", "this is the route too many: a file holds at most %d", most)
			}
			return
		}
		if all != "" {
			r.Wrong(n, path, "is never reached: the route %s before it takes everything; give that one a match, or put it last", all)
		}
		route, picks := r.route(n, path, within)
		if all == "" && !picks && !route.Continue {
			all = route.Name
		}
		out = append(out, route)
	})
	return out
}

// route reads one, which has from the one that it is nested in what it does not say; picks
// is false of one that takes whatever comes to it.
func (r *reader) route(n *yaml.Node, path string, within *plan.Route) (route *plan.Route, picks bool) {
	route = &plan.Route{Wait: usualWait, Interval: usualInterval, Repeat: usualRepeat, SendResolved: true}
	if within != nil {
		inherited := *within
		inherited.Name, inherited.Match, inherited.Continue, inherited.Routes = "", nil, false, nil
		route = &inherited
	}
	var nested, receivers, chain, nobody at
	given := r.Object(n, path, strictyaml.Fields{
		"name":      func(n *yaml.Node, path string) { route.Name = r.routeName(n, path) },
		"match":     func(n *yaml.Node, path string) { route.Match = r.match(n, path) },
		"continue":  func(n *yaml.Node, path string) { route.Continue = r.Flag(n, path) },
		"receivers": receivers.is, "chain": chain.is, "nobody": nobody.is,
		"group_by": func(n *yaml.Node, path string) { route.GroupBy, route.Each = r.groupBy(n, path) },
		"wait":     func(n *yaml.Node, path string) { route.Wait = r.duration(n, path, 0, mostWait) },
		"interval": func(n *yaml.Node, path string) {
			route.Interval = r.duration(n, path, leastInterval, mostInterval)
		},
		"repeat":        func(n *yaml.Node, path string) { route.Repeat = r.duration(n, path, leastRepeat, mostRepeat) },
		"send_resolved": func(n *yaml.Node, path string) { route.SendResolved = r.Flag(n, path) },
		"mute":          func(n *yaml.Node, path string) { route.Mute = r.mute(n, path) },
		"unacknowledge_after": func(n *yaml.Node, path string) {
			route.UnacknowledgeAfter = r.duration(n, path, leastHold, mostHold)
		},
		"routes": nested.is,
	})
	r.Required(n, path, given, "name")
	r.whom(n, path, route, given, receivers, chain, nobody)
	if route.Repeat < route.Interval && route.Repeat > 0 {
		r.Wrong(n, path, "repeat, %s, must not be less than interval, %s", short(route.Repeat), short(route.Interval))
	}
	nested.read(func(n *yaml.Node, path string) { route.Routes = r.routes(n, path, route, mostRoutes) })
	return route, given == nil || given["match"]
}

// whom reads who is told: receivers, or a chain, or nobody.
func (r *reader) whom(n *yaml.Node, path string, route *plan.Route, given map[string]bool, receivers, chain, nobody at) {
	says := 0
	for _, key := range []string{"receivers", "chain", "nobody"} {
		if given[key] {
			says++
		}
	}
	if says > 1 {
		r.Wrong(n, path, "must have only one of receivers, chain and nobody")
	}
	if says > 0 {
		route.Receivers, route.Chain, route.Nobody = nil, nil, false
	}
	receivers.read(func(n *yaml.Node, path string) { route.Receivers = r.tell(n, path) })
	chain.read(func(n *yaml.Node, path string) {
		name := r.Text(n, path)
		if r.known(n, path, "chain", name, slices.Sorted(maps.Keys(r.chains))) {
			route.Chain = r.chains[name]
		}
	})
	nobody.read(func(n *yaml.Node, path string) {
		if route.Nobody = r.Flag(n, path); !route.Nobody {
			r.Wrong(n, path, "must be true, or not be there")
		}
	})
	if given != nil && says == 0 && route.Receivers == nil && route.Chain == nil && !route.Nobody {
		r.Wrong(n, path, "must say who is told: receivers, a chain, or nobody: true")
	}
}

func (r *reader) routeName(n *yaml.Node, path string) string {
	s := r.Text(n, path)
	line := r.names[s]
	name := r.name(n, path, "route", line > 0)
	if name != "" {
		r.names[name] = n.Line
	}
	return name
}

// match reads matchers: one, or a list.
func (r *reader) match(n *yaml.Node, path string) matcher.All {
	var out matcher.All
	each := func(n *yaml.Node, path string) {
		s := r.Text(n, path)
		if s == "" {
			return
		}
		m, err := matcher.Parse(s)
		if err != nil {
			r.Wrong(n, path, "%s", err)
			return
		}
		out = append(out, m)
	}
	if strictyaml.Follow(n).Kind == yaml.ScalarNode {
		each(n, path)
		return out
	}
	if count := r.List(n, path, each); count == 0 {
		r.Wrong(n, path, "must not be empty")
	} else if count > mostMatch {
		r.Wrong(n, path, "holds more than %d", mostMatch)
	}
	return out
}

// groupBy reads labels, or that every alert is alone.
func (r *reader) groupBy(n *yaml.Node, path string) (labels []string, each bool) {
	out := []string{}
	one := func(n *yaml.Node, path string) {
		switch s := r.Text(n, path); {
		case s == "":
		case s == alone:
			each = true
		case !labelName.MatchString(s):
			r.Wrong(n, path, "is no label: 1 to 64 letters, digits or _, and no digit first; or %s for each alert alone", alone)
		case slices.Contains(out, s):
			r.Wrong(n, path, "%s stands twice", s)
		default:
			out = append(out, s)
		}
	}
	count := 1
	if strictyaml.Follow(n).Kind == yaml.ScalarNode {
		one(n, path)
	} else {
		count = r.List(n, path, one)
	}
	switch {
	case count > mostLabels:
		r.Wrong(n, path, "holds more than %d", mostLabels)
	case each && len(out) > 0:
		r.Wrong(n, path, "%s leaves each alert alone: there is nothing to group by beside it", alone)
	}
	slices.Sort(out)
	return out, each
}

// mute reads names of hours.
func (r *reader) mute(n *yaml.Node, path string) []plan.Hours {
	var out []plan.Hours
	each := func(n *yaml.Node, path string) {
		name := r.Text(n, path)
		if r.known(n, path, "hours", name, slices.Sorted(maps.Keys(r.hours))) {
			out = append(out, r.hours[name])
		}
	}
	if strictyaml.Follow(n).Kind == yaml.ScalarNode {
		each(n, path)
	} else {
		r.List(n, path, each) // an empty list takes back what is inherited
	}
	return out
}

// readChains reads the chains.
func (r *reader) readChains(n *yaml.Node, path string) {
	r.Most(n, path, mostChains, "chain", func(n *yaml.Node, path string) {
		c := &plan.Chain{Rounds: 1}
		given := r.Object(n, path, strictyaml.Fields{
			"name": func(n *yaml.Node, path string) {
				c.Name = r.name(n, path, "chain", r.chains[strictyaml.Follow(n).Value] != nil)
			},
			"steps":  func(n *yaml.Node, path string) { c.Steps = r.steps(n, path) },
			"rounds": func(n *yaml.Node, path string) { c.Rounds = r.Whole(n, path, 1, mostRounds) },
		})
		r.Required(n, path, given, "name", "steps")
		if c.Name != "" {
			r.chains[c.Name] = c
		}
	})
}

func (r *reader) steps(n *yaml.Node, path string) []plan.Step {
	var out []plan.Step
	count := r.Most(n, path, mostSteps, "step", func(n *yaml.Node, path string) {
		var s plan.Step
		given := r.Object(n, path, strictyaml.Fields{
			"tell": func(n *yaml.Node, path string) { s.Tell = r.tell(n, path) },
			"wait": func(n *yaml.Node, path string) { s.Wait = r.duration(n, path, leastStep, mostStep) },
		})
		r.Required(n, path, given, "tell", "wait")
		out = append(out, s)
	})
	if count == 0 {
		r.Wrong(n, path, "must not be empty")
	}
	return out
}

// inhibitions reads which alerts explain which.
func (r *reader) inhibitions(n *yaml.Node, path string) []*plan.Inhibition {
	var out []*plan.Inhibition
	r.Most(n, path, mostInhibit, "inhibition", func(n *yaml.Node, path string) {
		i := &plan.Inhibition{}
		given := r.Object(n, path, strictyaml.Fields{
			"by":   func(n *yaml.Node, path string) { i.By = r.match(n, path) },
			"held": func(n *yaml.Node, path string) { i.Held = r.match(n, path) },
			"equal": func(n *yaml.Node, path string) {
				var each bool
				if i.Equal, each = r.groupBy(n, path); each {
					r.Wrong(n, path, "must be labels")
				}
			},
		})
		r.Required(n, path, given, "by", "held")
		out = append(out, i)
	})
	return out
}
