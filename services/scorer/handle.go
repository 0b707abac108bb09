package scorer

import (
	"context"
	"errors"
	"fmt"
	"time"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/scorer/internal/correction"
)

// Reasons of the dead letters this service makes.
const (
	reasonUnscorable        = "unscorable"
	reasonInvalidCorrection = "invalid_correction"
)

// handle scores one response and returns once the score is stored. Nothing of a response was
// corrected before its first revision was stored, and what is corrected afterwards scores it
// again. Where something was corrected, the revisions after this one that there are already
// are scored again: what their scores take the place of must have this one in it.
func (s *Service) handle(ctx context.Context, d bus.Delivery) error {
	received := &eventsv1.ResponseReceived{}
	if err := d.Decode(received); err != nil {
		return err
	}
	revisions := []*eventsv1.ResponseReceived{received}
	var known []*eventsv1.AnalysisCorrected
	if key := correction.KeyOf(received); received.GetRevision() > 1 && storable(key) {
		var err error
		if known, _, err = s.book.Of(ctx, key); err != nil {
			return err
		}
		if len(known) > 0 {
			later, err := s.book.After(ctx, key, received.GetRevision())
			if err != nil {
				return err
			}
			revisions = append(revisions, later...)
		}
	}
	for _, r := range revisions {
		scored, err := s.score(r, known)
		if bus.IsTerminal(err) && r != received {
			continue // it becomes a dead letter in its own turn
		}
		if err != nil {
			return err
		}
		if err := s.store(ctx, scored); err != nil {
			return err
		}
	}
	return nil
}

// score makes the event to store.
func (s *Service) score(r *eventsv1.ResponseReceived, corrections []*eventsv1.AnalysisCorrected) (*eventsv1.ResponseScored, error) {
	began := time.Now()
	scored, err := s.scorer.Event(r, corrections, s.clock.Now())
	if err != nil {
		return nil, bus.Terminate(reasonUnscorable, err)
	}
	s.metrics.took.Observe(time.Since(began).Seconds())
	return scored, nil
}

func (s *Service) store(ctx context.Context, scored *eventsv1.ResponseScored) error {
	received := scored.GetReceived()
	receipt, err := s.bus.Publish(ctx, bus.Event{
		Subject: subject.Score(received.GetResponse().GetSurvey(), received.GetBucket()),
		ID:      scored.GetEventId(), Body: scored,
	})
	if err != nil {
		return err
	}
	if !receipt.Duplicate {
		s.metrics.scored(scored)
	}
	return nil
}

// corrected scores a response again of which something was corrected, with all that was,
// and returns once the score is stored. A response that has left its stream is left alone:
// the next training learns from the correction nevertheless.
func (s *Service) corrected(ctx context.Context, d bus.Delivery) error {
	c := &eventsv1.AnalysisCorrected{}
	if err := d.Decode(c); err != nil {
		return err
	}
	key := correction.Key{Survey: c.GetSurvey(), Bucket: c.GetBucket(), ResponseID: c.GetResponseId()}
	if !storable(key) || key.ResponseID == "" {
		return bus.Terminate(reasonInvalidCorrection, fmt.Errorf("correction %d names no response", c.GetNumber()))
	}
	received, err := s.book.Latest(ctx, key)
	if errors.Is(err, correction.ErrNoResponse) {
		return nil
	}
	if err != nil {
		return err
	}
	known, _, err := s.book.Of(ctx, key)
	if err != nil {
		return err
	}
	scored, err := s.score(received, known)
	if err != nil {
		return err
	}
	if len(scored.GetEarlier()) == 0 {
		return nil // its words are no longer in the response: nothing has changed
	}
	return s.store(ctx, scored)
}

func storable(k correction.Key) bool {
	return subject.CheckToken(k.Survey) == nil && subject.CheckBucket(k.Bucket) == nil
}
