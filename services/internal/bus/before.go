package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/rappel-loop/rappel/proto/subject"
)

// Before returns the last event of a subject that was stored before t, or ErrNotFound: what
// Latest would have returned then. Whatever was acknowledged by then is considered, so for a
// moment that is past the answer is always the same, whoever asks and when, unless events
// were deleted since.
//
// It is Latest and no more where nothing was stored since. Else any replica is asked for
// what there was, which may not have heard of all of it, and the leader for what follows.
func (b *Bus) Before(ctx context.Context, subj string, t time.Time) (Delivery, error) {
	last, err := b.Latest(ctx, subj)
	if err != nil || last.Time.Before(t) {
		return last, err
	}
	d, err := b.upTo(ctx, last.Stream, subj, t)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Delivery{}, err
	}
	for found := err == nil; ; found = true {
		next, err := b.leaderGet(ctx, last.Stream, getRequest{Seq: d.Sequence + 1, Next: subj})
		switch {
		case errors.Is(err, ErrNotFound), err == nil && !next.Time.Before(t):
			if !found {
				return Delivery{}, ErrNotFound
			}
			return d, nil
		case err != nil:
			return Delivery{}, err
		}
		d = next
	}
}

// upToRequest asks a replica for what a subject's last event was at a time.
type upToRequest struct {
	Last []string  `json:"multi_last"`
	Time time.Time `json:"up_to_time"`
}

// upTo is the last event of a subject that was stored before t, as far as some replica
// knows.
func (b *Bus) upTo(ctx context.Context, stream, subj string, t time.Time) (Delivery, error) {
	ctx, cancel := b.question(ctx)
	defer cancel()
	body, err := json.Marshal(upToRequest{Last: []string{subj}, Time: t})
	if err != nil {
		return Delivery{}, err
	}
	m, err := b.nc.RequestWithContext(ctx, jetstream.DefaultAPIPrefix+"DIRECT.GET."+stream, body)
	if err != nil {
		return Delivery{}, fmt.Errorf("%w: ask a replica: %w", ErrUnavailable, err)
	}
	d, err := fromDirect(stream, m)
	if err != nil && !errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("%w: ask a replica: %w", ErrUnavailable, err)
	}
	return d, err
}

// fromDirect is an event as a direct get answers with it: all that is not its own is in
// headers.
func fromDirect(stream string, m *nats.Msg) (Delivery, error) {
	switch status := m.Header.Get("Status"); status {
	case "":
	case "204", "404": // none, with the end of a batch or without
		return Delivery{}, ErrNotFound
	default:
		return Delivery{}, fmt.Errorf("status %s: %s", status, m.Header.Get("Description"))
	}
	seq, err := strconv.ParseUint(m.Header.Get(jetstream.SequenceHeader), 10, 64)
	if err != nil {
		return Delivery{}, err
	}
	at, err := time.Parse(time.RFC3339Nano, m.Header.Get(jetstream.TimeStampHeaer))
	if err != nil {
		return Delivery{}, err
	}
	return Delivery{
		Stream: stream, Subject: m.Header.Get(jetstream.SubjectHeader), Sequence: seq, Time: at,
		ID: m.Header.Get(nats.MsgIdHdr), Type: m.Header.Get(subject.HeaderType), Headers: m.Header, Data: m.Data,
	}, nil
}
