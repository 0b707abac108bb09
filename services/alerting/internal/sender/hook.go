package sender

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/receiver"
	"github.com/rappel-loop/rappel/services/internal/egress"
	"github.com/rappel-loop/rappel/services/internal/webhook"
)

// MaxRetryAfter bounds what a receiver may ask for.
const MaxRetryAfter = 24 * time.Hour

const userAgent = "Rappel"

// hook calls an address.
func (s *Sender) hook(ctx context.Context, j Job) Outcome {
	target, err := j.To.Hook.Target()
	if err != nil {
		return Outcome{Problem: Because(eventsv1.DeliveryAttempt_ADDRESS_NOT_THERE, err).from(j.To.Hook.Address.Name())}
	}
	if err := egress.Check(target, s.o.AllowPrivate); err != nil {
		return Outcome{Problem: Because(eventsv1.DeliveryAttempt_ADDRESS_NOT_ALLOWED)}
	}
	u, err := url.Parse(target)
	if err != nil {
		return Outcome{Problem: Because(eventsv1.DeliveryAttempt_ADDRESS_NOT_ALLOWED)}
	}
	body, err := content(j)
	if err != nil {
		return Outcome{Final: true, Problem: Because(eventsv1.DeliveryAttempt_MESSAGE_UNWRITABLE)}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return Outcome{Problem: Because(eventsv1.DeliveryAttempt_ADDRESS_NOT_ALLOWED)}
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", userAgent)
	if j.To.Kind == receiver.KindWebhook {
		if o := signed(r.Header, j, body); o != nil {
			return *o
		}
	}
	resp, err := s.client(u.Host).Do(r)
	if err != nil {
		return Outcome{Problem: cause(ctx, err)}
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = egress.Read(resp.Body, 1<<10) // so that the connection can be kept where the answer is short
	return answered(resp, j.At)
}

// signed adds the headers of Standard Webhooks.
func signed(h http.Header, j Job, body []byte) *Outcome {
	secrets, err := j.To.Hook.Secrets.Lines()
	if err != nil {
		return &Outcome{Problem: Because(eventsv1.DeliveryAttempt_SECRET_NOT_THERE, err).from(j.To.Hook.Secrets.Name())}
	}
	h.Set(webhook.HeaderID, j.ID)
	h.Set(webhook.HeaderTimestamp, strconv.FormatInt(j.At.Unix(), 10))
	h.Set(webhook.HeaderSignature, webhook.Sign(secrets, j.ID, j.At, body))
	return nil
}

// answered is what a status means: all but 2xx is a failure, as Standard Webhooks has it, and
// is tried again; 410 ends it.
func answered(r *http.Response, at time.Time) Outcome {
	o := Outcome{Status: r.StatusCode, Delivered: r.StatusCode/100 == 2}
	if o.Delivered {
		return o
	}
	o.Problem = Because(eventsv1.DeliveryAttempt_ANSWERED, strings.TrimSpace(strconv.Itoa(r.StatusCode)+" "+http.StatusText(r.StatusCode)))
	switch r.StatusCode {
	case http.StatusGone:
		o.Gone, o.Problem = true, Because(eventsv1.DeliveryAttempt_GONE)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		o.RetryAfter = egress.RetryAfter(r.Header, at, MaxRetryAfter)
	}
	return o
}

// content is the body for the kind of hook.
func content(j Job) ([]byte, error) {
	switch j.To.Kind {
	case receiver.KindSlack:
		return slack(j.Document)
	case receiver.KindTeams:
		return teams(j.Document)
	default:
		return Body(j)
	}
}

func (s *Sender) showHook(j Job) (string, error) {
	body, err := content(j)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, "POST %s\nContent-Type: application/json\nUser-Agent: %s\n", j.To.Hook.Said(), userAgent)
	if j.To.Kind == receiver.KindWebhook {
		_, _ = fmt.Fprintf(&b, "Webhook-Id: %s\nWebhook-Timestamp: %d\nWebhook-Signature: v1,…\n", j.ID, j.At.Unix())
	}
	return b.String() + "\n" + pretty(body) + "\n", nil
}
