// Package sender brings a message to a receiver, once: by a webhook, an e-mail, a hook of Slack
// or Microsoft Teams, or on NATS. Whether and when it is tried again is for others to say, by
// the Outcome.
//
// Safety. An address is called only where it may be (package egress): no redirect is followed,
// no private network reached unless the operator allows it, wherever a name leads. What is
// answered is not read beyond its status. Each kind escapes what is shown in its own way, so
// that data stays text: no link, mention, header or markup comes of it.
//
// Privacy. No outcome repeats what a receiver answered, an address, or a URL: a status and
// a Problem, in words of this package's own.
package sender

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/message"
	"github.com/rappel-loop/rappel/services/alerting/internal/receiver"
	"github.com/rappel-loop/rappel/services/internal/egress"
)

// Job is one message to one receiver.
type Job struct {
	// ID is the delivery's: receivers tell repeats by it.
	ID string
	// At is when it is tried; Try counts from 1.
	At  time.Time
	Try int
	// To is the receiver.
	To receiver.Config
	// Facts and Document are what is told.
	Facts    message.Facts
	Document message.Document
	// Customer is the address of the customer that an e-mail goes to in place of the
	// receiver's own; empty for none.
	Customer string
}

// Outcome is what came of a try.
type Outcome struct {
	// Delivered says that the receiver took it.
	Delivered bool
	// Final says that no other try will do better.
	Final bool
	// Gone says that the receiver wants nothing any more.
	Gone bool
	// Status is HTTP's or SMTP's; 0 when there was none.
	Status int
	// Problem is what went wrong, without personal data or secrets.
	Problem Problem
	// RetryAfter is what the receiver asked for; 0 when it did not.
	RetryAfter time.Duration
}

// Announcer publishes on NATS, and returns once the server has it.
type Announcer interface {
	Announce(ctx context.Context, subject, id, contentType string, data []byte) error
}

// Options say what the service's configuration allows.
type Options struct {
	// AllowPrivate lets hooks be in a private network.
	AllowPrivate bool
	// SMTP is who sends e-mail; without a host there is none.
	SMTP SMTP
	// NATS is where is published; nil only shows.
	NATS Announcer
}

// Sender sends. Safe for concurrent use; Close when it is no longer needed.
type Sender struct {
	o Options

	mu      sync.Mutex
	clients map[string]*http.Client // by host
}

// New returns a sender.
func New(o Options) *Sender { return &Sender{o: o, clients: map[string]*http.Client{}} }

// Close frees what it holds open.
func (s *Sender) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.clients {
		c.CloseIdleConnections()
	}
	clear(s.clients)
}

// mostClients bounds how many hosts connections are kept to.
const mostClients = 256

func (s *Sender) client(host string) *http.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.clients[host]
	if c == nil {
		if len(s.clients) >= mostClients {
			for h, old := range s.clients {
				old.CloseIdleConnections()
				delete(s.clients, h)
			}
		}
		c = egress.New(egress.Options{Hosts: []string{host}, AllowPrivate: s.o.AllowPrivate, Timeout: longest})
		s.clients[host] = c
	}
	return c
}

// longest bounds one call whatever the receiver's timeout.
const longest = 30 * time.Second

// Send tries once, within the receiver's timeout.
func (s *Sender) Send(ctx context.Context, j Job) Outcome {
	timeout := j.To.Timeout
	if timeout <= 0 {
		timeout = receiver.DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, min(timeout, longest))
	defer cancel()
	switch {
	case j.To.Hook != nil:
		return s.hook(ctx, j)
	case j.To.Email != nil:
		return s.mail(ctx, j)
	case j.To.NATS != nil:
		return s.announce(ctx, j)
	default:
		return Outcome{Problem: Because(eventsv1.DeliveryAttempt_UNKNOWN_KIND)}
	}
}

// Show is what a receiver would get: a header a line, an empty line, the body. Secrets are
// left out.
func (s *Sender) Show(j Job) (string, error) {
	switch {
	case j.To.Hook != nil:
		return s.showHook(j)
	case j.To.Email != nil:
		return s.showMail(j)
	case j.To.NATS != nil:
		body, err := Body(j)
		return fmt.Sprintf("PUBLISH %s\nNats-Msg-Id: %s\nContent-Type: application/json\n\n%s\n", j.To.NATS.Subject, j.ID, pretty(body)), err
	default:
		return "", fmt.Errorf("receiver %s is of no known kind", j.To.Name)
	}
}

func (s *Sender) announce(ctx context.Context, j Job) Outcome {
	body, err := Body(j)
	if err != nil {
		return Outcome{Final: true, Problem: Because(eventsv1.DeliveryAttempt_MESSAGE_UNWRITABLE)}
	}
	if s.o.NATS == nil {
		return Outcome{Problem: Because(eventsv1.DeliveryAttempt_NO_NATS)}
	}
	if err := s.o.NATS.Announce(ctx, j.To.NATS.Subject, j.ID, "application/json", body); err != nil {
		return Outcome{Problem: Because(eventsv1.DeliveryAttempt_NATS_AWAY)}
	}
	return Outcome{Delivered: true}
}
