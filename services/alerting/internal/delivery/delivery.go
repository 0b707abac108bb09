package delivery

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/receiver"
	"github.com/rappel-loop/rappel/services/alerting/internal/sender"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/documents"
	"github.com/rappel-loop/rappel/services/internal/donotcall"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// Sender sends, and shows what would be.
type Sender interface {
	Send(ctx context.Context, j sender.Job) sender.Outcome
	Show(j sender.Job) (string, error)
}

var _ Sender = (*sender.Sender)(nil)

// Options are what Deliveries work with. All but Metrics are required.
type Options struct {
	Bus    *bus.Bus
	Log    *zap.Logger
	Clock  clock.Clock
	Sender Sender
	// Settings say what the service's configuration allows.
	Settings receiver.Settings
	// PublicURL is where people are told to look; may be empty.
	PublicURL string
	// Metrics gets the package's metrics; nil gets none.
	Metrics prometheus.Registerer
}

// Deliveries are all of them. Safe for concurrent use.
type Deliveries struct {
	o         Options
	docs      *documents.Table[*eventsv1.DeliveryChanged]
	receivers *documents.Table[*eventsv1.ReceiverChanged]
	barred    *donotcall.List
	metrics   *metrics
	woken     chan struct{} // holds one when there is something to look at

	tries    sync.WaitGroup
	work     context.Context //nolint:containedctx // the tries' own lifetime, ended by Stop
	abort    context.CancelFunc
	stopping chan struct{}
	stop     sync.Once

	mu      sync.Mutex
	configs map[string]receiver.Config
	order   []string // the queues' names, those whose turn it is first
	queues  map[string]*queue
	rows    rows
	running int
}

// New returns deliveries that know nothing until Follow has read the streams. The context's
// values are the tries'; its end is not.
func New(ctx context.Context, o Options) *Deliveries {
	d := &Deliveries{
		o: o, woken: make(chan struct{}, 1), stopping: make(chan struct{}), queues: map[string]*queue{}, configs: map[string]receiver.Config{},
		barred: donotcall.New(o.Bus, o.Log), rows: newRows(),
	}
	d.work, d.abort = context.WithCancel(context.WithoutCancel(ctx))
	d.docs = documents.New(documents.Options[*eventsv1.DeliveryChanged]{
		Bus: o.Bus, Log: o.Log, Stream: subject.Deliveries, New: func() *eventsv1.DeliveryChanged { return &eventsv1.DeliveryChanged{} },
		Key: func(e *eventsv1.DeliveryChanged) string { return e.GetDelivery().GetId() }, Subject: subject.Delivery,
		Keep:    func(e *eventsv1.DeliveryChanged) bool { return !ended(e.GetDelivery()) },
		Changed: d.changed,
	})
	d.receivers = documents.New(documents.Options[*eventsv1.ReceiverChanged]{
		Bus: o.Bus, Log: o.Log, Stream: subject.Receivers, New: func() *eventsv1.ReceiverChanged { return &eventsv1.ReceiverChanged{} },
		Key: func(e *eventsv1.ReceiverChanged) string { return e.GetName() }, Subject: subject.Receiver,
		Changed: func(name string, e *eventsv1.ReceiverChanged, _ bool) {
			d.mu.Lock()
			d.queue(name).disabled = e.GetDisabled()
			d.mu.Unlock()
			d.wake()
		},
	})
	d.metrics = newMetrics(o.Metrics, d)
	return d
}

// Use takes other receivers in place of those before. The error is a *strictyaml.Error that
// names what the service cannot use as it is configured: then those before stay.
func (d *Deliveries) Use(file string, all []receiver.Config) error {
	if err := strictyaml.Refuse(file, d.o.Settings.Check(all)); err != nil {
		return err
	}
	for _, p := range d.o.Settings.Missing(all) {
		d.o.Log.Error("a receiver cannot be told until its secret is there", zap.String("fault", p.String()))
	}
	d.mu.Lock()
	d.configs = map[string]receiver.Config{}
	for _, c := range all {
		d.configs[c.Name] = c
		d.queue(c.Name) // so that it is listed, and counted from the beginning
	}
	d.mu.Unlock()
	d.metrics.use(all)
	d.wake()
	return nil
}

// Follow keeps what is known in line with the streams until ctx ends.
func (d *Deliveries) Follow(ctx context.Context) error {
	var both sync.WaitGroup
	both.Go(func() { _ = d.receivers.Follow(ctx) }) // it ends with ctx, and without an error
	err := d.docs.Follow(ctx)
	both.Wait()
	return err
}

// Ready is documents.ErrLoading until both streams were read to their end once.
func (d *Deliveries) Ready() error { return errors.Join(d.docs.Ready(), d.receivers.Ready()) }

// Settle returns once everything that is stored now is known. It is for tests.
func (d *Deliveries) Settle(ctx context.Context) error {
	return errors.Join(d.docs.Settle(ctx), d.receivers.Settle(ctx))
}

const tick = 250 * time.Millisecond

// Run sends what is due until ctx ends. What is on its way then is Stop's to wait for.
func (d *Deliveries) Run(ctx context.Context) error {
	every := time.NewTicker(tick)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-d.stopping:
			return nil
		case <-every.C:
		case <-d.woken:
		}
		d.Step(d.o.Clock.Now())
	}
}

// Stop lets the tries that are under way end until ctx does; those that are cut short then are
// made again by whoever is next. Nothing is begun any more.
func (d *Deliveries) Stop(ctx context.Context) error {
	d.stop.Do(func() {
		d.mu.Lock() // so that no try begins while they are waited for
		close(d.stopping)
		d.mu.Unlock()
	})
	done := make(chan struct{})
	go func() { d.tries.Wait(); close(done) }()
	select {
	case <-done:
		d.abort()
		return nil
	case <-ctx.Done():
		d.abort()
		<-done
		return errors.New("tries to tell receivers were cut short; they are made again")
	}
}

func (d *Deliveries) wake() {
	select {
	case d.woken <- struct{}{}:
	default:
	}
}

// ID is a delivery's: derived from the notification, the receiver, and where the alert is in
// ALERTS of a customer whom it goes to.
func ID(notification, receiver string, customer uint64) string {
	h := sha256.Sum256([]byte(notification + "\x00" + receiver + "\x00" + strconv.FormatUint(customer, 10)))
	return "dlv-" + strings.ToLower(base32.StdEncoding.EncodeToString(h[:]))[:26]
}

func ended(d *eventsv1.Delivery) bool {
	return d.GetState() == eventsv1.Delivery_DELIVERED || d.GetState() == eventsv1.Delivery_FAILED
}

// changed makes the next event of a delivery. Its id has chance in it: of two that decide at
// once, one must not take the other's event for its own (bus.PublishAt).
func changed(now *eventsv1.DeliveryChanged, at time.Time, change func(*eventsv1.Delivery)) *eventsv1.DeliveryChanged {
	next := proto.CloneOf(now.GetDelivery())
	next.Changes++
	change(next)
	return &eventsv1.DeliveryChanged{
		EventId: next.GetId() + "-" + strconv.FormatUint(next.GetChanges(), 10) + "-" + nonce(),
		At:      timestamppb.New(at), Delivery: next,
	}
}

// nonce is different each time.
func nonce() string { return strings.ToLower(rand.Text()[:12]) }

// mostAttempts is how many tries are kept beside the first.
const mostAttempts = 20

func addAttempt(d *eventsv1.Delivery, a *eventsv1.DeliveryAttempt) {
	d.Attempts = append(d.Attempts, a)
	if len(d.Attempts) > 1+mostAttempts {
		d.Attempts = append(d.Attempts[:1:1], d.Attempts[len(d.Attempts)-mostAttempts:]...)
	}
}
