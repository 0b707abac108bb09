package delivery_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/delivery"
	"github.com/rappel-loop/rappel/services/alerting/internal/message"
	"github.com/rappel-loop/rappel/services/alerting/internal/receiver"
	"github.com/rappel-loop/rappel/services/alerting/internal/sender"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var t0 = time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)

// call is what a server was told.
type call struct{ id, stamp string }

// place is a receiver's server: it answers as it is told to.
type place struct {
	*httptest.Server
	mu     sync.Mutex
	answer func(w http.ResponseWriter, r *http.Request)
	calls  []call
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		p.mu.Lock()
		p.calls = append(p.calls, call{r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp")})
		answer := p.answer
		p.mu.Unlock()
		if answer != nil {
			answer(w, r)
		}
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *place) set(answer func(w http.ResponseWriter, r *http.Request)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

func (p *place) got() []call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]call{}, p.calls...)
}

func says(status int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

func hook(t *testing.T, name, url string) receiver.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(path, []byte("hush"), 0o600))
	return receiver.Config{
		Name: name, Kind: receiver.KindWebhook, Language: "en", Zone: time.UTC, Timeout: 10 * time.Second,
		Hook: &receiver.Hook{URL: url, Secrets: receiver.Secret{File: path}},
	}
}

// replica is one process's deliveries.
type replica struct {
	*delivery.Deliveries
	t     *testing.T
	clock *clock.Manual
	logs  *observer.ObservedLogs
	own   *swapped
}

// swapped is a sender that can be exchanged.
type swapped struct{ delivery.Sender }

// replace has the replica send by another.
func (r *replica) replace(s delivery.Sender) { r.own.Sender = s }

func start(t *testing.T, b *bus.Bus, c *clock.Manual, s delivery.Sender, receivers ...receiver.Config) *replica {
	t.Helper()
	if s == nil {
		own := sender.New(sender.Options{AllowPrivate: true})
		t.Cleanup(own.Close)
		s = own
	}
	own := &swapped{Sender: s}
	core, logs := observer.New(zap.DebugLevel)
	d := delivery.New(t.Context(), delivery.Options{
		Bus: b, Log: zap.New(core), Clock: c, Sender: own, Settings: receiver.Settings{AllowPrivate: true, Mail: true}, PublicURL: "https://rappel.example.org",
	})
	require.NoError(t, d.Use("notify.yaml", receivers))
	ctx, cancel := context.WithCancel(t.Context())
	var following sync.WaitGroup
	following.Go(func() { _ = d.Follow(ctx) })
	t.Cleanup(func() {
		done, end := context.WithCancel(context.Background())
		end() // nothing is under way any more, or may be cut short
		_ = d.Stop(done)
		cancel()
		following.Wait()
	})
	r := &replica{d, t, c, logs, own}
	require.NoError(t, d.Settle(soon(t)))
	return r
}

// step does what is due, and all that becomes due by it at this moment.
func (r *replica) step() {
	r.t.Helper()
	for {
		require.NoError(r.t, r.Settle(soon(r.t)))
		n := r.Step(r.clock.Now())
		r.Wait()
		if n == 0 {
			return
		}
	}
}

func (r *replica) tell(kind eventsv1.Notification_Kind, id string, receivers ...string) {
	r.t.Helper()
	n := message.Sample(kind, r.clock.Now())
	n.Id = id
	require.NoError(r.t, r.Tell(soon(r.t), n, receivers))
}

func (r *replica) get(notification, to string) *eventsv1.Delivery {
	r.t.Helper()
	d, err := r.Get(soon(r.t), delivery.ID(notification, to, 0))
	require.NoError(r.t, err)
	return d
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func newBus(t *testing.T) *bus.Bus { return testkit.Bus(t) }
