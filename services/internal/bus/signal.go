package bus

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go"
)

// Signal tells whoever listens at a subject, in any process, that something may
// have changed. It is kept nowhere and may be lost: whoever listens also looks by
// themselves from time to time.
func (b *Bus) Signal(subject string, data []byte) {
	_ = b.nc.Publish(subject, data) // a hint: see above
}

// OnSignal calls heard with each signal at a subject, one after the other, until
// the function it returns is called. heard must be quick.
func (b *Bus) OnSignal(subject string, heard func(data []byte)) (stop func(), err error) {
	sub, err := b.nc.Subscribe(subject, func(m *nats.Msg) { heard(m.Data) })
	if err != nil {
		return nil, fmt.Errorf("%w: listen at %s: %w", ErrUnavailable, subject, err)
	}
	return func() { _ = sub.Unsubscribe() }, nil // the connection is the caller's, and may be closed
}

// Announce publishes to whoever listens at a subject that is none of the loop's streams, and
// returns once the server has it. Nobody need listen, and it is kept only where somebody has a
// stream there: the id, as Nats-Msg-Id, lets that one know repeats. The error is ErrUnavailable.
func (b *Bus) Announce(ctx context.Context, subject, id, contentType string, data []byte) error {
	m := &nats.Msg{Subject: subject, Data: data, Header: nats.Header{nats.MsgIdHdr: {id}, "Content-Type": {contentType}}}
	if err := b.nc.PublishMsg(m); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	ctx, cancel := b.question(ctx) // a flush needs an end
	defer cancel()
	if err := b.nc.FlushWithContext(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return nil
}
