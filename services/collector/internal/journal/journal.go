// Package journal writes received responses to their stream and reads them back.
// It speaks the use case's errors and hides the bus's.
package journal

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// Journal is the stream of responses on a bus.
type Journal struct{ bus *bus.Bus }

var _ ingest.Journal = (*Journal)(nil)

// New returns the journal of a bus.
func New(b *bus.Bus) *Journal { return &Journal{bus: b} }

// Append stores an event if its subject's last sequence is after.
func (j *Journal) Append(ctx context.Context, e *eventsv1.ResponseReceived, d response.Digest, after uint64) (uint64, error) {
	encoded, err := proto.Marshal(e)
	if err != nil {
		return 0, fmt.Errorf("encode a received response: %w", err)
	}
	r := e.GetResponse()
	receipt, err := j.bus.AppendAt(ctx, bus.Event{
		Subject: subject.Response(r.GetSurvey(), e.GetBucket()), ID: e.GetEventId(), Body: e, Encoded: encoded,
		Headers: map[string]string{
			subject.HeaderResponseID: base64.RawURLEncoding.EncodeToString([]byte(r.GetId())),
			subject.HeaderRevision:   strconv.FormatUint(uint64(e.GetRevision()), 10),
			subject.HeaderDigest:     d.String(),
		},
	}, after)
	switch {
	case errors.Is(err, bus.ErrConflict):
		return 0, ingest.ErrMoved
	case err != nil:
		return 0, Translate(err)
	case receipt.Duplicate:
		return receipt.Sequence, j.recognise(ctx, receipt.Sequence, encoded)
	}
	return receipt.Sequence, nil
}

// recognise tells our own event, whose acknowledgement was lost, from another
// collector's of the same id: the time of receipt makes their bytes differ.
func (j *Journal) recognise(ctx context.Context, sequence uint64, encoded []byte) error {
	d, err := j.at(ctx, sequence)
	switch {
	case errors.Is(err, ingest.ErrGone):
		return &ingest.TakenError{Sequence: sequence, Gone: true}
	case err != nil:
		return err
	case !bytes.Equal(d.Data, encoded):
		return &ingest.TakenError{Sequence: sequence}
	}
	return nil
}

// Read returns the event at a sequence if it is of this response.
func (j *Journal) Read(ctx context.Context, sequence uint64, survey, id string) (*eventsv1.ResponseReceived, error) {
	d, err := j.at(ctx, sequence)
	if err != nil {
		return nil, err
	}
	e := &eventsv1.ResponseReceived{}
	if err := d.Decode(e); err != nil {
		return nil, fmt.Errorf("sequence %d of %s: %w", sequence, subject.Responses, err)
	}
	if r := e.GetResponse(); r.GetSurvey() != survey || r.GetId() != id {
		return nil, ingest.ErrGone // the stream was restored: the sequence is another's now
	}
	return e, nil
}

// at reads a sequence. A replica that lags behind has not got what the leader
// has: only the leader's word makes it gone.
func (j *Journal) at(ctx context.Context, sequence uint64) (bus.Delivery, error) {
	d, err := j.bus.At(ctx, subject.Responses, sequence)
	if err == nil {
		return d, nil
	}
	if !errors.Is(err, bus.ErrNotFound) {
		return d, Translate(err)
	}
	gone, err := j.gone(ctx, sequence)
	switch {
	case err != nil:
		return d, fmt.Errorf("%w: %w", ingest.ErrUnavailable, err)
	case gone:
		return d, ingest.ErrGone
	}
	return d, fmt.Errorf("%w: a replica lags behind", ingest.ErrUnavailable)
}

// goneTimeout bounds the question whether an event was deleted.
const goneTimeout = 5 * time.Second

func (j *Journal) gone(ctx context.Context, sequence uint64) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, goneTimeout)
	defer cancel()
	s, err := j.bus.JetStream().Stream(ctx, subject.Responses)
	if err != nil {
		return false, err
	}
	info, err := s.Info(ctx, jetstream.WithDeletedDetails(true))
	if err != nil {
		return false, err
	}
	if sequence < info.State.FirstSeq || sequence > info.State.LastSeq {
		return true, nil
	}
	for _, deleted := range info.State.Deleted {
		if deleted == sequence {
			return true, nil
		}
	}
	return false, nil
}

// Head returns a subject's last sequence, 0 when it has none.
func (j *Journal) Head(ctx context.Context, subj string) (uint64, error) {
	d, err := j.bus.Last(ctx, subj)
	if errors.Is(err, bus.ErrNotFound) {
		return 0, nil
	}
	return d.Sequence, Translate(err)
}

// Durable returns once everything appended before is on disk.
func (j *Journal) Durable(ctx context.Context) error { return Translate(j.bus.Durable(ctx)) }

// Translate is the one place where the bus's errors become the use case's.
func Translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, bus.ErrFull):
		return fmt.Errorf("%w: %w", ingest.ErrFull, err)
	case errors.Is(err, bus.ErrUnavailable):
		return fmt.Errorf("%w: %w", ingest.ErrUnavailable, err)
	case errors.Is(err, bus.ErrTooLarge):
		return &ingest.InvalidError{Violations: []response.Violation{{Path: "response", Problem: "is larger than the store of responses takes"}}}
	default:
		return err
	}
}
