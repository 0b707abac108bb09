package fallback

import (
	"errors"
	"time"

	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

// Standing is how a fallback stands.
type Standing struct {
	*rule.Fallback
	// Active says that it applies; Since is since when it does or does not, zero when it
	// never did.
	Active bool
	Since  time.Time
	// Reading is the queue's wait now.
	Reading Reading
}

// List is how each fallback that the rules declare stands, in their order. It is ErrLoading
// until that is known.
func (w *Watcher) List() ([]Standing, error) {
	if err := errors.Join(w.states.Ready(), w.stats.Ready()); err != nil {
		return nil, err
	}
	now := w.deps.Clock.Now()
	var all []Standing
	for _, f := range w.deps.Rules().Fallbacks {
		s := Standing{Fallback: f, Reading: w.read(f.Queue, now)}
		if e, ok := w.states.Get(f.Name); ok {
			s.Active, s.Since = e.GetActive(), e.GetAt().AsTime()
		}
		all = append(all, s)
	}
	return all, nil
}
