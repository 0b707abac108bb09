package correction

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// Most is how many corrections of one response there can be: each stands in the events of
// those that follow.
const Most = 50

// tries is how often a correction is made again because another of its bucket was first.
const tries = 16

// Refusals of a correction.
var (
	// ErrMeanwhile says that there was another since the one that was named.
	ErrMeanwhile = errors.New("the analysis was corrected meanwhile")
	// ErrTooMany says that there are Most of the response.
	ErrTooMany = errors.New("the response was corrected too often")
	// ErrContended says that others of the bucket were first each time.
	ErrContended = errors.New("too many are correcting at once")
)

// Wish is a correction to be made.
type Wish struct {
	Key
	CustomerKey, By string
	// Verbatim is which one of the latest revision, from 0.
	Verbatim int
	// Correction is what it means.
	Correction *eventsv1.Correction
	// Number, when there is one, is that of the last correction that was seen.
	Number *uint32
}

// Correct stores a correction and returns it. The same that was made last is returned as if
// made now. It returns ErrNoResponse, ErrMeanwhile, ErrTooMany, ErrContended, or an error of
// the bus.
func (b *Book) Correct(ctx context.Context, w Wish) (*eventsv1.AnalysisCorrected, error) {
	end, err := b.turn(ctx, w.Bucket)
	if err != nil {
		return nil, err
	}
	defer end()
	for range tries {
		text, err := b.text(ctx, w)
		if err != nil {
			return nil, err
		}
		known, last, err := b.Of(ctx, w.Key)
		if err != nil {
			return nil, err
		}
		if was := lastOf(known, text); was != nil && proto.Equal(was.GetCorrection(), w.Correction) {
			return was, b.bus.Durable(ctx) // somebody else's may not be on disk yet
		}
		c, err := b.next(known, w, text)
		if err != nil {
			return nil, err
		}
		_, err = b.bus.PublishAt(ctx, bus.Event{Subject: subject.Correction(w.Survey, w.Bucket), ID: c.GetEventId(), Body: c}, last)
		if !errors.Is(err, bus.ErrConflict) {
			return c, err
		}
	}
	return nil, ErrContended
}

// text is the verbatim that is meant.
func (b *Book) text(ctx context.Context, w Wish) (string, error) {
	r, err := b.Latest(ctx, w.Key)
	if err != nil {
		return "", err
	}
	var texts []string
	for _, a := range r.GetResponse().GetAnswers() {
		if a.GetVerbatim() != "" {
			texts = append(texts, a.GetVerbatim())
		}
	}
	if w.Verbatim >= len(texts) || r.GetCustomerKey() != w.CustomerKey {
		return "", ErrNoResponse
	}
	return texts[w.Verbatim], nil
}

// lastOf is the last correction of a text, which counts; nil without any.
func lastOf(known []*eventsv1.AnalysisCorrected, text string) *eventsv1.AnalysisCorrected {
	for _, c := range slices.Backward(known) {
		if c.GetText() == text {
			return c
		}
	}
	return nil
}

func (b *Book) next(known []*eventsv1.AnalysisCorrected, w Wish, text string) (*eventsv1.AnalysisCorrected, error) {
	number := uint32(0)
	if len(known) > 0 {
		number = known[len(known)-1].GetNumber()
	}
	switch {
	case w.Number != nil && *w.Number != number:
		return nil, ErrMeanwhile
	case number >= Most:
		return nil, ErrTooMany
	}
	c := &eventsv1.AnalysisCorrected{
		CorrectedAt: timestamppb.New(b.clock.Now()), By: w.By, Survey: w.Survey, ResponseId: w.ResponseID,
		CustomerKey: w.CustomerKey, Bucket: w.Bucket, Verbatim: uint32(w.Verbatim), Text: text,
		Correction: w.Correction, Number: number + 1,
	}
	id, err := eventID(c)
	c.EventId = id
	return c, err
}

// eventID has what the correction says in it: two that race for one number are two events,
// and only who made the one that was first may take it for their own.
func eventID(c *eventsv1.AnalysisCorrected) (string, error) {
	said, err := proto.MarshalOptions{Deterministic: true}.Marshal(c.GetCorrection())
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%s\x00%s\x00%s\x00%d\x00%s\x00", c.GetSurvey(), c.GetResponseId(), c.GetText(), c.GetNumber(), c.GetBy()) // a hash takes everything
	_, _ = h.Write(said)
	return "k-" + hex.EncodeToString(h.Sum(nil)[:12]), nil
}
