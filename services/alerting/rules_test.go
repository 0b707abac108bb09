package alerting_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

const soon = 20 * time.Second

// rules are one rule of a name, in a version.
func rules(version, name string) string {
	return fmt.Sprintf("version: %s\nrules:\n  - {name: %s, when: nps.class == Class.DETRACTOR, team: t, labels: {l: x}}\n", version, name)
}

// serve opens a replica to callers and returns where it is reached.
func (b bundle) serve(t *testing.T) string {
	t.Helper()
	l, err := rpc.Listen("127.0.0.1:0", "127.0.0.1:0")
	require.NoError(t, err)
	b.rpc.Health().SetStarted()
	stop := b.rpc.Serve(l, func(err error) { t.Error(err) })
	t.Cleanup(func() { require.NoError(t, stop(context.Background())) })
	return "http://" + l.HTTP.Addr().String()
}

var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// call makes a call over HTTP; resp is filled when it succeeds. It returns the status and
// the body.
func call(t *testing.T, method, url string, req, resp proto.Message) (int, string) {
	t.Helper()
	var body []byte
	if req != nil {
		var err error
		body, err = protojson.Marshal(req)
		require.NoError(t, err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	require.NoError(t, err)
	got, err := client.Do(r)
	require.NoError(t, err)
	defer got.Body.Close()
	answer, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	if got.StatusCode == http.StatusOK && resp != nil {
		require.NoError(t, protojson.Unmarshal(answer, resp))
	}
	return got.StatusCode, string(answer)
}

// runs waits until a replica runs the version, whose name begins so.
func (b bundle) runs(t *testing.T, version string) {
	t.Helper()
	require.Eventually(t, func() bool { return b.version(t, version) }, soon, 5*time.Millisecond, "rules %s", version)
	require.Equal(t, 1, testutil.CollectAndCount(b.metrics, "rules_info"))
}

func (b bundle) version(t *testing.T, version string) bool {
	families, err := b.metrics.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == "rules_info" && len(f.GetMetric()) == 1 {
			name := f.GetMetric()[0].GetLabel()[0].GetValue()
			return len(name) > len(version) && name[:len(version)+1] == version+"+"
		}
	}
	return false
}

// refusals counts the rules that came and were wrong.
func (b bundle) refusals(t *testing.T) float64 {
	t.Helper()
	families, err := b.metrics.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() == "rules_reload_failures_total" {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	return -1
}

// versions are those that the alerts of a stream carry, without their hashes.
func (b bundle) versions(t *testing.T) (out []string) {
	for _, d := range stored(t, b.bus, subject.Alerts) {
		m := &eventsv1.AlertRaised{}
		require.NoError(t, d.Decode(m))
		name, _, _ := bytes.Cut([]byte(m.GetRulesVersion()), []byte("+"))
		out = append(out, string(name))
	}
	return out
}

func detractor(id string) *eventsv1.ResponseScored {
	e := scored(2)
	e.Received.Response.Id = id
	return e
}

// A file over time: what is in force when, what each alert says, and what is kept when the
// file is wrong, half written, or away.
func TestAFileIsTakenWhileTheServiceRuns(t *testing.T) {
	t.Parallel()
	cfg := withRules(t, rules("v1", "a"))
	cfg.RulesCheck = 100 * time.Millisecond
	core, logs := observer.New(zap.InfoLevel)
	b := bundle{bus: testkit.Bus(t), metrics: prometheus.NewRegistry(), rpc: newRPC(t)}
	var err error
	b.service, err = alerting.New(cfg, alerting.Deps{Bus: b.bus, RPC: b.rpc, Metrics: b.metrics, Log: zap.New(core)})
	require.NoError(t, err)
	require.NoError(t, b.service.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, b.service.Stop(context.Background())) })
	write := func(text string) { require.NoError(t, os.WriteFile(cfg.RulesFile, []byte(text), 0o600)) }
	answer := func(id string) {
		b.put(t, id, detractor(id))
		b.settled(t)
	}
	refused := func(n float64) {
		require.Eventually(t, func() bool { return b.refusals(t) == n }, soon, 5*time.Millisecond)
		b.runs(t, "v1")
	}
	b.runs(t, "v1")
	answer("r-1")

	write("version: v2\nrules:\n  - {name: a, when: npss.class == Class.DETRACTOR}\n  - {name: a, when: may_call}\n")
	refused(1)
	answer("r-2")
	faults := logs.FilterMessage("a fault of the rules").All()
	require.Len(t, faults, 2)
	require.Contains(t, faults[0].ContextMap()["fault"], cfg.RulesFile+":3:21: rule a: undeclared reference to 'npss'")
	require.Contains(t, faults[1].ContextMap()["fault"], cfg.RulesFile+":4:12: rule a: name: is taken")

	require.NoError(t, os.Remove(cfg.RulesFile))
	refused(2)
	write("")
	refused(3)
	answer("r-3")
	require.NoError(t, err)
	require.NotContains(t, b.rpc.Health().Ready(), "rules")

	write(rules("v3", "b"))
	b.runs(t, "v3")
	answer("r-4")
	write(rules("v1", "a"))
	b.runs(t, "v1")
	answer("r-5")
	require.Equal(t, []string{"v1", "v1", "v1", "v3", "v1"}, b.versions(t))
	require.Equal(t, 3.0, b.refusals(t))
	require.Equal(t, 4.0, b.counter(t, "alerts_raised_total", "a"))

	var kept []string
	for _, d := range stored(t, b.bus, subject.Rules) {
		e := &eventsv1.RulesStored{}
		require.NoError(t, d.Decode(e))
		require.Equal(t, eventsv1.RulesStored_FILE, e.GetOrigin())
		kept = append(kept, string(e.GetText()))
	}
	require.Equal(t, []string{rules("v1", "a"), rules("v3", "b"), rules("v1", "a")}, kept)
}

func TestRulesArePutByTheAPIAndEveryReplicaTakesThem(t *testing.T) {
	t.Parallel()
	b := setup(t, alerting.DefaultConfig())
	other := setupOn(t, b.bus, alerting.DefaultConfig())
	url := b.serve(t)
	b.runs(t, "1")

	put := &alertingv1.PutRulesResponse{}
	code, body := call(t, http.MethodPut, url+"/v1/rules", &alertingv1.PutRulesRequest{Text: rules("v1", "a"), By: "claire"}, put)
	require.Equal(t, http.StatusOK, code, body)
	require.EqualValues(t, 1, put.GetVersion().GetNumber())
	require.Regexp(t, `^v1\+[0-9a-f]{8}$`, put.GetVersion().GetVersion())
	b.runs(t, "v1")
	other.runs(t, "v1")
	b.put(t, "m-1", scored(2))
	b.settled(t)
	require.Equal(t, []string{"v1"}, b.versions(t))
	raised := &eventsv1.AlertRaised{}
	require.NoError(t, stored(t, b.bus, subject.Alerts)[0].Decode(raised))
	require.Equal(t, "t", raised.GetTeam())
	require.Equal(t, map[string]string{"l": "x"}, raised.GetLabels())

	code, _ = call(t, http.MethodPut, url+"/v1/rules", &alertingv1.PutRulesRequest{Text: rules("v1", "a")}, put)
	require.Equal(t, http.StatusOK, code)
	require.EqualValues(t, 1, put.GetVersion().GetNumber(), "the same again is the same")
	code, body = call(t, http.MethodPut, url+"/v1/rules", &alertingv1.PutRulesRequest{Text: rules("v2", "b"), Number: proto.Uint64(7)}, nil)
	require.Equal(t, http.StatusConflict, code)
	require.Contains(t, body, "RULES_CHANGED")
	code, body = call(t, http.MethodPut, url+"/v1/rules", &alertingv1.PutRulesRequest{Text: "version: v\nrules: [{name: a, when: npss}, {name: a, when: x}]\n"}, nil)
	require.Equal(t, http.StatusBadRequest, code)
	for _, want := range []string{`text:2:25`, `rule a: undeclared reference to 'npss'`, `rule a: name: is taken`, "undeclared reference to 'x'"} {
		require.Contains(t, body, want)
	}
	code, body = call(t, http.MethodPut, url+"/v1/rules", &alertingv1.PutRulesRequest{Text: rules("v2", "b"), By: "a b"}, nil)
	require.Equal(t, http.StatusBadRequest, code, body)
	code, body = call(t, http.MethodPut, url+"/v1/rules", &alertingv1.PutRulesRequest{Text: rules("v2", "b"), Number: proto.Uint64(1)}, put)
	require.Equal(t, http.StatusOK, code, body)
	other.runs(t, "v2")
	require.Zero(t, other.refusals(t))

	late := setupOn(t, b.bus, alerting.DefaultConfig())
	require.True(t, late.version(t, "v2"), "before the first response is decided")
	history(t, url)
}

// put is PutRules, for goroutines.
func put(ctx context.Context, url, text string) error {
	body, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, url+"/v1/rules", bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		err = errors.New(resp.Status)
	}
	return errors.Join(err, resp.Body.Close())
}

// However many put rules at once and wherever, all replicas end with the same ones: the last
// that were stored; and none that was put is missing.
func TestReplicasAgreeOnWhatWasPutLast(t *testing.T) {
	t.Parallel()
	b := setup(t, alerting.DefaultConfig())
	replicas := []bundle{b, setupOn(t, b.bus, alerting.DefaultConfig()), setupOn(t, b.bus, alerting.DefaultConfig())}
	var putting sync.WaitGroup
	for i, replica := range replicas {
		url := replica.serve(t)
		putting.Go(func() {
			for n := range 5 {
				assert.NoError(t, put(t.Context(), url, rules(fmt.Sprintf("v%d-%d", i, n), "a")))
			}
		})
	}
	putting.Wait()
	kept := stored(t, b.bus, subject.Rules)
	require.Len(t, kept, 15)
	last := &eventsv1.RulesStored{}
	require.NoError(t, kept[14].Decode(last))
	version, _, _ := strings.Cut(last.GetVersion(), "+")
	for _, replica := range replicas {
		replica.runs(t, version)
	}
}

// history looks at versions 1 (v1) and 2 (v2).
func history(t *testing.T, url string) {
	list := &alertingv1.ListRuleVersionsResponse{}
	code, body := call(t, http.MethodGet, url+"/v1/rules/versions?pageSize=1", nil, list)
	require.Equal(t, http.StatusOK, code, body)
	require.Len(t, list.GetVersions(), 1)
	require.EqualValues(t, 2, list.GetVersions()[0].GetNumber())
	require.Equal(t, eventsv1.RulesStored_API, list.GetVersions()[0].GetOrigin())
	first := &alertingv1.ListRuleVersionsResponse{}
	call(t, http.MethodGet, url+"/v1/rules/versions?pageToken="+list.GetNextPageToken(), nil, first)
	require.Len(t, first.GetVersions(), 1)
	require.Equal(t, "claire", first.GetVersions()[0].GetBy())
	require.Empty(t, first.GetNextPageToken())

	one := &alertingv1.GetRuleVersionResponse{}
	for _, name := range []string{"1", first.GetVersions()[0].GetVersion()} {
		code, body := call(t, http.MethodGet, url+"/v1/rules/versions/"+name, nil, one)
		require.Equal(t, http.StatusOK, code, body)
		require.Equal(t, rules("v1", "a"), one.GetText())
		require.True(t, proto.Equal(first.GetVersions()[0], one.GetVersion()))
	}
	for path, want := range map[string]string{"/v1/rules/versions/9": "NO_SUCH_VERSION", "/v1/rules/versions/v1": "NO_SUCH_VERSION"} {
		code, body := call(t, http.MethodGet, url+path, nil, nil)
		require.Equal(t, http.StatusNotFound, code)
		require.Contains(t, body, want)
	}
	code, body = call(t, http.MethodGet, url+"/v1/rules/versions?pageSize=101&pageToken=x", nil, nil)
	require.Equal(t, http.StatusBadRequest, code)
	require.Contains(t, body, "pageSize")
	require.Contains(t, body, "pageToken")
}

func TestTheRulesThatRunAreListed(t *testing.T) {
	t.Parallel()
	b := setup(t, alerting.DefaultConfig())
	url := b.serve(t)
	b.put(t, "m-1", scored(2))
	b.put(t, "m-2", scored(2, 9))
	b.settled(t)
	list := &alertingv1.ListRulesResponse{}
	code, body := call(t, http.MethodGet, url+"/v1/rules", nil, list)
	require.Equal(t, http.StatusOK, code, body)
	require.Zero(t, list.GetVersion().GetNumber())
	require.Nil(t, list.GetVersion().GetAt())
	require.Len(t, list.GetRules(), 4)
	r := list.GetRules()[1]
	require.Equal(t, "detractor", r.GetName())
	require.EqualValues(t, []uint64{1, 1, 0}, []uint64{r.GetRaised(), r.GetResolved(), r.GetFailed()})
	require.Equal(t, "default", r.GetCallback().GetQueue())
	require.NotNil(t, list.GetCountedSince())
	require.False(t, r.GetNotify())
	require.Nil(t, r.GetResolvesAfter())
	require.Empty(t, r.GetFallbacks())

	valid := &alertingv1.ValidateRulesResponse{}
	call(t, http.MethodPost, url+"/v1/rules:validate", &alertingv1.ValidateRulesRequest{Text: rules("v9", "a")}, valid)
	require.Empty(t, valid.GetFaults())
	require.EqualValues(t, 1, valid.GetRules())
	require.Regexp(t, `^v9\+`, valid.GetVersion())
	call(t, http.MethodPost, url+"/v1/rules:validate", &alertingv1.ValidateRulesRequest{Text: "version: v\nrules: [{name: a, when: npss}]\n"}, valid)
	require.Len(t, valid.GetFaults(), 1)
	require.EqualValues(t, []uint32{2, 25}, []uint32{valid.GetFaults()[0].GetLine(), valid.GetFaults()[0].GetColumn()})
	require.Equal(t, "rule a", valid.GetFaults()[0].GetPath())
}

// What a rule asks for beside a callback is listed, too: who is told, how long its alerts
// stand, and which fallbacks may change it, in their order.
func TestAllThatARuleAsksForIsListed(t *testing.T) {
	t.Parallel()
	b := setup(t, withRules(t, `version: v1
fallbacks:
  - {name: later, queue: care, begins_above: 2h, ends_below: 1h, first_attempt_within: 3d}
  - {name: higher, queue: care, begins_above: 4h, ends_below: 2h, raise_bar: {severity: high}}
rules:
  - {name: a, when: nps.class == Class.DETRACTOR, notify: true, resolves_after: 4h, fallback: [higher, later], callback: {queue: care, priority: 10}}
  - {name: b, when: nps.class == Class.DETRACTOR}
`))
	list := &alertingv1.ListRulesResponse{}
	code, body := call(t, http.MethodGet, b.serve(t)+"/v1/rules", nil, list)
	require.Equal(t, http.StatusOK, code, body)
	require.Len(t, list.GetRules(), 2)
	r := list.GetRules()[0]
	require.True(t, r.GetNotify())
	require.Equal(t, 4*time.Hour, r.GetResolvesAfter().AsDuration())
	require.Equal(t, []string{"higher", "later"}, r.GetFallbacks())
	require.False(t, list.GetRules()[1].GetNotify())
	require.Regexp(t, `"resolvesAfter": ?"14400s"`, body)
}

func TestWhereAFileDecidesTheAPIDoesNot(t *testing.T) {
	t.Parallel()
	cfg := withRules(t, rules("v1", "a"))
	b := setup(t, cfg)
	url := b.serve(t)
	code, body := call(t, http.MethodPut, url+"/v1/rules", &alertingv1.PutRulesRequest{Text: rules("v2", "a")}, nil)
	require.Equal(t, http.StatusBadRequest, code)
	var status struct{ Message string }
	require.NoError(t, json.Unmarshal([]byte(body), &status))
	require.Contains(t, status.Message, cfg.RulesFile)
	require.Contains(t, body, "RULES_IN_FILE")

	// One that runs without the file goes on with what it said, and the API decides.
	other := setupOn(t, b.bus, alerting.DefaultConfig())
	require.True(t, other.version(t, "v1"))
	code, body = call(t, http.MethodPut, other.serve(t)+"/v1/rules", &alertingv1.PutRulesRequest{Text: rules("v2", "a")}, nil)
	require.Equal(t, http.StatusOK, code, body)
	other.runs(t, "v2")
	b.runs(t, "v1")
}

// A version that this program can't use, as one of a later program, changes nothing for
// who runs, and a start goes on with the one before.
func TestAStoredVersionThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	b := setup(t, alerting.DefaultConfig())
	url := b.serve(t)
	code, body := call(t, http.MethodPut, url+"/v1/rules", &alertingv1.PutRulesRequest{Text: rules("v1", "a")}, nil)
	require.Equal(t, http.StatusOK, code, body)
	for i, e := range []bus.Event{
		{Body: &eventsv1.RulesStored{Version: "v2+00000000", Text: []byte("version: v2\nrules: [{name: a, when: later_fact}]\n")}},
		{Body: &eventsv1.RulesStored{}, Encoded: []byte("\xff")},
	} {
		e.Subject, e.ID = subject.AllRules, fmt.Sprint(i)
		_, err := b.bus.Publish(t.Context(), e)
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { return b.refusals(t) == 1 }, soon, 5*time.Millisecond)
	require.True(t, b.version(t, "v1"))
	late := setupOn(t, b.bus, alerting.DefaultConfig())
	require.True(t, late.version(t, "v1"))
	require.Equal(t, 1.0, late.refusals(t))
}
