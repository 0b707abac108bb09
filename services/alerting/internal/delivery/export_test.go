package delivery

import "time"

// GiveUp ends a delivery that, as was known a moment ago, waits for too long.
func (d *Deliveries) GiveUp(id string, now time.Time) { d.giveUp(id, now) }
