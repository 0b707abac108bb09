package notifyfile

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/plan"
	"github.com/rappel-loop/rappel/services/alerting/internal/receiver"
	"github.com/rappel-loop/rappel/services/internal/strictjson"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// Bounds of a file.
const (
	maxBytes    = 1 << 20
	mostRoutes  = 500
	mostChains  = 100
	mostSteps   = 20
	mostRounds  = 20
	mostInhibit = 100
	mostHours   = 100
	mostLabels  = 20
	mostMatch   = 20
)

// Settings are what a file says. They never change.
type Settings struct {
	// Receivers are all that can be told, in the file's order.
	Receivers []receiver.Config
	// Plan is who is told of what.
	Plan *plan.Config
}

// Load reads a file of this name. The error is a *strictyaml.Error that names everything
// that is wrong with it, with lines.
func Load(name string, text []byte) (*Settings, error) {
	r := &reader{
		Reader: strictyaml.New(strictyaml.Options{File: name, Limit: maxBytes, Empty: "is empty: it needs receivers and routes"}),
		chains: map[string]*plan.Chain{}, hours: map[string]plan.Hours{}, names: map[string]int{},
	}
	root := r.Document(text)
	if root == nil {
		return nil, r.Err()
	}
	out := &Settings{Plan: &plan.Config{}}
	var routes, chains, hours, inhibit at
	given := r.Object(root, "", strictyaml.Fields{
		"receivers": func(n *yaml.Node, path string) { out.Receivers = receiver.Read(r.Reader, n, path) },
		"routes":    routes.is, "chains": chains.is, "hours": hours.is, "inhibit": inhibit.is,
	})
	r.Required(root, "", given, "receivers", "routes")
	for _, c := range out.Receivers {
		r.receivers = append(r.receivers, c.Name)
	}
	chains.read(r.readChains) // routes name both
	hours.read(r.readHours)
	routes.read(func(n *yaml.Node, path string) { out.Plan.Routes = r.routes(n, path, nil, mostRoutes) })
	inhibit.read(func(n *yaml.Node, path string) { out.Plan.Inhibit = r.inhibitions(n, path) })
	if err := r.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

// at is where a part of the file is, to be read once those that it needs are.
type at struct {
	node *yaml.Node
	path string
}

func (a *at) is(n *yaml.Node, path string) { a.node, a.path = n, path }

func (a *at) read(f func(n *yaml.Node, path string)) {
	if a.node != nil {
		f(a.node, a.path)
	}
}

type reader struct {
	*strictyaml.Reader
	receivers []string
	chains    map[string]*plan.Chain
	hours     map[string]plan.Hours
	names     map[string]int // of routes, and their lines
	count     int            // of routes
}

// name reads a name that is the only one of its kind; "" is a problem.
func (r *reader) name(n *yaml.Node, path string, what string, taken bool) string {
	s := r.Text(n, path)
	switch {
	case s == "":
	case subject.CheckToken(s) != nil:
		r.Wrong(n, path, "%s", subject.ErrToken)
		return ""
	case taken:
		r.Wrong(n, path, "there is another %s %s", what, s)
		return ""
	}
	return s
}

// duration reads a time from lo to hi.
func (r *reader) duration(n *yaml.Node, path string, lo, hi time.Duration) time.Duration {
	s := r.Text(n, path)
	if s == "" {
		return 0
	}
	d, err := parseDuration(s)
	if err != nil || d < lo || d > hi {
		r.Wrong(n, path, "must be a time from %s to %s, as 90s, 5m or 4h", short(lo), short(hi))
		return 0
	}
	return d
}

// parseDuration reads Go's durations, and days.
func parseDuration(s string) (time.Duration, error) {
	if days, found := strings.CutSuffix(s, "d"); found {
		d, err := time.ParseDuration(days + "h")
		return 24 * d, err
	}
	return time.ParseDuration(s)
}

// short writes a time without what is 0 of it.
func short(d time.Duration) string {
	if d >= 48*time.Hour && d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

// known checks that a name is one of those that there are.
func (r *reader) known(n *yaml.Node, path, what, name string, all []string) bool {
	if name == "" || slices.Contains(all, name) {
		return name != ""
	}
	switch near := strictjson.Nearest(name, all); {
	case near != "":
		r.Wrong(n, path, "there is no %s %s; did you mean %s?", what, name, near)
	case len(all) == 0:
		r.Wrong(n, path, "there is no %s %s: the file has none", what, name)
	default:
		r.Wrong(n, path, "there is no %s %s", what, name)
	}
	return false
}

// tell reads names of receivers.
func (r *reader) tell(n *yaml.Node, path string) []string {
	var out []string
	each := func(n *yaml.Node, path string) {
		name := r.Text(n, path)
		switch {
		case !r.known(n, path, "receiver", name, r.receivers):
		case slices.Contains(out, name):
			r.Wrong(n, path, "%s stands twice", name)
		default:
			out = append(out, name)
		}
	}
	if strictyaml.Follow(n).Kind == yaml.ScalarNode {
		each(n, path)
	} else if r.List(n, path, each) == 0 {
		r.Wrong(n, path, "must not be empty")
	}
	return out
}
