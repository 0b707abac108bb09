package directory

import "time"

// Hurry makes the background quick; before Follow.
func (d *Directory) Hurry() { d.pace = pace{retry: 5 * time.Millisecond, check: 10 * time.Millisecond} }

// Ahead is how many changes are known that following has not brought.
func (d *Directory) Ahead() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.own)
}
