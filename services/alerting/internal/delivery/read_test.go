package delivery_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting/internal/delivery"
	"github.com/rappel-loop/rappel/services/alerting/internal/receiver"
	"github.com/rappel-loop/rappel/services/alerting/internal/sender"
	"github.com/rappel-loop/rappel/services/internal/clock"
)

func TestListsArePagedTheNewestFirst(t *testing.T) {
	t.Parallel()
	b, c := newBus(t), clock.NewManual(t0)
	p := newPlace(t)
	r := start(t, b, c, nil, hook(t, "one", p.URL))
	for i := range 7 {
		r.tell(eventsv1.Notification_NEW, fmt.Sprint("n-", i), "one")
		c.Advance(time.Second)
	}
	r.step()
	var ids []string
	token := ""
	for pages := 0; ; pages++ {
		all, more, err := r.List(soon(t), delivery.Filter{Receiver: "one", Group: "sample"}, token, 3)
		require.NoError(t, err)
		for _, d := range all {
			ids = append(ids, d.GetNotification().GetId())
		}
		if token = more; token == "" {
			require.Equal(t, 2, pages)
			break
		}
	}
	require.Equal(t, []string{"n-6", "n-5", "n-4", "n-3", "n-2", "n-1", "n-0"}, ids)
	_, _, err := r.List(soon(t), delivery.Filter{}, "x", 3)
	require.ErrorIs(t, err, delivery.ErrPage)
	late := start(t, b, c, nil, hook(t, "one", p.URL))
	all, _, err := late.List(soon(t), delivery.Filter{}, "", 10)
	require.NoError(t, err)
	require.Len(t, all, 7, "a replica that starts knows them")
}

func TestOtherReceiversAreUsedOrRefusedWhole(t *testing.T) {
	t.Parallel()
	b, c := newBus(t), clock.NewManual(t0)
	p := newPlace(t)
	r := start(t, b, c, nil, hook(t, "one", p.URL))
	require.ErrorContains(t, r.Use("notify.yaml", []receiver.Config{{Name: "x", Kind: receiver.KindWebhook, Hook: &receiver.Hook{URL: "ftp://x", Address: receiver.Secret{}}}}), "receiver x: webhook.url: must begin with https")
	r.tell(eventsv1.Notification_NEW, "n-1", "one", "later")
	r.step()
	require.Len(t, p.got(), 1, "those before stay")
	require.NoError(t, r.Use("notify.yaml", []receiver.Config{hook(t, "later", p.URL)}))
	r.step()
	require.Len(t, p.got(), 2, "who is told of what came before they were configured")
	r.tell(eventsv1.Notification_NEW, "n-2", "one")
	require.NoError(t, r.Settle(soon(t)))
	r.Try(delivery.ID("n-2", "one", 0), c.Now()) // who was chosen before the others came
	require.Equal(t, eventsv1.DeliveryAttempt_NO_SUCH_RECEIVER, r.get("n-2", "one").GetAttempts()[0].GetProblem())
}

func TestATestIsSentAndNotStored(t *testing.T) {
	t.Parallel()
	b, c := newBus(t), clock.NewManual(t0)
	p := newPlace(t)
	r := start(t, b, c, nil, hook(t, "one", p.URL))
	shown, err := r.Test(soon(t), "one", eventsv1.Notification_ESCALATED, true)
	require.NoError(t, err)
	require.Contains(t, shown.GetMessage(), `"type": "alerts.escalated"`)
	require.NotContains(t, shown.GetMessage(), "hush")
	require.Nil(t, shown.GetAttempt())
	require.Empty(t, p.got())
	p.set(says(403))
	sent, err := r.Test(soon(t), "one", eventsv1.Notification_TEST, false)
	require.NoError(t, err)
	require.False(t, sent.GetDelivered())
	require.Equal(t, "it answers 403 Forbidden", sent.GetAttempt().GetError())
	require.Equal(t, eventsv1.DeliveryAttempt_ANSWERED, sent.GetAttempt().GetProblem())
	all, _, err := r.List(soon(t), delivery.Filter{}, "", 10)
	require.NoError(t, err)
	require.Empty(t, all)
	_, err = r.Test(soon(t), "nobody", eventsv1.Notification_TEST, true)
	require.ErrorIs(t, err, delivery.ErrNoReceiver)
}

func TestWhatIsCounted(t *testing.T) {
	t.Parallel()
	b, c := newBus(t), clock.NewManual(t0)
	p := newPlace(t)
	p.set(says(500))
	s := sender.New(sender.Options{AllowPrivate: true})
	t.Cleanup(s.Close)
	reg := prometheus.NewRegistry()
	d := delivery.New(t.Context(), delivery.Options{
		Bus: b, Log: zap.NewNop(), Clock: c, Sender: s, Settings: receiver.Settings{AllowPrivate: true}, Metrics: reg,
	})
	t.Cleanup(func() { _ = d.Stop(soon(t)) })
	require.NoError(t, d.Use("notify.yaml", []receiver.Config{hook(t, "one", p.URL)}))
	require.NoError(t, d.Tell(soon(t), &eventsv1.Notification{Id: "n-1", Kind: eventsv1.Notification_TEST}, []string{"one"}))
	d.Step(c.Now())
	d.Wait()
	c.Advance(2 * time.Second)
	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP deliveries_oldest_pending_seconds How long the oldest delivery on its way has been so; 0 without any.
# TYPE deliveries_oldest_pending_seconds gauge
deliveries_oldest_pending_seconds{receiver="one"} 2
# HELP deliveries_pending Deliveries on their way.
# TYPE deliveries_pending gauge
deliveries_pending{receiver="one"} 1
# HELP delivery_tries_total Tries to tell a receiver, by what came of them: delivered, refused (with a status) or unanswered.
# TYPE delivery_tries_total counter
delivery_tries_total{outcome="delivered",receiver="one"} 0
delivery_tries_total{outcome="refused",receiver="one"} 1
delivery_tries_total{outcome="unanswered",receiver="one"} 0
# HELP receiver_enabled 1 for a receiver that is told, 0 for one that is disabled.
# TYPE receiver_enabled gauge
receiver_enabled{receiver="one"} 1
`), "deliveries_oldest_pending_seconds", "deliveries_pending", "delivery_tries_total", "receiver_enabled"))
}

// What was ordered again is listed as long as what ended when it did the last time.
func TestWhatEndedTwiceIsListedByItsLastEnd(t *testing.T) {
	t.Parallel()
	listed := delivery.Listed(func(put func(string, eventsv1.Delivery_State)) {
		put("first", eventsv1.Delivery_DELIVERED)
		put("again", eventsv1.Delivery_FAILED)
		put("again", eventsv1.Delivery_PENDING)
		put("going", eventsv1.Delivery_FAILED)
		for n := range delivery.MostEnded - 3 {
			put(fmt.Sprint(n), eventsv1.Delivery_DELIVERED)
		}
		put("again", eventsv1.Delivery_DELIVERED)
		put("going", eventsv1.Delivery_PENDING)
		for n := range 2 {
			put(fmt.Sprint("late-", n), eventsv1.Delivery_DELIVERED)
		}
	})
	require.False(t, listed("first"))
	require.True(t, listed("again"))
	require.True(t, listed("going"))
	require.True(t, listed("0"))
}
