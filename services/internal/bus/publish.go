package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// JetStream's error codes that the client library has no constant for. 10071 is
// a lost compare-and-set, 10164 the same on a replicated stream; 10077 is a
// stream at its limit of bytes, 10054 one at its limit of messages.
const (
	codeWrongLastSequence         jetstream.ErrorCode = 10071
	codeWrongLastSequenceConstant jetstream.ErrorCode = 10164
	codeMaxBytes                  jetstream.ErrorCode = 10077
	codeMaxMessages               jetstream.ErrorCode = 10054
	codeResources                 jetstream.ErrorCode = 10023
	codeStorage                   jetstream.ErrorCode = 10047
)

// anySequence means that no compare-and-set is asked for.
const anySequence = ^uint64(0)

// Publish stores an event durably. Within the stream's duplicate window a
// repeated id is stored once.
func (b *Bus) Publish(ctx context.Context, e Event) (Receipt, error) {
	r, err := b.Append(ctx, e)
	if err != nil {
		return r, err
	}
	return r, b.Durable(ctx)
}

// PublishAt stores an event durably if the last event of its subject has the
// sequence last; 0 means that the subject must be empty. ErrConflict otherwise.
func (b *Bus) PublishAt(ctx context.Context, e Event, last uint64) (Receipt, error) {
	r, err := b.AppendAt(ctx, e, last)
	if err != nil {
		return r, err
	}
	return r, b.Durable(ctx)
}

// Append stores an event and returns on its acknowledgement, which a kill
// survives and a power cut may not: call Durable before answering anybody.
func (b *Bus) Append(ctx context.Context, e Event) (Receipt, error) {
	return b.append(ctx, e, anySequence)
}

// AppendAt is Append with PublishAt's condition.
func (b *Bus) AppendAt(ctx context.Context, e Event, last uint64) (Receipt, error) {
	return b.append(ctx, e, last)
}

// Durable returns once everything appended before the call is on disk.
func (b *Bus) Durable(ctx context.Context) error {
	if err := b.barrier.Wait(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return nil
}

func (b *Bus) append(ctx context.Context, e Event, last uint64) (Receipt, error) {
	m, err := e.message(ctx)
	if err != nil {
		return Receipt{}, err
	}
	if last != anySequence {
		m.Header[jetstream.ExpectedLastSubjSeqHeader] = []string{strconv.FormatUint(last, 10)}
	}
	select {
	case b.slots <- struct{}{}:
		defer func() { <-b.slots }()
	case <-ctx.Done():
		return Receipt{}, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
	start := time.Now()
	r, err := b.send(ctx, m)
	for attempt := 1; errors.Is(err, ErrUnavailable) && attempt < 3 && ctx.Err() == nil; attempt++ {
		b.metrics.retries.Inc()
		if mine, ok := b.readBack(ctx, e); ok {
			return mine, nil
		}
		r, err = b.send(ctx, m)
	}
	b.metrics.published(e.Subject, start, err)
	if errors.Is(err, ErrConflict) {
		if mine, ok := b.readBack(ctx, e); ok {
			return mine, nil
		}
	}
	return r, err
}

// send publishes once and waits for the acknowledgement.
func (b *Bus) send(ctx context.Context, m *nats.Msg) (Receipt, error) {
	// The library writes its reply subject into the message: send a copy, so that
	// a retry starts clean.
	c := *m
	f, err := b.js.PublishMsgAsync(&c)
	if err != nil {
		return Receipt{}, classify(err)
	}
	select {
	case a := <-f.Ok():
		return Receipt{Sequence: a.Sequence, Duplicate: a.Duplicate}, nil
	case err := <-f.Err():
		return Receipt{}, classify(err)
	case <-ctx.Done():
		return Receipt{}, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
}

// readBack reports whether the last event of the subject is e itself: then an
// earlier try was stored and only its acknowledgement was lost.
func (b *Bus) readBack(ctx context.Context, e Event) (Receipt, bool) {
	d, err := b.Last(ctx, e.Subject)
	if err != nil || d.ID != e.ID {
		return Receipt{}, false
	}
	return Receipt{Sequence: d.Sequence, Duplicate: true}, true
}

func classify(err error) error {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		switch api.ErrorCode {
		case codeWrongLastSequence, codeWrongLastSequenceConstant:
			return ErrConflict
		case codeMaxBytes, codeMaxMessages, codeResources, codeStorage:
			return fmt.Errorf("%w: %s", ErrFull, api.Description)
		}
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
