package delivery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/message"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/documents"
)

// What callers are refused.
var (
	// ErrNoDelivery says that there is no such delivery.
	ErrNoDelivery = errors.New("there is no such delivery")
	// ErrUnderWay says that a delivery has not ended.
	ErrUnderWay = errors.New("the delivery is on its way")
	// ErrNoReceiver says that no receiver of that name is configured.
	ErrNoReceiver = errors.New("there is no such receiver")
	// ErrPage says that a page token is of no answer.
	ErrPage = errors.New("no such page")
)

// Filter says which deliveries are listed; what is empty is any.
type Filter struct {
	Receiver, Group string
	States          []eventsv1.Delivery_State
}

// List returns deliveries, the newest first, and where the next page begins.
func (d *Deliveries) List(ctx context.Context, f Filter, token string, most int) ([]*eventsv1.Delivery, string, error) {
	if err := d.Ready(); err != nil {
		return nil, "", err
	}
	before, err := place(token)
	if err != nil {
		return nil, "", err
	}
	all := d.matching(f, before)
	next := ""
	if len(all) > most {
		all = all[:most]
		last := all[most-1]
		next = strconv.FormatInt(last.created.UnixNano(), 10) + "." + last.id
	}
	out := make([]*eventsv1.Delivery, 0, len(all))
	for _, r := range all {
		m, err := d.Get(ctx, r.id)
		if errors.Is(err, ErrNoDelivery) { // it has aged out of the stream
			d.forget(r)
			continue
		}
		if err != nil {
			return nil, "", err
		}
		out = append(out, m)
	}
	return out, next, nil
}

func place(token string) (*row, error) {
	if token == "" {
		return nil, nil //nolint:nilnil // the beginning
	}
	at, id, ok := strings.Cut(token, ".")
	n, err := strconv.ParseInt(at, 10, 64)
	if !ok || err != nil {
		return nil, ErrPage
	}
	return &row{id: id, created: time.Unix(0, n).UTC()}, nil
}

// newer is the order of lists.
func newer(a, b *row) int { return cmp.Or(b.created.Compare(a.created), cmp.Compare(a.id, b.id)) }

func (d *Deliveries) matching(f Filter, after *row) []*row {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []*row
	for _, r := range d.rows.by {
		if f.Receiver != "" && r.receiver != f.Receiver || f.Group != "" && r.group != f.Group ||
			len(f.States) > 0 && !slices.Contains(f.States, r.state) || after != nil && newer(r, after) <= 0 {
			continue
		}
		all = append(all, r)
	}
	slices.SortFunc(all, newer)
	return all
}

var isID = regexp.MustCompile(`^dlv-[a-z2-7]{26}$`)

// Get returns one delivery.
func (d *Deliveries) Get(ctx context.Context, id string) (*eventsv1.Delivery, error) {
	if !isID.MatchString(id) {
		return nil, ErrNoDelivery
	}
	if e, ok := d.docs.Get(id); ok {
		return e.GetDelivery(), nil
	}
	e, err := d.docs.Load(ctx, id)
	if errors.Is(err, bus.ErrNotFound) {
		return nil, ErrNoDelivery
	}
	return e.GetDelivery(), err
}

// Replay orders a delivery again that has ended, under its id.
func (d *Deliveries) Replay(ctx context.Context, id, by string) (*eventsv1.Delivery, error) {
	if _, err := d.Get(ctx, id); err != nil {
		return nil, err
	}
	now := d.o.Clock.Now()
	e, err := d.docs.Update(ctx, id, func(was *eventsv1.DeliveryChanged, exists bool) (*eventsv1.DeliveryChanged, error) {
		if !exists {
			return nil, ErrNoDelivery
		}
		if !ended(was.GetDelivery()) {
			return nil, ErrUnderWay
		}
		return changed(was, now, func(m *eventsv1.Delivery) {
			m.State, m.NextAt, m.TriesBefore, m.ReplayedBy = eventsv1.Delivery_PENDING, timestamppb.New(now), m.GetTries(), by
			m.Replays++
		}), nil
	})
	return e.GetDelivery(), err
}

// MostReplayed is how many deliveries are ordered again at once, at most.
const MostReplayed = 500

// ReplayFailed orders again what was given up for a receiver and came to be since a moment,
// up to most of them: what was given up the longest ago first, so that what fails anew at once
// keeps no other from its turn. It returns how many, and how many there are besides.
// Each is ordered for itself: where one can't be, those before it are on their way, and an
// error comes only when there are none.
func (d *Deliveries) ReplayFailed(ctx context.Context, name string, since time.Time, by string, most int) (replayed, remaining int, err error) {
	if err := d.Ready(); err != nil {
		return 0, 0, err
	}
	if _, ok := d.config(name); !ok {
		return 0, 0, ErrNoReceiver
	}
	all := d.matching(Filter{Receiver: name, States: []eventsv1.Delivery_State{eventsv1.Delivery_FAILED}}, nil)
	all = slices.DeleteFunc(all, func(r *row) bool { return r.created.Before(since) })
	slices.SortFunc(all, func(a, b *row) int { return cmp.Or(a.since.Compare(b.since), newer(b, a)) })
	for i, r := range all {
		if replayed == most {
			return replayed, len(all) - i, nil
		}
		_, err := d.Replay(ctx, r.id, by)
		switch {
		case err == nil:
			replayed++
		case errors.Is(err, ErrNoDelivery): // it has aged out
			d.forget(r)
		case errors.Is(err, ErrUnderWay): // somebody was faster
		case replayed == 0:
			return 0, len(all) - i, err
		default:
			return replayed, len(all) - i, nil
		}
	}
	return replayed, 0, nil
}

// forget lists a delivery no more that has aged out: nobody looks for it again.
func (d *Deliveries) forget(r *row) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.rows.by[r.id] == r {
		delete(d.rows.by, r.id)
	}
}

// Receivers are those that are configured, by name.
func (d *Deliveries) Receivers() ([]*alertingv1.Receiver, error) {
	if err := d.Ready(); err != nil {
		return nil, err
	}
	d.mu.Lock()
	names := slices.Sorted(maps.Keys(d.configs))
	d.mu.Unlock()
	pending, _ := d.live()
	out := make([]*alertingv1.Receiver, 0, len(names))
	for _, name := range names {
		out = append(out, d.receiver(name, pending[name]))
	}
	return out, nil
}

func (d *Deliveries) receiver(name string, pending int) *alertingv1.Receiver {
	out := &alertingv1.Receiver{Name: name, Pending: uint32(pending)}
	if e, ok := d.receivers.Get(name); ok && e.GetDisabled() {
		out.Disabled, out.DisabledAt, out.DisabledReason, out.DisabledBy, out.DisabledProblem = true, e.GetAt(), e.GetReason(), e.GetBy(), e.GetProblem()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	out.Kind = d.configs[name].Kind
	q := d.queue(name)
	if !q.delivered.IsZero() {
		out.DeliveredAt = timestamppb.New(q.delivered)
	}
	if q.failed.After(q.delivered) {
		out.FailedAt, out.Failure, out.FailedAttempt = timestamppb.New(q.failed), q.failure.GetError(), q.failure
	}
	return out
}

// SetReceiver enables or disables a receiver, once that is on disk.
func (d *Deliveries) SetReceiver(ctx context.Context, name string, disabled bool, reason, by string) (*alertingv1.Receiver, error) {
	if _, ok := d.config(name); !ok {
		return nil, ErrNoReceiver
	}
	if _, err := d.set(ctx, name, &eventsv1.ReceiverChanged{Disabled: disabled, Reason: reason, By: by}); err != nil {
		return nil, err
	}
	pending, _ := d.live()
	return d.receiver(name, pending[name]), nil
}

// set enables or disables a receiver, as and why is said by to; changed says that it was not so
// before.
func (d *Deliveries) set(ctx context.Context, name string, to *eventsv1.ReceiverChanged) (changed bool, err error) {
	now := timestamppb.New(d.o.Clock.Now())
	_, err = d.receivers.Update(ctx, name, func(was *eventsv1.ReceiverChanged, _ bool) (*eventsv1.ReceiverChanged, error) {
		if changed = was.GetDisabled() != to.GetDisabled(); !changed {
			return nil, documents.ErrUnchanged
		}
		n := was.GetChanges() + 1
		next := proto.CloneOf(to)
		next.EventId, next.Name, next.Changes, next.At = fmt.Sprintf("rcv-%s-%d-%s", name, n, nonce()), name, n, now
		return next, nil
	})
	return changed && err == nil, err
}

// Test sends a receiver a made-up notification, or only shows it. Nothing of it is stored.
func (d *Deliveries) Test(ctx context.Context, name string, kind eventsv1.Notification_Kind, dryRun bool) (*alertingv1.TestReceiverResponse, error) {
	c, ok := d.config(name)
	if !ok {
		return nil, ErrNoReceiver
	}
	now := d.o.Clock.Now()
	told := Told{ID: "dlv-test-" + nonce(), Try: 1, At: now, PublicURL: d.o.PublicURL}
	if c.Verbatims {
		told.Customers = message.SampleCustomers()
	}
	j, err := Compose(message.Sample(kind, now), c, told)
	if err != nil {
		return nil, err // it was tried when it was read
	}
	shown, err := d.o.Sender.Show(j)
	if err != nil {
		return nil, err
	}
	resp := &alertingv1.TestReceiverResponse{Message: shown}
	if dryRun {
		return resp, nil
	}
	began := time.Now()
	o := d.o.Sender.Send(ctx, j)
	resp.Delivered = o.Delivered
	resp.Attempt = o.Attempt(now, time.Since(began))
	return resp, nil
}
