package history

import "time"

// Hurry makes a reader impatient.
func (r *Reader) Hurry() { r.retry, r.patience = 5*time.Millisecond, 50*time.Millisecond }
