package bus

import (
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
