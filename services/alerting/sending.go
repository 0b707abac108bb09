package alerting

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/delivery"
	"github.com/rappel-loop/rappel/services/alerting/internal/message"
	"github.com/rappel-loop/rappel/services/alerting/internal/notifyfile"
	"github.com/rappel-loop/rappel/services/alerting/internal/receiver"
	"github.com/rappel-loop/rappel/services/alerting/internal/sender"
	"github.com/rappel-loop/rappel/services/internal/host"
)

// sending is the part that brings what people are told to them.
type sending struct {
	log        *zap.Logger
	sender     *sender.Sender
	deliveries *delivery.Deliveries
	idle       bool // nothing is sent: for tests
}

func newSending(cfg Config, deps Deps, tasks *host.Tasks) *sending {
	s := &sending{log: deps.Log.Named("sending")}
	s.sender = sender.New(sender.Options{AllowPrivate: cfg.NotifyAllowPrivate, SMTP: cfg.SMTP, NATS: deps.Bus})
	s.deliveries = delivery.New(tasks.Context(), delivery.Options{
		Bus: deps.Bus, Log: s.log, Clock: deps.Clock, Sender: s.sender, Settings: cfg.receivers(), PublicURL: cfg.PublicURL, Metrics: deps.Metrics,
	})
	return s
}

// use takes the receivers of a file that was checked. A secret may have become another since:
// then those before stay.
func (s *sending) use(path string, f *notifyfile.Settings) {
	if err := s.deliveries.Use(path, f.Receivers); err != nil {
		s.log.Error("the receivers of the notify file cannot be used; those before stay", zap.Error(err))
	}
}

func (s *sending) start(tasks *host.Tasks) {
	tasks.Go("deliveries", s.deliveries.Follow)
	if !s.idle {
		tasks.Go("sending", s.deliveries.Run)
	}
}

// receivers are what the configuration says of them.
func (c Config) receivers() receiver.Settings {
	return receiver.Settings{AllowPrivate: c.NotifyAllowPrivate, Mail: c.SMTP.Host != ""}
}

// checkPublicURL says what is wrong with where people are told to look.
func checkPublicURL(raw string) error {
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("public_url: must be a URL, as https://rappel.example.org")
	}
	return nil
}

// ShowNotification is what a receiver of a notify file would get of a made-up notification of
// a kind, without a service: nothing is sent, and no secret is needed. The error names
// everything that is wrong with the file.
func ShowNotification(path string, text []byte, name string, kind eventsv1.Notification_Kind, publicURL string, now time.Time) (string, error) {
	f, err := notifyfile.Load(path, text)
	if err != nil {
		return "", err
	}
	for _, c := range f.Receivers {
		if c.Name != name {
			continue
		}
		told := delivery.Told{ID: "dlv-test", Try: 1, At: now, PublicURL: publicURL}
		if c.Verbatims {
			told.Customers = message.SampleCustomers()
		}
		j, err := delivery.Compose(message.Sample(kind, now), c, told)
		if err != nil {
			return "", fmt.Errorf("receiver %s: %w", name, err)
		}
		return sender.New(sender.Options{}).Show(j)
	}
	var there []string
	for _, c := range f.Receivers {
		there = append(there, c.Name)
	}
	return "", fmt.Errorf("there is no receiver %s; there are %s", name, strings.Join(there, ", "))
}
