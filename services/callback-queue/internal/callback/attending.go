package callback

import "time"

// NoteUnattended says that nobody at their desk can take a callback that could be
// called now.
type NoteUnattended struct{}

// Name is noteUnattended.
func (NoteUnattended) Name() string { return "noteUnattended" }

func (NoteUnattended) check() error { return nil }

// apply notes it once, until somebody takes the callback, it waits for something else, or
// NoteAttended says that somebody could.
func (NoteUnattended) apply(d *draft) (EventType, error) {
	if d.cb == nil || d.cb.State != Pending || !d.cb.UnattendedSince.IsZero() {
		return "", ErrNoChange
	}
	if d.now.Before(d.cb.ReadyAt()) || d.inHours() != nil {
		return "", ErrNoChange
	}
	if err := d.cb.follow(unattended); err != nil {
		return "", err
	}
	d.cb.UnattendedSince = d.now
	d.by(ActorRouting, "")
	return EventUnattended, nil
}

// NoteAttended says that somebody is at their desk again who can take a callback of which
// NoteUnattended said that nobody could.
type NoteAttended struct{}

// Name is noteAttended.
func (NoteAttended) Name() string { return "noteAttended" }

func (NoteAttended) check() error { return nil }

func (NoteAttended) apply(d *draft) (EventType, error) {
	if d.cb == nil || d.cb.UnattendedSince.IsZero() {
		return "", ErrNoChange
	}
	if err := d.cb.follow(attended); err != nil {
		return "", err
	}
	d.cb.UnattendedSince = time.Time{}
	d.by(ActorRouting, "")
	return EventAttended, nil
}
