package alert

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
)

const (
	// HeldFor is how long before a fallback's end what it held back may be, to be asked for.
	HeldFor = 24 * time.Hour
	// MostHeld is how many are: the latest.
	MostHeld = 10_000
)

// Afterwards is an alert that was held back, raised once more when the fallback has ended:
// with what its rule asks for now, by the fallbacks that apply now. Its clocks begin then,
// as nobody promised the customer a call before. ok is false when there is nothing to ask
// for: the rule is gone or asks for no callback, or the same fallback applies again, whose
// next end finds the alert.
//
// The id is derived from the alert's and the end's, so that the same is the same event.
func Afterwards(set *rule.Set, held *eventsv1.AlertRaised, ended *eventsv1.FallbackChanged, applies func(name string) bool) (e Event, ok bool) {
	r := set.Rule(held.GetRule())
	if r == nil || r.Callback == nil {
		return Event{}, false
	}
	again := proto.CloneOf(held)
	again.EventId = held.GetEventId() + "-" + ended.GetEventId()
	again.RaisedAt, again.RulesVersion, again.Callback, again.Fallback = ended.GetAt(), set.Version, r.Callback, ""
	e = Event{Rule: r.Name, ID: again.GetEventId(), Body: again, rule: r}
	change(&e, again, applies, func() bool { return false })
	return e, again.GetCallback() != nil || again.GetFallback() != ended.GetName()
}

// CalledLately reports whether nobody is to be called for an alert that was held back until a
// moment, because the customer was spoken to lately by then (rule.Set.HeldBack), be it for
// another rule's alert about the same response. The error is the history's, which past reads
// as of when the response that it is given was first received.
func CalledLately(set *rule.Set, held *eventsv1.AlertRaised, at time.Time, past func(*eventsv1.ResponseScored) rule.Past) (bool, error) {
	r, as := set.Rule(held.GetRule()), proto.CloneOf(held.GetScored())
	if r == nil || as.GetReceived().GetResponse() == nil {
		return false, nil
	}
	as.Received.FirstReceivedAt, as.Received.Response.Id = timestamppb.New(at), "" // what came of it counts, too
	h := rule.NewHistory(past(as), at, set)
	return isHeld(set, r, rule.NewFacts(held.GetScored().GetReceived().GetResponse(), held.GetScored().GetScore()).With(h)), h.Err()
}
