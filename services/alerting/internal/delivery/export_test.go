package delivery

import (
	"time"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// GiveUp ends a delivery that, as was known a moment ago, waits for too long.
func (d *Deliveries) GiveUp(id string, now time.Time) { d.giveUp(id, now) }

// Try tries a delivery, as was found due a moment ago.
func (d *Deliveries) Try(id string, now time.Time) { d.try(id, now) }

// MostEnded is how many deliveries that have ended are listed.
const MostEnded = mostEnded

// Listed plays what becomes of deliveries, and returns which are listed then.
func Listed(play func(put func(id string, state eventsv1.Delivery_State))) func(id string) bool {
	r := newRows()
	play(func(id string, state eventsv1.Delivery_State) { r.put(&row{id: id, state: state}, !endedState(state)) })
	return func(id string) bool { return r.by[id] != nil }
}

// Rows is how many deliveries can be listed.
func (d *Deliveries) Rows() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.rows.by)
}
