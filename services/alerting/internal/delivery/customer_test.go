package delivery_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/delivery"
	"github.com/rappel-loop/rappel/services/alerting/internal/message"
	"github.com/rappel-loop/rappel/services/alerting/internal/receiver"
	"github.com/rappel-loop/rappel/services/alerting/internal/sender"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/donotcall"

	"go.uber.org/zap"
)

type ctx = context.Context

// recorder keeps what it was to send.
type recorder struct {
	mu   sync.Mutex
	jobs []sender.Job
	o    sender.Outcome
}

func (r *recorder) Send(_ ctx, j sender.Job) sender.Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.jobs = append(r.jobs, j)
	return r.o
}

func (*recorder) Show(sender.Job) (string, error) { return "", nil }

// Made up: the number is one that France keeps for fiction.
const (
	name  = "Exemple Secret"
	phone = "+33639980001"
	email = "secret@example.org"
	words = "Livré avec trois semaines de retard, quelle honte."
	key   = "abcdefghijklmnopqrstuvwxyz"
)

// raise stores an alert of a customer, and returns where it is.
func raise(t *testing.T, b *bus.Bus, id string, change func(*eventsv1.Response)) uint64 {
	t.Helper()
	r := &eventsv1.Response{
		Id: "r-" + id, Survey: "after-delivery", Customer: &eventsv1.Customer{Id: "C-1", Name: name, Phone: phone, Email: email, Language: "fr-FR"},
		Answers: []*eventsv1.Answer{{Metric: eventsv1.Metric_NPS}, {Verbatim: words}},
	}
	if change != nil {
		change(r)
	}
	got, err := b.Publish(soon(t), bus.Event{Subject: subject.Alert("detractor", "abc"), ID: "ev-" + id, Body: &eventsv1.AlertRaised{
		EventId: "ev-" + id, AlertId: id, Rule: "detractor", Scored: &eventsv1.ResponseScored{Received: &eventsv1.ResponseReceived{Response: r, CustomerKey: key, Bucket: "abc"}},
	}})
	require.NoError(t, err)
	return got.Sequence
}

func TestWhoMayReadWhatCustomersWroteDoesAndNobodyElse(t *testing.T) {
	t.Parallel()
	b, c := newBus(t), clock.NewManual(t0)
	s := &recorder{o: sender.Outcome{Delivered: true, Status: 200}}
	may := hook(t, "may", "https://hooks.example.org")
	may.Verbatims = true
	r := start(t, b, c, s, may, hook(t, "other", "https://hooks.example.org"))
	n := message.Sample(eventsv1.Notification_NEW, t0)
	n.Id = "n-1"
	n.Firing[0].AlertSequence = raise(t, b, n.GetFiring()[0].GetId(), nil)
	n.Firing[1].AlertSequence = 999 // which is no longer there
	n.Firing[2].AlertSequence = n.GetFiring()[0].GetAlertSequence()
	require.NoError(t, r.Tell(soon(t), n, []string{"may", "other"}))
	r.step()
	require.Len(t, s.jobs, 2)
	for _, j := range s.jobs {
		text := j.Document.Plain() + j.Document.Page("en")
		for _, personal := range []string{name, phone, email, words} {
			require.Equal(t, j.To.Name == "may", strings.Contains(text, personal), personal)
		}
		require.Nil(t, j.Facts.Firing[2].Customer, "another alert's customer is not this one's")
	}
	private(t, b, r)
}

func TestACustomerIsWrittenTo(t *testing.T) {
	t.Parallel()
	b, c := newBus(t), clock.NewManual(t0)
	s := &recorder{o: sender.Outcome{Delivered: true, Status: 250}}
	clients := receiver.Config{Name: "clients", Kind: receiver.KindEmail, Language: "en", Zone: time.UTC, Email: &receiver.Email{Customers: true}}
	lead := receiver.Config{Name: "lead", Kind: receiver.KindEmail, Language: "en", Zone: time.UTC, Email: &receiver.Email{To: []string{"lead@example.org"}}}
	r := start(t, b, c, s, clients, lead)
	n := message.Sample(eventsv1.Notification_FALLBACK, t0)
	n.Id = "fallback-1"
	seq := raise(t, b, "a-1", nil)
	for range 2 {
		require.NoError(t, r.TellCustomer(soon(t), "clients", n, seq))
	}
	r.step()
	require.Len(t, s.jobs, 1, "once")
	require.Equal(t, email, s.jobs[0].Customer)
	require.Equal(t, "Nous avons bien reçu votre réponse", s.jobs[0].Document.Title, "in the customer's language")
	require.Contains(t, s.jobs[0].Document.Plain(), name)
	require.NotContains(t, s.jobs[0].Document.Page("fr"), "rush", "nothing of what goes on inside")

	require.ErrorIs(t, r.TellCustomer(soon(t), "lead", n, seq), delivery.ErrNotForCustomers)
	require.ErrorIs(t, r.TellCustomer(soon(t), "nobody", n, seq), delivery.ErrNotForCustomers)
	require.ErrorIs(t, r.TellCustomer(soon(t), "clients", n, 999), delivery.ErrForgotten)
	none := raise(t, b, "a-2", func(r *eventsv1.Response) { r.Customer.Email = "" })
	require.ErrorIs(t, r.TellCustomer(soon(t), "clients", n, none), delivery.ErrNoAddress)
	hostile := raise(t, b, "a-3", func(r *eventsv1.Response) { r.Customer.Email = "a@example.org\r\nBcc: b@example.org" })
	require.ErrorIs(t, r.TellCustomer(soon(t), "clients", n, hostile), delivery.ErrNoAddress)
	against := raise(t, b, "a-4", func(r *eventsv1.Response) { r.Consent = &eventsv1.Consent{Callback: proto.Bool(false)} })
	require.ErrorIs(t, r.TellCustomer(soon(t), "clients", n, against), delivery.ErrUnwanted)

	late := raise(t, b, "a-5", nil)
	require.NoError(t, r.TellCustomer(soon(t), "clients", n, late))
	_, err := donotcall.New(b, zap.NewNop()).Apply(soon(t), donotcall.Change{Keys: []string{key}, Listed: true, By: "sam", At: t0})
	require.NoError(t, err)
	r.step()
	require.Len(t, s.jobs, 1, "who asked not to be contacted in the meantime is not")
	d, err := r.Get(soon(t), delivery.ID(n.GetId(), "clients", late))
	require.NoError(t, err)
	require.Equal(t, eventsv1.Delivery_FAILED, d.GetState())
	require.Equal(t, delivery.ErrUnwanted.Error(), d.GetAttempts()[0].GetError())
	require.Equal(t, eventsv1.DeliveryAttempt_UNWANTED, d.GetAttempts()[0].GetProblem())
	private(t, b, r)
}

func TestWhatCannotBeReadNowIsTriedAgain(t *testing.T) {
	t.Parallel()
	b, c := newBus(t), clock.NewManual(t0)
	s := &recorder{o: sender.Outcome{Delivered: true, Status: 250}}
	clients := receiver.Config{Name: "clients", Kind: receiver.KindEmail, Language: "en", Zone: time.UTC, Email: &receiver.Email{Customers: true}}
	may := hook(t, "may", "https://hooks.example.org")
	may.Verbatims = true
	r := start(t, b, c, s, clients, may)
	n := message.Sample(eventsv1.Notification_NEW, t0)
	n.Id = "n-1"
	n.Firing[0].AlertSequence = raise(t, b, n.GetFiring()[0].GetId(), nil)
	require.NoError(t, r.Tell(soon(t), n, []string{"may"}))
	require.NoError(t, r.TellCustomer(soon(t), "clients", n, n.GetFiring()[0].GetAlertSequence()))
	require.NoError(t, b.JetStream().DeleteStream(soon(t), subject.Alerts))
	r.step()
	require.Empty(t, s.jobs)
	for to, sequence := range map[string]uint64{"may": 0, "clients": n.GetFiring()[0].GetAlertSequence()} {
		d, err := r.Get(soon(t), delivery.ID("n-1", to, sequence))
		require.NoError(t, err)
		require.Equal(t, eventsv1.Delivery_PENDING, d.GetState())
		require.Equal(t, map[string]eventsv1.DeliveryAttempt_Problem{
			"may": eventsv1.DeliveryAttempt_CONTENT_UNREADABLE, "clients": eventsv1.DeliveryAttempt_CUSTOMER_UNREADABLE,
		}[to], d.GetAttempts()[0].GetProblem())
	}
	private(t, b, r)
}

// Each delivery was made while it could be.
func TestWhyACustomerIsNotWrittenTo(t *testing.T) {
	t.Parallel()
	b, c := newBus(t), clock.NewManual(t0)
	s := &recorder{o: sender.Outcome{Delivered: true, Status: 250}}
	clients := receiver.Config{Name: "clients", Kind: receiver.KindEmail, Language: "en", Zone: time.UTC, Email: &receiver.Email{Customers: true}}
	r := start(t, b, c, s, clients)
	n := message.Sample(eventsv1.Notification_FALLBACK, t0)
	n.Id = "fallback-1"
	// due is a delivery to a customer that is due.
	due := func(id string, sequence uint64) string {
		d := &eventsv1.Delivery{
			Id: delivery.ID(id, "clients", sequence), Changes: 1, Receiver: "clients", Kind: "email", State: eventsv1.Delivery_PENDING,
			Notification: n, CreatedAt: timestamppb.New(t0), NextAt: timestamppb.New(t0), CustomerSequence: sequence,
		}
		_, err := b.Publish(soon(t), bus.Event{Subject: subject.Delivery(d.GetId()), ID: d.GetId() + "-1", Body: &eventsv1.DeliveryChanged{EventId: d.GetId() + "-1", Delivery: d}})
		require.NoError(t, err)
		return d.GetId()
	}
	none := due("none", raise(t, b, "a-1", func(r *eventsv1.Response) { r.Customer.Email = "" }))
	against := due("against", raise(t, b, "a-2", func(r *eventsv1.Response) { r.Consent = &eventsv1.Consent{Callback: proto.Bool(false)} }))
	forgotten := due("forgotten", 999)
	r.step()
	for id, want := range map[string]eventsv1.DeliveryAttempt_Problem{
		none: eventsv1.DeliveryAttempt_NO_CUSTOMER_ADDRESS, against: eventsv1.DeliveryAttempt_UNWANTED, forgotten: eventsv1.DeliveryAttempt_FORGOTTEN,
	} {
		d, err := r.Get(soon(t), id)
		require.NoError(t, err)
		require.Equal(t, eventsv1.Delivery_FAILED, d.GetState(), want)
		require.Equal(t, want, d.GetAttempts()[0].GetProblem())
		require.NotEmpty(t, d.GetAttempts()[0].GetError())
	}

	clients.Email = &receiver.Email{To: []string{"lead@example.org"}}
	require.NoError(t, r.Use("notify.yaml", []receiver.Config{clients}))
	id := due("changed", raise(t, b, "a-3", nil))
	r.step()
	d, err := r.Get(soon(t), id)
	require.NoError(t, err)
	require.Equal(t, eventsv1.Delivery_PENDING, d.GetState(), "it may be allowed again")
	require.Equal(t, eventsv1.DeliveryAttempt_NOT_FOR_CUSTOMERS, d.GetAttempts()[0].GetProblem())
	require.Empty(t, s.jobs)
	private(t, b, r)
}

// private holds what is stored and logged to having no personal data.
func private(t *testing.T, b *bus.Bus, r *replica) {
	t.Helper()
	var all strings.Builder
	for _, stream := range []string{subject.Deliveries, subject.Receivers} {
		s, err := b.JetStream().Stream(soon(t), stream)
		require.NoError(t, err)
		for seq := uint64(1); seq <= s.CachedInfo().State.LastSeq; seq++ {
			m, err := s.GetMsg(soon(t), seq)
			require.NoError(t, err)
			_, _ = fmt.Fprintf(&all, "%s %v %s\n", m.Subject, m.Header, m.Data)
		}
	}
	for _, l := range r.logs.All() {
		fields, err := json.Marshal(l.ContextMap())
		require.NoError(t, err)
		_, _ = fmt.Fprintf(&all, "%s %s\n", l.Message, fields)
	}
	for _, personal := range []string{name, phone, email, words, "C-1"} {
		require.NotContains(t, all.String(), personal)
	}
}
