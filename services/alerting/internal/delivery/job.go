package delivery

import (
	"context"
	"errors"
	"net/mail"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/message"
	"github.com/rappel-loop/rappel/services/alerting/internal/receiver"
	"github.com/rappel-loop/rappel/services/alerting/internal/sender"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// Reasons why a customer is not written to. Each is a sender.Problem.
var (
	// ErrNoAddress says that the customer gave no e-mail address.
	ErrNoAddress error = sender.Because(eventsv1.DeliveryAttempt_NO_CUSTOMER_ADDRESS)
	// ErrUnwanted says that the customer does not want to be contacted.
	ErrUnwanted error = sender.Because(eventsv1.DeliveryAttempt_UNWANTED)
	// ErrForgotten says that the alert is no longer there.
	ErrForgotten error = sender.Because(eventsv1.DeliveryAttempt_FORGOTTEN)
	// ErrNotForCustomers says that a receiver may not write to customers.
	ErrNotForCustomers error = sender.Because(eventsv1.DeliveryAttempt_NOT_FOR_CUSTOMERS)
)

// job puts a delivery into words. An outcome that is not nil is why that cannot be.
func (d *Deliveries) job(ctx context.Context, m *eventsv1.Delivery, c receiver.Config, now time.Time) (sender.Job, *sender.Outcome) {
	if m.GetCustomerSequence() > 0 {
		return d.toCustomer(ctx, m, c, now)
	}
	var customers map[string]*message.Customer
	if c.Verbatims {
		var err error
		if customers, err = d.customers(ctx, m.GetNotification().GetFiring()); err != nil {
			return sender.Job{}, &sender.Outcome{Problem: sender.Because(eventsv1.DeliveryAttempt_CONTENT_UNREADABLE)}
		}
	}
	j, err := Compose(m.GetNotification(), c, Told{ID: m.GetId(), Try: int(m.GetTries()), At: now, PublicURL: d.o.PublicURL, Customers: customers})
	if err != nil { // the built-in text stands in
		d.o.Log.Warn("a receiver's template failed", zap.String("receiver", c.Name), zap.String("delivery", m.GetId()), zap.Error(err))
	}
	return j, nil
}

// Told is how a notification is told: the delivery's id, which try it is and when, where to
// look, and who answered, for a receiver that may read that.
type Told struct {
	ID        string
	Try       int
	At        time.Time
	PublicURL string
	Customers map[string]*message.Customer
}

// Compose makes the job of a notification to a receiver. It can be sent even if there is an
// error: the built-in text stands in for a template that failed.
func Compose(n *eventsv1.Notification, c receiver.Config, t Told) (sender.Job, error) {
	f := message.Of(n, message.Options{
		Delivery: t.ID, Receiver: c.Name, Language: c.Language, Zone: c.Zone, PublicURL: t.PublicURL, Customers: t.Customers,
	})
	doc, err := c.Templates.Render(f)
	return sender.Job{ID: t.ID, At: t.At, Try: t.Try, To: c, Facts: f, Document: doc}, err
}

// customers are who answered, by alert. One who is no longer there is left out.
func (d *Deliveries) customers(ctx context.Context, alerts []*eventsv1.AlertState) (map[string]*message.Customer, error) {
	all := map[string]*message.Customer{}
	for _, a := range alerts {
		if a.GetAlertSequence() == 0 {
			continue
		}
		raised, err := d.raised(ctx, a.GetAlertSequence())
		if errors.Is(err, ErrForgotten) || err == nil && raised.GetAlertId() != a.GetId() {
			continue
		}
		if err != nil {
			return nil, err
		}
		r := raised.GetScored().GetReceived().GetResponse()
		c := &message.Customer{Name: r.GetCustomer().GetName(), Phone: r.GetCustomer().GetPhone(), Email: r.GetCustomer().GetEmail()}
		for _, answer := range r.GetAnswers() {
			if answer.GetVerbatim() != "" {
				c.Verbatims = append(c.Verbatims, answer.GetVerbatim())
			}
		}
		all[a.GetId()] = c
	}
	return all, nil
}

// raised is an alert as it was raised. ErrForgotten where it is no longer there: it is too old,
// or the customer was erased.
func (d *Deliveries) raised(ctx context.Context, sequence uint64) (*eventsv1.AlertRaised, error) {
	e, err := d.o.Bus.At(ctx, subject.Alerts, sequence)
	if errors.Is(err, bus.ErrNotFound) {
		return nil, ErrForgotten
	}
	if err != nil {
		return nil, err
	}
	raised := &eventsv1.AlertRaised{}
	if e.Decode(raised) != nil {
		return nil, ErrForgotten // something else is there
	}
	return raised, nil
}

// person is whom a customer's delivery goes to; one of the reasons above where it may not.
func (d *Deliveries) person(ctx context.Context, sequence uint64) (*eventsv1.Response, error) {
	raised, err := d.raised(ctx, sequence)
	if err != nil {
		return nil, err
	}
	received := raised.GetScored().GetReceived()
	r := received.GetResponse()
	a, err := mail.ParseAddress(r.GetCustomer().GetEmail())
	if err != nil || a.Address != r.GetCustomer().GetEmail() {
		return nil, ErrNoAddress
	}
	if consent := r.GetConsent(); consent != nil && consent.Callback != nil && !consent.GetCallback() {
		return nil, ErrUnwanted
	}
	keys := slices.DeleteFunc(append([]string{received.GetCustomerKey()}, received.GetAliasKeys()...), func(k string) bool { return subject.CheckToken(k) != nil })
	barred, err := d.barred.Check(ctx, keys)
	if err != nil {
		return nil, err
	}
	if barred.GetListed() {
		return nil, ErrUnwanted
	}
	return r, nil
}

// toCustomer is an e-mail to the customer, in their language.
func (d *Deliveries) toCustomer(ctx context.Context, m *eventsv1.Delivery, c receiver.Config, now time.Time) (sender.Job, *sender.Outcome) {
	if c.Email == nil || !c.Email.Customers {
		return sender.Job{}, &sender.Outcome{Problem: sender.Because(eventsv1.DeliveryAttempt_NOT_FOR_CUSTOMERS)}
	}
	r, err := d.person(ctx, m.GetCustomerSequence())
	var why sender.Problem
	switch {
	case errors.As(err, &why):
		return sender.Job{}, &sender.Outcome{Final: true, Problem: why}
	case err != nil:
		return sender.Job{}, &sender.Outcome{Problem: sender.Because(eventsv1.DeliveryAttempt_CUSTOMER_UNREADABLE)}
	}
	language := c.Language
	if tag, _, _ := strings.Cut(strings.ToLower(r.GetCustomer().GetLanguage()), "-"); tag == "fr" || tag == "en" {
		language = tag
	}
	f := message.OfCustomer(r.GetCustomer().GetName(), language, r.GetSurvey())
	doc, err := c.Email.Customer.RenderCustomer(f)
	if err != nil {
		d.o.Log.Warn("a receiver's template failed", zap.String("receiver", c.Name), zap.String("delivery", m.GetId()), zap.Error(err))
	}
	return sender.Job{
		ID: m.GetId(), At: now, Try: int(m.GetTries()), To: c, Facts: message.Facts{Language: language}, Document: doc, Customer: r.GetCustomer().GetEmail(),
	}, nil
}
