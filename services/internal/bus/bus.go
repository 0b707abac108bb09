package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"github.com/rappel-loop/rappel/services/internal/topology"
)

// Barrier makes what was stored before it was called survive a power cut.
type Barrier interface {
	// Wait returns once everything acknowledged before the call is on disk.
	Wait(ctx context.Context) error
}

// Replicated is the barrier of a cluster: with three replicas that sync always,
// an acknowledgement is already the promise.
type Replicated struct{}

// Wait returns at once.
func (Replicated) Wait(context.Context) error { return nil }

// Event is one message to store.
type Event struct {
	// Subject comes from package subject.
	Subject string
	// ID is the event id, and the Nats-Msg-Id.
	ID string
	// Body is the protobuf event; its full name becomes the type header. Required, unless
	// the event is none.
	Body proto.Message
	// Encoded, when set, is Body already marshaled.
	Encoded []byte
	// Type is what the type header says of an event that is no protobuf message; Encoded is
	// the whole of it then.
	Type string
	// Headers are added to those the bus writes itself.
	Headers map[string]string
}

// Receipt says where an event was stored.
type Receipt struct {
	// Sequence of the event in its stream.
	Sequence uint64
	// Duplicate is true when an event of this id was stored before: Sequence is
	// that one's.
	Duplicate bool
}

// Options configure a Bus.
type Options struct {
	// Log gets connection trouble and dead letters; never a payload.
	Log *zap.Logger
	// Barrier makes acknowledgements durable; required.
	Barrier Barrier
	// Metrics counts; nil counts nothing.
	Metrics *Metrics
	// MaxInFlight bounds unacknowledged publishes; 0 is 16,384.
	MaxInFlight int
	// AckTimeout bounds one wait for an acknowledgement; 0 is 5 s. A publish that
	// gets none is repeated for as long again, and for twice as long at most, so
	// that ErrUnavailable comes within three times this, or when the context ends.
	AckTimeout time.Duration
	// Topology is how consumers are made that a service adds (Ensure).
	Topology topology.Options
}

// Bus publishes to and consumes from JetStream. Safe for concurrent use.
type Bus struct {
	nc      *nats.Conn
	js      jetstream.JetStream
	log     *zap.Logger
	barrier Barrier
	metrics *Metrics
	slots   chan struct{}
	timeout time.Duration
	layout  topology.Options
	streams sync.Map // name -> jetstream.Stream
}

// New returns a bus on a connection, which stays the caller's to close.
func New(nc *nats.Conn, o Options) (*Bus, error) {
	if o.Barrier == nil {
		return nil, errors.New("bus: a barrier is required: say how acknowledgements become durable")
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	if o.MaxInFlight == 0 {
		o.MaxInFlight = 16_384
	}
	if o.AckTimeout == 0 {
		o.AckTimeout = 5 * time.Second
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	// A publisher whose context ends leaves its slot at once and the library's
	// entry until the acknowledgement or its timeout: hence twice as many.
	js, err := jetstream.New(nc,
		jetstream.WithPublishAsyncMaxPending(2*o.MaxInFlight),
		jetstream.WithPublishAsyncTimeout(o.AckTimeout))
	if err != nil {
		return nil, fmt.Errorf("bus: %w", err)
	}
	return &Bus{
		nc: nc, js: js, log: o.Log.Named("bus"), barrier: o.Barrier, metrics: o.Metrics,
		slots: make(chan struct{}, o.MaxInFlight), timeout: o.AckTimeout, layout: o.Topology,
	}, nil
}

// JetStream gives what the bus does not wrap: provisioning and inspection.
func (b *Bus) JetStream() jetstream.JetStream { return b.js }

// Ensure makes a consumer that is not of the topology's own, and that of its redrives,
// or brings them in line.
func (b *Bus) Ensure(ctx context.Context, c topology.Consumer) error {
	if err := c.Ensure(ctx, b.js, b.layout); err != nil {
		return fmt.Errorf("bus: %w", err)
	}
	return nil
}

// Connected reports whether the server can be reached now.
func (b *Bus) Connected() error {
	if s := b.nc.Status(); s != nats.CONNECTED {
		return fmt.Errorf("nats is %s", s)
	}
	return nil
}
