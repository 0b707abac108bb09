package projection

import (
	"fmt"

	"github.com/rappel-loop/rappel/proto/feedevent"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Fallback tells of a fallback that began or ended. It is about no customer: its name stands
// in the place of the customer's key.
func (p *Projector) Fallback(o Origin, e *eventsv1.FallbackChanged) (Projected, error) {
	name, t := token(e.GetName()), feedevent.FallbackEnded
	if e.GetActive() {
		t = feedevent.FallbackBegan
	}
	if name == "" {
		return Projected{}, fmt.Errorf("%w: the fallback has no name", ErrInvalid)
	}
	out, err := p.about(o, t, name, "alerting", e.GetAt())
	if err != nil {
		return Projected{}, err
	}
	data := &feedevent.Fallback{
		Name: name, Changes: e.GetChanges(), Queue: token(e.GetQueue()), WaitSeconds: e.WaitSeconds,
		BeginsSeconds: e.GetBeginsSeconds(), EndsSeconds: e.GetEndsSeconds(),
	}
	for _, m := range e.GetMeasures() {
		if token(m) != "" {
			data.Measures = append(data.Measures, m)
		}
	}
	out.Data = data
	return Projected{Event: out, About: about(data.Queue), Queue: data.Queue}, nil
}
