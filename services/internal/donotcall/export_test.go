package donotcall

import "time"

// Hurry makes following quick to begin again; before Follow.
func (l *List) Hurry() { l.retry, l.check = 5*time.Millisecond, 10*time.Millisecond }
