package score

import (
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
)

// Event scores a received response and the revision before it, as one event, with the
// corrections of the response in the order of their numbers, from 1. The same received
// event and corrections give the same event id, whenever and wherever it is scored.
//
// It returns an *InvalidError when the response cannot be scored or the event names
// no place to store the score. A revision before that cannot be scored leaves
// PreviousScore absent: nothing was concluded from it then, so there is nothing
// to withdraw now, and the correction must not suffer from the mistake.
func (s *Scorer) Event(r *eventsv1.ResponseReceived, corrections []*eventsv1.AnalysisCorrected, at time.Time) (*eventsv1.ResponseScored, error) {
	if err := checkEnvelope(r); err != nil {
		return nil, err
	}
	var mem memory
	now, err := s.find(r.GetResponse(), &mem)
	if err != nil {
		return nil, err
	}
	var before *found
	if r.GetPrevious() != nil {
		before, _ = s.find(r.GetPrevious(), &mem)
	}
	scored := &eventsv1.ResponseScored{
		EventId: "s" + Version + "-" + r.GetEventId(), ScoredAt: timestamppb.New(at),
		Received: r, Score: s.state(now, corrections), ScorerVersion: Version,
	}
	if before != nil {
		scored.PreviousScore = bare(s.state(before, corrections))
	}
	if n := len(corrections); n > 0 {
		// The number, and not how many are still there: it must not fall.
		scored.Correction = max(uint32(n), corrections[n-1].GetNumber())
		scored.EventId += "-c" + strconv.FormatUint(uint64(scored.GetCorrection()), 10)
		scored.Earlier = append(s.earlier(before, corrections, true), s.earlier(now, corrections, false)...)
	}
	return scored, nil
}

// maxEarlier bounds, in bytes, what of a revision's earlier states stands in an event, beside
// the one before the last correction, which always does: in a response of a hundred verbatims
// that was corrected fifty times they would outgrow it. Those left out are the oldest, which
// a state that was stored since has taken the place of.
const maxEarlier = 32 << 10

// earlier are the states with fewer corrections, each once, the oldest first.
func (s *Scorer) earlier(f *found, corrections []*eventsv1.AnalysisCorrected, revisionBefore bool) []*eventsv1.EarlierScore {
	if f == nil {
		return nil
	}
	var all []*eventsv1.EarlierScore
	size := 0
	last, next := bare(s.state(f, corrections)), (*eventsv1.Score)(nil)
	for n := len(corrections) - 1; n >= 0; n-- {
		was := bare(s.state(f, corrections[:n]))
		if proto.Equal(was, last) || proto.Equal(was, next) {
			continue
		}
		if size += proto.Size(was); size > maxEarlier && len(all) > 0 {
			break
		}
		next = was
		all = append(all, &eventsv1.EarlierScore{RevisionBefore: revisionBefore, Score: was})
	}
	slices.Reverse(all)
	return all
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
