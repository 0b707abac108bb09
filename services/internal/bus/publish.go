package bus

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
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
// An event that is the very one stored after last succeeds again, with its
// sequence, whatever came after it: repeating after a lost answer is safe.
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
	start := time.Now()
	if err := b.acquire(ctx); err != nil {
		b.metrics.published(e.Subject, start, err)
		return Receipt{}, err
	}
	defer func() { <-b.slots }()
	r, err := b.send(ctx, m)
	if err != nil {
		r, err = b.resolve(ctx, e, last, m, err)
	}
	b.metrics.published(e.Subject, start, err)
	return r, err
}

// acquire takes a slot. While the store is away every slot is held by somebody
// who waits for it: those without one are told so in bounded time.
func (b *Bus) acquire(ctx context.Context) error {
	select {
	case b.slots <- struct{}{}:
		return nil
	default:
	}
	patience := time.NewTimer(b.timeout)
	defer patience.Stop()
	select {
	case b.slots <- struct{}{}:
		return nil
	case <-patience.C:
		return fmt.Errorf("%w: %d publishes wait already", ErrUnavailable, cap(b.slots))
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
}

// send publishes once and waits for the acknowledgement. The library reads the
// message and writes nothing into it, so a retry may send the same one.
func (b *Bus) send(ctx context.Context, m *nats.Msg) (Receipt, error) {
	f, err := b.js.PublishMsgAsync(m)
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
