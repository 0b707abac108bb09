package cli

import (
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// mostSlots is how many of the customer's slots a card shows.
const mostSlots = 3

// slots says when the customer would like to be called, on the customer's own clock
// where it is known: it is what they will say on the phone.
func (c *card) slots(cb *eventsv1.Callback) {
	if cb.GetState() >= eventsv1.Callback_COMPLETED {
		return
	}
	var open []*eventsv1.Slot
	for _, s := range cb.GetSlots() {
		if s.GetTo() == nil || s.GetTo().AsTime().After(c.now()) {
			open = append(open, s)
		}
	}
	shown := len(open)
	if shown > mostSlots {
		shown = mostSlots - 1 // so that what is left out is never one
	}
	zone, theirs := c.clockOf(cb), false
	for _, s := range open[:shown] {
		theirs = theirs || otherClock(s, zone, c.zone)
	}
	label := c.w.Slots
	for i, s := range open[:shown] {
		var notes []string
		if i == 0 && theirs {
			notes = append(notes, c.w.TheirClock)
		}
		if !s.GetFrom().AsTime().After(c.now()) {
			notes = append(notes, c.style.green(c.w.UnderWay))
		}
		c.field(label, c.slot(s, zone)+"  "+strings.Join(notes, ", "))
		label = ""
	}
	if more := len(open) - shown; more > 0 {
		c.field("", fill(c.w.MoreSlots, more))
	}
}

// clockOf is the customer's time zone, or ours where theirs is not known.
func (d *desk) clockOf(cb *eventsv1.Callback) *time.Location {
	name := cb.GetCustomer().GetTimeZone()
	if zone, err := time.LoadLocation(name); err == nil && name != "" {
		return zone
	}
	return d.zone
}

// otherClock reports whether a slot begins or ends at another time of day in a than
// in b.
func otherClock(s *eventsv1.Slot, a, b *time.Location) bool {
	for _, t := range []*timestamppb.Timestamp{s.GetFrom(), s.GetTo()} {
		_, x := t.AsTime().In(a).Zone()
		_, y := t.AsTime().In(b).Zone()
		if t != nil && x != y {
			return true
		}
	}
	return false
}

// slot is a slot's day and times; of one over several days both days.
func (d *desk) slot(s *eventsv1.Slot, zone *time.Location) string {
	const day, clock = "2006-01-02", "15:04"
	from := s.GetFrom().AsTime().In(zone)
	if s.GetTo() == nil {
		return fill(d.w.CallableAt, from.Format(d.w.DateTime))
	}
	to := s.GetTo().AsTime().In(zone)
	if from.Format(day) == to.Format(day) {
		return from.Format(d.w.DateTime) + "–" + to.Format(clock)
	}
	return from.Format(d.w.DateTime) + " – " + to.Format(d.w.DateTime)
}
