package alerting_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

const quiet = "version: v1\nrules: [{name: noted, when: \"false\"}]\n"

const drops = quiet + `metrics:
  - {name: nps_drops, measure: NPS, by: [survey], window: 24h, drops_by: 20, severity: high, team: web, labels: {region: IDF}}
  - {name: many, measure: count, window: 24h, above: 100000}
`

// received stores answers that were received some hours ago, with a value each.
func received(t *testing.T, b *bus.Bus, ago, n int, nps float64) {
	t.Helper()
	var storing sync.WaitGroup
	for i := range n {
		e := scored(nps)
		e.Received.Response.Id = fmt.Sprint(ago, "-", i)
		e.Received.ReceivedAt = timestamppb.New(time.Now().Add(-time.Duration(ago) * time.Hour))
		storing.Go(func() {
			_, err := b.Append(t.Context(), bus.Event{Subject: subject.Score("apres-livraison", "0af"), ID: e.GetReceived().GetResponse().GetId(), Body: e})
			if err != nil {
				t.Error(err)
			}
		})
	}
	storing.Wait()
}

// changesOf counts what happened to alerts, as the stream has it.
func changesOf(t *testing.T, b *bus.Bus) (all []string) {
	t.Helper()
	for _, d := range stored(t, b, subject.AlertStates) {
		e := &eventsv1.AlertChanged{}
		require.NoError(t, d.Decode(e))
		all = append(all, strings.ToLower(e.GetType().String())+" "+e.GetAlert().GetRule())
	}
	return all
}

// The NPS has dropped since yesterday. Two replicas see it; the alert is raised once, with the
// figures, which can be looked at; and when its rule is gone it stands no more.
func TestAFigureThatDropsRaisesOneAlert(t *testing.T) {
	t.Parallel()
	on := testkit.Bus(t)
	one, two := setupOn(t, on, alerting.DefaultConfig()), setupOn(t, on, alerting.DefaultConfig())
	urls := []string{one.serve(t), two.serve(t)}
	figures := func(url, query string) *alertingv1.ListMetricRulesResponse {
		resp := &alertingv1.ListMetricRulesResponse{}
		code, body := call(t, http.MethodGet, url+"/v1/metricRules"+query, nil, resp)
		require.Equal(t, http.StatusOK, code, body)
		return resp
	}
	require.NoError(t, put(t.Context(), urls[0], quiet))
	require.Eventually(t, func() bool { return strings.HasPrefix(figures(urls[1], "").GetVersion(), "v1") }, time.Minute, 5*time.Millisecond)
	received(t, on, 30, 200, 9)
	received(t, on, 5, 200, 2)
	require.NoError(t, put(t.Context(), urls[0], drops))
	for _, url := range urls {
		require.Eventually(t, func() bool {
			rules := figures(url, "").GetRules()
			return len(rules) == 2 && len(rules[0].GetFigures()) == 1 && rules[0].GetFigures()[0].GetFiring()
		}, time.Minute, 50*time.Millisecond)
	}
	shown := figures(urls[1], "")
	require.NotNil(t, shown.GetLookedAt())
	rule, figure := shown.GetRules()[0], shown.GetRules()[0].GetFigures()[0]
	require.Equal(t, "NPS", rule.GetMeasure())
	require.InDelta(t, 20, rule.GetDropsBy(), 0)
	require.Nil(t, rule.Above)
	require.Equal(t, 6*time.Hour, rule.GetBackFor().AsDuration())
	require.Equal(t, map[string]string{"survey": "apres-livraison"}, figure.GetSeries())
	require.InDelta(t, -100, figure.GetFigure(), 0)
	require.InDelta(t, 100, figure.GetReference(), 0)
	require.InDelta(t, 200, figure.GetMoved(), 0)
	require.EqualValues(t, 200, figure.GetAnswers())
	require.Less(t, figure.GetPValue(), 1e-6)
	require.InDelta(t, 100_000, shown.GetRules()[1].GetAbove(), 0)
	require.Len(t, figures(urls[1], "?rule=many").GetRules(), 1)
	require.Empty(t, figures(urls[1], "?rule=many&firing=true").GetRules()[0].GetFigures())
	code, body := call(t, http.MethodGet, urls[0]+"/v1/metricRules?rule=noted", nil, nil)
	require.Equal(t, http.StatusNotFound, code)
	require.Contains(t, body, "NO_SUCH_RULE")

	require.Equal(t, []string{"raised nps_drops"}, changesOf(t, on))
	listed := &alertingv1.ListAlertsResponse{}
	code, body = call(t, http.MethodGet, urls[0]+"/v1/alerts", nil, listed)
	require.Equal(t, http.StatusOK, code, body)
	require.Len(t, listed.GetAlerts(), 1)
	a := listed.GetAlerts()[0].GetAlert()
	require.Equal(t, eventsv1.Severity_HIGH, a.GetSeverity())
	require.Equal(t, "IDF", a.GetLabels()["region"])
	require.InDelta(t, -100, a.GetMovement().GetFigure(), 0)

	require.NoError(t, put(t.Context(), urls[0], quiet))
	require.Eventually(t, func() bool { return slices.Contains(changesOf(t, on), "resolved nps_drops") }, time.Minute, 50*time.Millisecond)
	require.Len(t, changesOf(t, on), 2)
}

// A draft's metric rules are rehearsed by who asks for that.
func TestMetricRulesAreRehearsedByTheService(t *testing.T) {
	t.Parallel()
	b := setup(t, alerting.DefaultConfig())
	received(t, b.bus, 60, 1, 9)
	received(t, b.bus, 30, 200, 9)
	received(t, b.bus, 5, 200, 2)
	received(t, b.bus, 1, 1, 2)
	all := rehearse(t, b.serve(t), &alertingv1.RehearseRulesRequest{Text: drops})
	metrics := all[len(all)-1].GetReport().GetMetrics()
	require.Len(t, metrics, 2)
	require.EqualValues(t, 1, metrics[0].GetDraft())
	require.Len(t, metrics[0].GetFirst(), 1)
	require.Zero(t, metrics[1].GetDraft())
	resp := &alertingv1.ValidateRulesResponse{}
	call(t, http.MethodPost, b.serve(t)+"/v1/rules:validate", &alertingv1.ValidateRulesRequest{Text: drops}, resp)
	require.EqualValues(t, 2, resp.GetMetrics())
}
