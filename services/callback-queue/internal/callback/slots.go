package callback

import (
	"cmp"
	"slices"
	"time"

	"github.com/rappel-loop/rappel/services/internal/calendar"
)

// Slot is a stretch of time in which the customer would like to be called: from
// From on, and before To; a zero To has no end.
type Slot struct{ From, To time.Time }

// MaxSlots bounds Callback.Slots and Wish; the earliest are kept.
const MaxSlots = 10

// EndSlot lets a callback that was not called in the customer's slot wait for the
// next one, or for anybody.
type EndSlot struct{}

// Name is endSlot.
func (EndSlot) Name() string { return "endSlot" }

func (EndSlot) check() error { return nil }

func (EndSlot) apply(d *draft) (EventType, error) {
	if d.cb == nil || d.cb.State != Pending {
		return "", ErrNoChange
	}
	if end := d.cb.slotEnd(); end.IsZero() || d.now.Before(end) {
		return "", ErrNoChange
	}
	if err := d.cb.follow(slotEnd); err != nil {
		return "", err
	}
	d.await(d.now)
	d.pauseForSlot(d.now)
	d.preferStill()
	d.by(ActorTimer, "")
	return EventSlotEnded, nil
}

// slotEnd is when the slot ends that the callback waits for or in; zero when there
// is none, or it does not wait.
func (c *Callback) slotEnd() time.Time {
	if c.State != Pending || len(c.Slots) == 0 {
		return time.Time{}
	}
	return c.Slots[0].To
}

// wish is the alert's slots, in order.
func (a *Alert) wish() []Slot {
	var all []Slot
	for _, s := range a.Slots {
		s.From = s.From.UTC().Round(0)
		if !s.To.IsZero() {
			s.To = s.To.UTC().Round(0)
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b Slot) int { return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To)) })
	return slices.Clip(all[:min(len(all), MaxSlots)])
}

// possible are the slots of the wish that can still be kept. One that is beyond the
// policy's horizon is a mistake that must not bury the callback: it is passed over.
func (d *draft) possible(wish []Slot) []Slot {
	var kept []Slot
	for _, s := range wish {
		over := !s.To.IsZero() && !s.To.After(later(d.now, s.From))
		if !over && !s.From.After(d.now.Add(d.policy.CallAgainWithin)) {
			kept = append(kept, s)
		}
	}
	return kept
}

// await makes the callback wait, from a moment on, for the next moment of its slots
// at which the customer can be called. Slots without one are passed over; without
// any the moment itself holds.
func (d *draft) await(from time.Time) {
	hours := d.policy.Window(d.cb.Needs())
	at := from
	for len(d.cb.Slots) > 0 {
		slot := calendar.Slots(calendar.Span(d.cb.Slots[0]))
		next, ok := calendar.NextOpen(calendar.All(hours, slot), from)
		if ok {
			at = next.UTC()
			break
		}
		d.cb.Slots = slices.Clip(d.cb.Slots[1:])
	}
	if len(d.cb.Slots) == 0 {
		d.cb.Slots = nil
	}
	if !at.After(d.now) {
		at = time.Time{}
	}
	d.cb.NotBefore = at
}

// wish takes the slots of a further answer instead of those there are. After a try
// that found nobody, the gap before the next stays. What was wished before is no news:
// each revision of an answer says it again, whatever was agreed on since. Who takes their
// slots back may be called at any time.
func (d *draft) wish(al *Alert) {
	wish := al.wish()
	back := len(wish) == 0 && al.SlotsTakenBack && len(d.cb.Wish) > 0
	if !back && (len(wish) == 0 || slices.EqualFunc(wish, d.cb.Wish, Slot.equal)) {
		return
	}
	d.cb.Wish = wish
	slots := d.possible(wish)
	if len(slots) == 0 && (!back || len(d.cb.Slots) == 0) {
		return
	}
	from := d.now
	if len(d.cb.Attempts) > 0 {
		from = later(from, d.cb.NotBefore)
	}
	d.cb.Slots = slots
	d.await(from)
	d.pause(d.cb.NotBefore)
	d.preferStill()
}

func (s Slot) equal(other Slot) bool { return s.From.Equal(other.From) && s.To.Equal(other.To) }
