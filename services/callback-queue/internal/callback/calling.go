package callback

import (
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
	// Country is that of customers whose phone number tells none, ISO 3166; empty
	// for no holidays.
	Country string
}

// dialCodes are the countries whose holidays calendar knows, by the country code
// of their phone numbers (ITU-T E.164). +1 is more than one country.
var dialCodes = map[string]string{
	"+31": "NL", "+32": "BE", "+33": "FR", "+34": "ES", "+353": "IE", "+39": "IT", "+41": "CH", "+420": "CZ", "+43": "AT",
	"+44": "GB", "+45": "DK", "+46": "SE", "+47": "NO", "+48": "PL", "+49": "DE", "+55": "BR", "+64": "NZ",
}

// country is the ISO 3166 code of a phone number's country, empty when it is none
// of those whose holidays are known.
func country(phone string) string {
	for n := 3; n <= 4 && n <= len(phone); n++ {
		if code, known := dialCodes[phone[:n]]; known {
			return code
		}
	}
	return ""
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

func (p Policy) customerHours(n Needs) calendar.Window {
	h := calendar.Hours{Week: p.Calling.Week, Zone: p.Zone}
	if zone, ok := calendar.Zone(n.Zone); ok {
		h.Zone = zone
	}
	if p.Calling.Holidays {
		if days, err := calendar.National(firstOf(n.Country, p.Calling.Country)); err == nil {
			h.Holidays = days
		}
	}
	return h
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

// zoneName is the customer's time zone, empty when it is none.
func (c *Callback) zoneName() string {
	name := strings.TrimSpace(c.Customer.TimeZone)
	if _, ok := calendar.Zone(name); !ok {
		return ""
	}
	return name
}
