package alerting_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// told are rules of whose alerts people are told.
const told = `version: told
rules:
  - name: detractor
    when: nps.class == Class.DETRACTOR
    about: NPS
    severity: high
    team: care
    labels: {region: IDF}
    notify: true
    callback: {queue: default, priority: 60}
  - name: any
    when: has(nps.metric)
    severity: low
    resolves_after: 2h
`

// desk is a replica that callers reach, on a clock of the test's.
type desk struct {
	bundle
	url   string
	clock *clock.Manual
}

func deskOn(t *testing.T, on *bus.Bus, c *clock.Manual) desk {
	t.Helper()
	d := desk{bundle: bundle{bus: on, metrics: prometheus.NewRegistry(), rpc: newRPC(t)}, clock: c}
	var err error
	d.service, err = alerting.New(withRules(t, told), alerting.Deps{Bus: on, RPC: d.rpc, Metrics: d.metrics, Clock: c})
	require.NoError(t, err)
	require.NoError(t, d.service.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, d.service.Stop(context.Background())) })
	d.url = d.serve(t)
	return d
}

// answer stores a scored response and waits until its alerts are states.
func (d desk) answer(t *testing.T, id string, values ...float64) {
	t.Helper()
	e := scored(values...)
	e.Received.Response.Id = id
	if e.Received.Previous != nil {
		e.Received.Previous.Id = id
	}
	d.put(t, fmt.Sprintf("m-%s-%d", id, len(values)), e)
	d.settled(t)
	testkit.Handled(t, d.bus, topology.AlertStates)
}

// list are the alerts that a query picks, once a replica has as many.
func (d desk) list(t *testing.T, query string, many int) []*alertingv1.Alert {
	t.Helper()
	resp := &alertingv1.ListAlertsResponse{}
	require.Eventually(t, func() bool {
		resp.Reset()
		code, body := call(t, http.MethodGet, d.url+"/v1/alerts?"+query, nil, resp)
		return (code == http.StatusOK || !strings.Contains(body, "LOADING")) && len(resp.GetAlerts()) == many
	}, soon, 5*time.Millisecond)
	return resp.GetAlerts()
}

func (d desk) get(t *testing.T, id string) *alertingv1.GetAlertResponse {
	t.Helper()
	resp := &alertingv1.GetAlertResponse{}
	code, body := call(t, http.MethodGet, d.url+"/v1/alerts/"+id, nil, resp)
	require.Equal(t, http.StatusOK, code, body)
	return resp
}

func happened(resp *alertingv1.GetAlertResponse) []string {
	var all []string
	for _, e := range resp.GetHistory() {
		all = append(all, e.GetType().String()+" "+e.GetBy())
	}
	return all
}

// An answer raises an alert, somebody looks after it, its callback is closed: it is resolved,
// and every replica says so.
func TestTheLifeOfAnAlert(t *testing.T) {
	t.Parallel()
	on, c := testkit.Bus(t), clock.NewManual(now)
	one, other := deskOn(t, on, c), deskOn(t, on, c)
	one.answer(t, "r-1", 2)
	all := other.list(t, "", 2)
	a := all[0].GetAlert()
	require.Equal(t, "any", all[1].GetAlert().GetRule(), "the worst first")
	require.Equal(t, eventsv1.AlertState_FIRING, a.GetState())
	require.Equal(t, map[string]string{
		"kind": "response", "rule": "detractor", "severity": "high", "team": "care", "survey": "apres-livraison", "customer": strings.Repeat("a", 26),
		"metric": "NPS", "class": "detractor", "queue": "default", "region": "IDF",
	}, a.GetLabels())
	require.True(t, a.GetNotify())
	require.False(t, all[1].GetAlert().GetNotify())
	require.Equal(t, now.Add(2*time.Hour), all[1].GetAlert().GetExpiresAt().AsTime())
	require.InDelta(t, 1, other.standing(t, "firing", "high"), 0)

	acknowledge := &alertingv1.AcknowledgeAlertRequest{By: "amina", Comment: "I call", HoldFor: durationpb.New(time.Hour)}
	for range 2 { // again changes nothing
		resp := &alertingv1.AcknowledgeAlertResponse{}
		code, body := call(t, http.MethodPost, other.url+"/v1/alerts/"+a.GetId()+":acknowledge", acknowledge, resp)
		require.Equal(t, http.StatusOK, code, body)
		require.Equal(t, now.Add(time.Hour), resp.GetAlert().GetAcknowledgement().GetUntil().AsTime())
	}
	require.Len(t, one.list(t, "states=ACKNOWLEDGED", 1), 1)
	require.InDelta(t, 1, other.standing(t, "acknowledged", "high"), 0)

	one.close(t, a.GetId())
	require.Len(t, one.list(t, "states=RESOLVED", 1), 1)
	got := other.get(t, a.GetId())
	require.Equal(t, eventsv1.AlertState_CALLBACK_CLOSED, got.GetAlert().GetAlert().GetResolution())
	require.Equal(t, []string{"RAISED ", "ACKNOWLEDGED amina", "RESOLVED "}, happened(got))
	code, body := call(t, http.MethodPost, one.url+"/v1/alerts/"+a.GetId()+":acknowledge", acknowledge, nil)
	require.Equal(t, http.StatusBadRequest, code)
	require.Contains(t, body, "ALERT_RESOLVED")

	c.Advance(2 * time.Hour) // the other one's time
	require.Empty(t, one.list(t, "", 0))
	require.Equal(t, []string{"RAISED ", "RESOLVED "}, happened(one.get(t, all[1].GetAlert().GetId())))
	require.Empty(t, stored(t, on, subject.DeadLetters))
}

// close tells that the callback of an alert was completed.
func (d desk) close(t *testing.T, alertID string) {
	t.Helper()
	key := strings.Repeat("a", 26)
	_, err := d.bus.Publish(t.Context(), bus.Event{Subject: subject.Callback("0af", key), ID: "c-" + alertID, Body: &eventsv1.CallbackEvent{
		EventId: "c-" + alertID, Type: eventsv1.CallbackEvent_COMPLETED, CustomerKey: key,
		Callback: &eventsv1.Callback{Reasons: []*eventsv1.Reason{{AlertId: alertID, Rule: "detractor", Revision: 1, Severity: eventsv1.Severity_HIGH}}},
	}})
	require.NoError(t, err)
	testkit.Handled(t, d.bus, topology.AlertCallbacks)
}

// standing is what a replica counts of a state and a severity.
func (d desk) standing(t *testing.T, state, severity string) float64 {
	t.Helper()
	families, err := d.metrics.Gather()
	require.NoError(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "alerts_standing" && m.GetLabel()[0].GetValue() == severity && m.GetLabel()[1].GetValue() == state {
				return m.GetGauge().GetValue()
			}
		}
	}
	require.Fail(t, "no such metric")
	return 0
}

// A replica is stopped in the middle of a crowd, its handlers cut short: the other one goes
// on, and every alert is what it should be, once.
func TestAReplicaThatDiesInTheMiddle(t *testing.T) {
	t.Parallel()
	on, c := testkit.Bus(t), clock.NewManual(now)
	dying, other := deskOn(t, on, c), deskOn(t, on, c)
	const many = 200
	for n := range many {
		for revision := range 2 {
			e := scored([]float64{0, 9}[:revision+1]...)
			e.Received.Response.Id = fmt.Sprintf("r-%d", n)
			if e.Received.Previous != nil {
				e.Received.Previous.Id = e.Received.Response.Id
			}
			other.put(t, fmt.Sprintf("m-%d-%d", n, revision), e)
		}
		if n == many/2 {
			over, cancel := context.WithCancel(t.Context())
			cancel()
			_ = dying.service.Stop(over) // it says that handlers were cut short, if any were
		}
	}
	other.settled(t)
	testkit.Handled(t, on, topology.AlertStates)
	require.Len(t, other.list(t, "pageSize=200", 200), many, "those of the rule that still matches")
	last, raised := map[string]*eventsv1.AlertState{}, map[string]int{}
	for _, d := range stored(t, on, subject.AlertStates) {
		e := &eventsv1.AlertChanged{}
		require.NoError(t, d.Decode(e))
		last[e.GetAlert().GetId()] = e.GetAlert()
		if e.GetType() == eventsv1.AlertChanged_RAISED {
			raised[e.GetAlert().GetId()]++
		}
	}
	require.Len(t, last, 2*many)
	for id, a := range last { // two replicas may take two revisions in any order
		require.EqualValues(t, 2, a.GetRevision())
		require.LessOrEqual(t, raised[id], 1)
		want := eventsv1.AlertState_FIRING
		if a.GetRule() == "detractor" {
			want = eventsv1.AlertState_RESOLVED
		}
		require.Equal(t, want, a.GetState())
	}
	require.Empty(t, stored(t, on, subject.DeadLetters))
}

func TestAlertsArePicked(t *testing.T) {
	t.Parallel()
	d := deskOn(t, testkit.Bus(t), clock.NewManual(now))
	for n := range 5 {
		d.answer(t, fmt.Sprintf("r-%d", n), float64(2*n))
	}
	for query, many := range map[string]int{
		"": 9, "severities=HIGH": 4, "severities=HIGH&severities=LOW": 9, "severities=MEDIUM": 0, "matchers=rule%3Ddetractor": 4,
		"matchers=rule%3D~d.*&matchers=region%3DIDF": 4, "matchers=team!%3Dcare": 5, "customerKey=" + strings.Repeat("a", 26): 9,
		"customerKey=" + strings.Repeat("b", 26): 0, "group=g-1": 0, "states=RESOLVED": 0, "pageSize=200": 9,
	} {
		require.Len(t, d.list(t, query, many), many, query)
	}
	var ids []string
	token := ""
	for range 5 {
		resp := &alertingv1.ListAlertsResponse{}
		code, body := call(t, http.MethodGet, d.url+"/v1/alerts?pageSize=2&pageToken="+token, nil, resp)
		require.Equal(t, http.StatusOK, code, body)
		for _, a := range resp.GetAlerts() {
			ids = append(ids, a.GetAlert().GetId())
		}
		token = resp.GetNextPageToken()
	}
	require.Empty(t, token)
	var whole []string
	for _, a := range d.list(t, "", 9) {
		whole = append(whole, a.GetAlert().GetId())
	}
	require.Equal(t, whole, ids, "a page after the other is the whole")
}

func TestWhatIsWrongWithARequestAboutAlerts(t *testing.T) {
	t.Parallel()
	d := deskOn(t, testkit.Bus(t), clock.NewManual(now))
	d.answer(t, "r-1", 2)
	id := d.list(t, "", 2)[0].GetAlert().GetId()
	alerts := d.url + "/v1/alerts"
	bad := func(method, path string, req proto.Message, want ...string) {
		code, body := call(t, method, alerts+path, req, nil)
		require.GreaterOrEqual(t, code, 400, body)
		for _, w := range want {
			require.Contains(t, body, w)
		}
	}
	bad(http.MethodGet, "?severities=0&states=0&matchers=x&matchers=a%3D~(&customerKey=c&group=a.b&pageSize=201&pageToken=t", nil,
		"severities[0]", "states[0]", "matchers[0]", "matchers[1]", "customerKey", "group", "pageSize", "pageToken")
	bad(http.MethodGet, "?pageSize=-1&"+strings.Repeat("matchers=a%3Db&", 21), nil, "pageSize", "matchers", "at most 20")
	bad(http.MethodPost, "/"+id+":acknowledge", &alertingv1.AcknowledgeAlertRequest{Comment: strings.Repeat("é", 501), HoldFor: durationpb.New(time.Second)}, "by", "comment", "holdFor")
	bad(http.MethodPost, "/"+id+":unacknowledge", &alertingv1.UnacknowledgeAlertRequest{By: "a b"}, "by")
	bad(http.MethodPost, "/"+id+":resolve", &alertingv1.ResolveAlertRequest{Comment: strings.Repeat("é", 501)}, "by", "comment")
	for _, verb := range []string{":acknowledge", ":unacknowledge", ":resolve"} {
		bad(http.MethodPost, "/a-none"+verb, &alertingv1.ResolveAlertRequest{By: "amina"}, "NO_SUCH_ALERT")
	}
	bad(http.MethodGet, "/a-none", nil, "NO_SUCH_ALERT")
	bad(http.MethodGet, "/a%20b", nil, "NO_SUCH_ALERT")

	resp := &alertingv1.ResolveAlertResponse{}
	for range 2 {
		code, body := call(t, http.MethodPost, alerts+"/"+id+":resolve", &alertingv1.ResolveAlertRequest{By: "amina", Comment: "spoken to"}, resp)
		require.Equal(t, http.StatusOK, code, body)
		require.Equal(t, "spoken to", resp.GetAlert().GetComment())
	}
	bad(http.MethodPost, "/"+id+":unacknowledge", &alertingv1.UnacknowledgeAlertRequest{By: "amina"}, "ALERT_RESOLVED")
	require.Equal(t, []string{"RAISED ", "RESOLVED amina"}, happened(d.get(t, id)))
}
