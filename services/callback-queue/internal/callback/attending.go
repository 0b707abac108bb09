package callback

// NoteUnattended says that nobody at their desk can take a callback that could be
// called now.
type NoteUnattended struct{}

// Name is noteUnattended.
func (NoteUnattended) Name() string { return "noteUnattended" }

func (NoteUnattended) check() error { return nil }

// apply notes it once, until somebody takes the callback.
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
