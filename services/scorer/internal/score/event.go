package score

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
)

// Version is the version of the scoring rules. Raise it when the same answer
// would get another class or satisfaction: events scored anew then have ids of
// their own.
const Version = "1"

// Event scores a received response and the revision before it, as one event.
// The same received event gives the same event id, whenever and wherever it is
// scored.
//
// It returns an *InvalidError when the response cannot be scored or the event names
// no place to store the score. A revision before that cannot be scored leaves
// PreviousScore absent: nothing was concluded from it then, so there is nothing
// to withdraw now, and the correction must not suffer from the mistake.
func Event(r *eventsv1.ResponseReceived, at time.Time) (*eventsv1.ResponseScored, error) {
	if err := checkEnvelope(r); err != nil {
		return nil, err
	}
	s, err := Score(r.GetResponse())
	if err != nil {
		return nil, err
	}
	scored := &eventsv1.ResponseScored{
		EventId: "s" + Version + "-" + r.GetEventId(), ScoredAt: timestamppb.New(at),
		Received: r, Score: s, ScorerVersion: Version,
	}
	if r.GetPrevious() != nil {
		if before, err := Score(r.GetPrevious()); err == nil {
			scored.PreviousScore = before
		}
	}
	return scored, nil
}

// checkEnvelope checks what becomes part of a subject or an id.
func checkEnvelope(r *eventsv1.ResponseReceived) error {
	var problems []string
	if r.GetEventId() == "" {
		problems = append(problems, "event_id is missing")
	}
	if subject.CheckToken(r.GetResponse().GetSurvey()) != nil {
		problems = append(problems, "survey is not a name")
	}
	if subject.CheckBucket(r.GetBucket()) != nil {
		problems = append(problems, "bucket is not three hexadecimal digits")
	}
	if len(problems) > 0 {
		return &InvalidError{Problems: problems}
	}
	return nil
}
