package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/rappel-loop/rappel/services/alerting/internal/matcher"
	"github.com/rappel-loop/rappel/services/internal/calendar"
)

// Config is who is told what. It never changes once it is made; the zero Config tells nobody
// of anything.
type Config struct {
	// Routes are asked in order: the first that matches takes an alert, and the next ones
	// too where it says so.
	Routes []*Route
	// Inhibit says which alerts explain which others.
	Inhibit []*Inhibition
}

// Route is what becomes of the alerts that it takes. What it does not say itself it has from
// the one that it is nested in.
type Route struct {
	// Name is the only one of it.
	Name string
	// Match picks the alerts; none picks all.
	Match matcher.All
	// Continue has the next ones asked, too.
	Continue bool
	// Routes are asked before it takes an alert itself.
	Routes []*Route
	// Nobody is told of what it takes.
	Nobody bool
	// Receivers are told; nil where there is a chain.
	Receivers []string
	// Chain is told step by step; nil where there is none.
	Chain *Chain
	// GroupBy are the labels by whose values alerts are put together, sorted; Each leaves
	// every alert alone.
	GroupBy []string
	Each    bool
	// Wait, Interval and Repeat are as the package says.
	Wait, Interval, Repeat time.Duration
	// SendResolved has the end told.
	SendResolved bool
	// Mute are the hours in which nobody is told.
	Mute []Hours
	// UnacknowledgeAfter is how long somebody looks after an alert who does not say for how
	// long; 0 for as long as it stands.
	UnacknowledgeAfter time.Duration
}

// Chain is who is told one after the other.
type Chain struct {
	// Name is the only one of it.
	Name string
	// Steps are one or more.
	Steps []Step
	// Rounds is how often it is gone through, 1 or more.
	Rounds int
}

// Step is one step of a chain.
type Step struct {
	// Tell are the receivers.
	Tell []string
	// Wait is how long the next one is waited with.
	Wait time.Duration
}

// Hours are times of the week by a name.
type Hours struct {
	Name   string
	Window calendar.Window
}

// Inhibition says that a standing alert explains others.
type Inhibition struct {
	// By picks those that explain, Held those that are held back.
	By, Held matcher.All
	// Equal are the labels that both must have, with the same value.
	Equal []string
}

// Silence holds back the alerts that it matches, at its times.
type Silence struct {
	ID     string
	Match  matcher.All
	Window calendar.Window
}

// Until reports whether a window is open now, and until when at least.
func until(w calendar.Window, now time.Time) (time.Time, bool) {
	s, ok := w.Next(now)
	if !ok || s.From.After(now) {
		return time.Time{}, false
	}
	return s.To, true
}

// Takers are the routes that take an alert with these labels, in order.
func (c *Config) Takers(labels map[string]string) []*Route { return takers(c.Routes, labels) }

func takers(routes []*Route, labels map[string]string) []*Route {
	var out []*Route
	for _, r := range routes {
		if !r.Match.Pick(labels) {
			continue
		}
		inner := takers(r.Routes, labels)
		switch {
		case len(inner) > 0:
			out = append(out, inner...)
		case !r.Nobody:
			out = append(out, r)
		}
		if !r.Continue {
			break
		}
	}
	return out
}

// UnacknowledgeAfter is for how long an alert with these labels is looked after at most by
// who does not say for how long: the shortest of the routes that take it; 0 for as long as
// it stands.
func (c *Config) UnacknowledgeAfter(labels map[string]string) time.Duration {
	var least time.Duration
	for _, r := range c.Takers(labels) {
		if d := r.UnacknowledgeAfter; d > 0 && (least == 0 || d < least) {
			least = d
		}
	}
	return least
}

// Route finds a route by its name, wherever it is nested; nil when there is none.
func (c *Config) Route(name string) *Route { return find(c.Routes, name) }

func find(routes []*Route, name string) *Route {
	for _, r := range routes {
		if r.Name == name {
			return r
		}
		if inner := find(r.Routes, name); inner != nil {
			return inner
		}
	}
	return nil
}

// Key is the key of the group that a route puts an alert into, and the labels that the
// group's alerts have in common by it. It is derived from nothing but the route's name, the
// labels and, where each alert is alone, its id.
func (r *Route) Key(id string, labels map[string]string) (key string, common map[string]string) {
	sum := sha256.New()
	add := func(s string) {
		_, _ = sum.Write([]byte(s))
		_, _ = sum.Write([]byte{0})
	}
	add(r.Name)
	if r.Each {
		add(id)
		return named(sum.Sum(nil)), nil
	}
	common = map[string]string{}
	for _, label := range r.GroupBy {
		add(label)
		add(labels[label])
		if v := labels[label]; v != "" {
			common[label] = v
		}
	}
	return named(sum.Sum(nil)), common
}

func named(sum []byte) string { return "g-" + hex.EncodeToString(sum[:12]) }

// reach are the receivers of all steps that were taken, or of the route without a chain, in
// order.
func (r *Route) reach(step, round int) []string {
	if r.Chain == nil {
		return r.Receivers
	}
	if round > 1 {
		step = len(r.Chain.Steps)
	}
	var all []string
	for _, s := range r.Chain.Steps[:min(max(step, 1), len(r.Chain.Steps))] {
		all = union(all, s.Tell)
	}
	return all
}

// union has each name once, in the order in which they come first.
func union(a, b []string) []string {
	out := slices.Clone(a)
	for _, name := range b {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// MutedAt reports whether the route's hours hold everything back at a moment, and which of
// them the longest.
func (r *Route) MutedAt(now time.Time) (Hold, bool) {
	all := r.muted(now)
	if len(all) == 0 {
		return Hold{}, false
	}
	return slices.MaxFunc(all, func(a, b Hold) int {
		if a.Until.IsZero() || b.Until.IsZero() {
			return cmp.Compare(b.Until.Unix(), a.Until.Unix()) // one that does not end lasts longest
		}
		return a.Until.Compare(b.Until)
	}), true
}

// muted is what mutes a route now.
func (r *Route) muted(now time.Time) []Hold {
	var out []Hold
	for _, h := range r.Mute {
		if end, is := until(h.Window, now); is {
			out = append(out, Hold{Reason: Muted, By: h.Name, Until: end})
		}
	}
	return out
}
