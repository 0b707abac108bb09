package alerting_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/alerting"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/webhook"
)

// From an answer to a webhook, by the whole service; and what an operator asks of it.
func TestAnAnswerReachesAReceiver(t *testing.T) {
	t.Parallel()
	type call struct {
		header http.Header
		body   []byte
	}
	calls := make(chan call, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		calls <- call{r.Header, body}
	}))
	t.Cleanup(hook.Close)
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	require.NoError(t, os.WriteFile(secret, []byte("hush\n"), 0o600))
	cfg := withRules(t, usualRules)
	cfg.NotifyFile, cfg.NotifyAllowPrivate, cfg.PublicURL = filepath.Join(dir, "notify.yaml"), true, "https://rappel.example.org"
	require.NoError(t, os.WriteFile(cfg.NotifyFile, []byte("receivers: [{name: ops, webhook: {url: \""+hook.URL+"\", secret_file: "+secret+", language: en}}]\nroutes: [{name: all, receivers: ops, wait: 0s}]\n"), 0o600))
	b := testkit.Bus(t)
	s, err := alerting.New(cfg, alerting.Deps{Bus: b, RPC: newRPC(t)})
	require.NoError(t, err)
	require.NoError(t, s.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, s.Stop(context.Background())) })
	answer := scored(2)
	answer.Received.ReceivedAt = timestamppb.Now()
	bundle{bus: b}.put(t, "m-1", answer)
	var got call
	select {
	case got = <-calls:
	case <-time.After(30 * time.Second):
		require.FailNow(t, "nobody was told")
	}
	require.True(t, webhook.Verify([]string{"hush"}, got.header.Get("webhook-id"), got.header.Get("webhook-timestamp"), got.header.Get("webhook-signature"), got.body))
	var body struct {
		Type string
		Data struct {
			Kind, URL string
			Firing    []struct{ Rule string }
		}
	}
	require.NoError(t, json.Unmarshal(got.body, &body))
	require.Equal(t, "alerts.new", body.Type)
	require.Equal(t, "detractor", body.Data.Firing[0].Rule)
	require.Contains(t, body.Data.URL, "https://rappel.example.org/v1/alerts?group=")

	api := s.API()
	id := got.header.Get("webhook-id")
	require.Eventually(t, func() bool {
		d, err := api.GetDelivery(t.Context(), &alertingv1.GetDeliveryRequest{Id: id})
		return err == nil && d.GetDelivery().GetState() == eventsv1.Delivery_DELIVERED
	}, 30*time.Second, 5*time.Millisecond)
	list, err := api.ListDeliveries(t.Context(), &alertingv1.ListDeliveriesRequest{Receiver: "ops", States: []eventsv1.Delivery_State{eventsv1.Delivery_DELIVERED}})
	require.NoError(t, err)
	require.Len(t, list.GetDeliveries(), 1)
	_, err = api.ReplayDelivery(t.Context(), &alertingv1.ReplayDeliveryRequest{Id: id, By: "claire"})
	require.NoError(t, err)
	require.Equal(t, id, (<-calls).header.Get("webhook-id"), "again, under its id")
	tested, err := api.TestReceiver(t.Context(), &alertingv1.TestReceiverRequest{Name: "ops", By: "claire"})
	require.NoError(t, err)
	require.True(t, tested.GetDelivered())
	<-calls
	set, err := api.SetReceiver(t.Context(), &alertingv1.SetReceiverRequest{Name: "ops", Disabled: true, Reason: "holidays", By: "claire"})
	require.NoError(t, err)
	require.True(t, set.GetReceiver().GetDisabled())
	all, err := api.ListReceivers(t.Context(), &alertingv1.ListReceiversRequest{})
	require.NoError(t, err)
	require.Equal(t, "holidays", all.GetReceivers()[0].GetDisabledReason())

	for want, err := range map[string]error{
		"NO_SUCH_DELIVERY": second(api.GetDelivery(t.Context(), &alertingv1.GetDeliveryRequest{Id: "x"})),
		"NO_SUCH_RECEIVER": second(api.SetReceiver(t.Context(), &alertingv1.SetReceiverRequest{Name: "nobody", By: "claire"})),
	} {
		require.Equal(t, want, rpc.Reason(err))
	}
	for _, err := range []error{
		second(api.ReplayDelivery(t.Context(), &alertingv1.ReplayDeliveryRequest{Id: id})),
		second(api.ReplayFailed(t.Context(), &alertingv1.ReplayFailedRequest{Name: "a b", By: "x y"})),
		second(api.ListDeliveries(t.Context(), &alertingv1.ListDeliveriesRequest{PageSize: 999, States: []eventsv1.Delivery_State{99}})),
		second(api.ListDeliveries(t.Context(), &alertingv1.ListDeliveriesRequest{PageToken: "x"})),
		second(api.TestReceiver(t.Context(), &alertingv1.TestReceiverRequest{Name: "ops", Kind: 99, DryRun: true})),
	} {
		require.Equal(t, codes.InvalidArgument, status.Code(err))
	}
}

func second[T any](_ T, err error) error { return err }

func TestReceiversThatCannotBeUsedAreRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	cfg := withRules(t, usualRules)
	cfg.NotifyFile = filepath.Join(t.TempDir(), "notify.yaml")
	require.NoError(t, os.WriteFile(cfg.NotifyFile, []byte(`receivers:
  - {name: lead, email: {to: lead@example.org}}
  - {name: inside, webhook: {url: "http://10.0.0.1/hook", secret_env: X}}
routes: [{name: all, receivers: [lead, inside]}]
`), 0o600))
	_, err := alerting.New(cfg, alerting.Deps{Bus: testkit.Bus(t), RPC: newRPC(t)})
	require.ErrorContains(t, err, "notify.yaml:2: receiver lead: email: needs a server to send by: alerting.smtp")
	require.ErrorContains(t, err, "notify.yaml:3: receiver inside: webhook.url: must begin with https://; where it is in a network of your own: alerting.notify_allow_private")
	cfg.SMTP.Host, cfg.PublicURL = "mail.example.org", "nonsense"
	require.ErrorContains(t, cfg.Validate(), "smtp.from")
	require.ErrorContains(t, cfg.Validate(), "public_url")
}

func TestAMessageIsShownWithoutAService(t *testing.T) {
	t.Parallel()
	text := []byte(`receivers:
  - {name: lead, email: {to: lead@example.org, verbatims: true}}
  - {name: chat, slack: {url_file: /run/secrets/slack, title: "{{.FiringCount}} !"}}
routes: [{name: all, receivers: [lead, chat]}]
`)
	shown, err := alerting.ShowNotification("notify.yaml", text, "chat", eventsv1.Notification_NEW, "", time.Unix(0, 0))
	require.NoError(t, err)
	require.Contains(t, shown, `"text": "12 !"`)
	shown, err = alerting.ShowNotification("notify.yaml", text, "lead", eventsv1.Notification_NEW, "https://rappel.example.org", time.Unix(0, 0))
	require.NoError(t, err)
	require.Contains(t, shown, "To: lead@example.org\nSubject: [Critique]")
	require.Contains(t, shown, "je consulte un avocat")
	_, err = alerting.ShowNotification("notify.yaml", text, "nobody", eventsv1.Notification_NEW, "", time.Unix(0, 0))
	require.EqualError(t, err, "there is no receiver nobody; there are lead, chat")
	_, err = alerting.ShowNotification("notify.yaml", []byte("receivers: [{name: a}]\nroutes: []"), "a", eventsv1.Notification_NEW, "", time.Unix(0, 0))
	require.ErrorContains(t, err, "notify.yaml:1: receivers[0]: says nowhere where to send")
}
