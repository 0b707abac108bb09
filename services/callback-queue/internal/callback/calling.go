package callback

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/rappel-loop/rappel/services/internal/calendar"
)

// CallingHours say when customers may be called, each on their own clock.
type CallingHours struct {
	// Week is what the customer's clock must say.
	Week calendar.Week
	// Holidays says that the public holidays of the customer's country are kept.
	Holidays bool
	// Country is that of customers who have no phone number, ISO 3166; empty for no
	// holidays. Who has one keeps those of its country, where they are known, and no other.
	Country string
}

// Window is when a callback with these needs may be called: in the customer's
// calling hours, and in those of the team that works in its queue. Without any,
// always.
func (p Policy) Window(n Needs) calendar.Window {
	team, hasTeam := p.QueueHours[n.Queue]
	switch {
	case p.Calling == nil && !hasTeam:
		return calendar.Always
	case p.Calling == nil:
		return team
	case !hasTeam:
		return p.customerHours(n)
	default:
		return calendar.All(p.customerHours(n), team)
	}
}

// customerHours are when all clocks allow it that the customer may live by.
func (p Policy) customerHours(n Needs) calendar.Window {
	h := calendar.Hours{Week: p.Calling.Week, Zone: p.Zone}
	if p.Calling.Holidays {
		if days, err := calendar.National(firstOf(n.Country, p.Calling.Country)); err == nil {
			h.Holidays = days
		}
	}
	zones := n.zones()
	switch len(zones) {
	case 0:
		return h
	case 1:
		h.Zone = zones[0]
		return h
	}
	all := make([]calendar.Window, len(zones))
	for i, zone := range zones {
		h.Zone = zone
		all[i] = h
	}
	if h.Zone = middle(zones); !p.Calling.meet(zones) {
		return h
	}
	return calendar.All(all...)
}

// aWeek is one in which no clock changes.
var aWeek = calendar.Span{
	From: time.Date(2026, 1, 12, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 1, 19, 0, 0, 0, 0, time.UTC),
}

// meet reports whether there are moments in a week that are in the hours of all zones:
// else a customer who may live in any would never be called.
func (h *CallingHours) meet(zones []*time.Location) bool {
	all := []calendar.Window{calendar.Slots(aWeek)}
	for _, zone := range zones {
		all = append(all, calendar.Hours{Week: h.Week, Zone: zone})
	}
	_, ok := calendar.NextOpen(calendar.All(all...), aWeek.From)
	return ok
}

// middle is the zone in the middle of several, from west to east.
func middle(zones []*time.Location) *time.Location {
	offset := func(zone *time.Location) int {
		_, seconds := aWeek.From.In(zone).Zone()
		return seconds
	}
	sorted := slices.SortedStableFunc(slices.Values(zones), func(a, b *time.Location) int { return cmp.Compare(offset(a), offset(b)) })
	return sorted[len(sorted)/2]
}

// zones are those that the customer may live in; none when nothing is known.
func (n Needs) zones() []*time.Location {
	var all []*time.Location
	for name := range strings.FieldsSeq(n.Zone) {
		if zone, ok := calendar.Zone(name); ok {
			all = append(all, zone)
		}
	}
	return all
}

// CallableAt is when a callback may be called, from a moment on: the moment itself
// when it is within the hours. Hours that never come are never.
func (p Policy) CallableAt(c *Callback, t time.Time) time.Time {
	at, ok := calendar.NextOpen(p.Window(c.Needs()), t)
	if !ok {
		return t.Add(calendar.Horizon)
	}
	return at.UTC()
}

// inHours is nil when the customer may be called now, else a *NotReadyError.
func (d *draft) inHours() error {
	if at := d.policy.CallableAt(d.cb, d.now); at.After(d.now) {
		return &NotReadyError{ReadyAt: at}
	}
	return nil
}

// within is the moment at which so much of the hours in which the customer can be
// called has passed since t. Where the hours hold less, they do not count.
func (p Policy) within(c *Callback, t time.Time, d time.Duration) time.Time {
	at, ok := calendar.Add(p.Window(c.Needs()), t, d)
	if !ok {
		return t.Add(d)
	}
	return at.UTC()
}

// zoneName is the customer's time zone, where they gave one; else those that their phone
// number may be in, with spaces between them.
func (c *Callback) zoneName() string {
	name := strings.TrimSpace(c.Customer.TimeZone)
	if _, ok := calendar.Zone(name); !ok || strings.ContainsRune(name, ' ') {
		return strings.Join(c.Zones, " ")
	}
	return name
}

// locate says where the customer's phone is, when that may have changed.
func (d *draft) locate() {
	if d.policy.Locate != nil {
		d.cb.Country, d.cb.Zones = d.policy.Locate(d.cb.Customer.Phone)
	}
}
