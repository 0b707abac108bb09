package alerting_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	alertingv1 "github.com/rappel-loop/rappel/proto/gen/go/api/alerting/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/donotcall"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// furious calls whom the shipped rules call too, and passives, whom they don't.
const furious = "version: draft\nrules:\n" +
	"  - {name: furious, when: \"has(nps.metric) && nps.value <= 1.0\", severity: critical, callback: {queue: vip, priority: 9, first_attempt_within: 1h}}\n" +
	"  - {name: happy, when: nps.class == Class.PROMOTER, callback: {queue: vip, priority: 1}}\n"

// past stores answers of customers who gave 0 to 9, and again, with two replicas' worth of
// revisions: each tenth is corrected from 0 to 9.
func past(t testing.TB, b *bus.Bus, n int) {
	t.Helper()
	var storing sync.WaitGroup
	for i := range n {
		e := scored(float64(i % 10))
		e.Received.Response.Id, e.Received.CustomerKey = fmt.Sprint("r-", i), customerKey(i)
		storing.Go(func() {
			_, err := b.Append(context.Background(), bus.Event{Subject: subject.Score("s", "0af"), ID: fmt.Sprint(i), Body: e})
			if err != nil {
				t.Error(err)
			}
		})
		if i%1000 == 999 {
			storing.Wait()
		}
	}
	storing.Wait()
}

func customerKey(n int) string {
	return strings.Map(func(r rune) rune { return 'a' + r - '0' }, fmt.Sprintf("%026d", n))
}

func rehearse(t *testing.T, url string, req *alertingv1.RehearseRulesRequest) (all []*alertingv1.RehearseRulesResponse) {
	t.Helper()
	body, err := protojson.Marshal(req)
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/rules:rehearse", bytes.NewReader(body))
	require.NoError(t, err)
	resp, err := client.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusOK, resp.StatusCode)
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		line := strings.TrimSuffix(strings.TrimPrefix(lines.Text(), `{"result":`), "}")
		one := &alertingv1.RehearseRulesResponse{}
		require.NoError(t, protojson.Unmarshal([]byte(line), one), lines.Text())
		all = append(all, one)
	}
	return all
}

func TestADraftIsRehearsedOverThePast(t *testing.T) {
	t.Parallel()
	b := setup(t, alerting.DefaultConfig())
	past(t, b.bus, 100)
	corrected := scored(0, 9) // a customer of no other answer: called, and then happy
	corrected.Received.CustomerKey = customerKey(1000)
	b.put(t, "corrected", corrected)
	_, err := b.bus.Publish(t.Context(), bus.Event{Subject: subject.Score("s", "0af"), ID: "broken", Body: corrected, Encoded: []byte("\xff")})
	require.NoError(t, err)
	b.settled(t)
	alerts := len(stored(t, b.bus, subject.Alerts))

	all := rehearse(t, b.serve(t), &alertingv1.RehearseRulesRequest{
		Text: furious, Examples: proto.Uint32(2), Staffing: []*alertingv1.Staffing{{Agents: 1, CallbacksAnHour: 1}, {Queue: "vip", Agents: 5, CallbacksAnHour: 2}},
	})
	last := all[len(all)-1]
	got := last.GetReport()
	require.NotNil(t, got)
	require.EqualValues(t, 102, got.GetAnswers())
	require.EqualValues(t, 102, last.GetRead())
	require.EqualValues(t, 1, got.GetUnreadable())
	require.Regexp(t, `^draft\+`, got.GetDraftVersion())
	require.Regexp(t, `^1\+`, got.GetCurrentVersion())
	// 0 and 1 are furious, 7 to 9 are promoters here; the shipped rules call 0 to 6.
	require.True(t, proto.Equal(&alertingv1.Overlap{OnlyDraft: 31, OnlyCurrent: 50, Both: 20}, got.GetCustomers()), got.GetCustomers())
	require.Equal(t, 51.0, got.GetCallbacksADay().GetDraft())
	require.Equal(t, 70.0, got.GetCallbacksADay().GetCurrent())
	require.Len(t, got.GetExamples(), 4)
	require.Equal(t, "happy", got.GetExamples()[0].GetRule())
	queues := map[string]*alertingv1.QueueRehearsed{}
	for _, q := range got.GetQueues() {
		queues[q.GetQueue()] = q
	}
	require.InDelta(t, 51.0/8/10, queues["vip"].GetDraft().GetUtilisation(), 1e-9)
	require.Equal(t, time.Hour, queues["vip"].GetStaffing().GetTarget().AsDuration())
	require.Equal(t, 62.0, queues["default"].GetCurrent().GetGrowthADay())
	require.Len(t, stored(t, b.bus, subject.Alerts), alerts, "nothing is stored")

	later := rehearse(t, b.serve(t), &alertingv1.RehearseRulesRequest{Text: furious, Since: timestamppb.New(time.Now().Add(time.Hour))})
	require.Zero(t, later[len(later)-1].GetReport().GetAnswers())
}

func TestRehearsalsThatAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, alerting.DefaultConfig())
	url := b.serve(t)
	code, body := call(t, http.MethodPost, url+"/v1/rules:rehearse", &alertingv1.RehearseRulesRequest{
		Text: "version: 1\n", Examples: proto.Uint32(101),
		Staffing: []*alertingv1.Staffing{{Queue: "a b"}, {Agents: 5001, CallbacksAnHour: -1, HoursADay: 25}},
	}, nil)
	require.Equal(t, http.StatusBadRequest, code)
	for _, want := range []string{"examples", "staffing[0].queue", "staffing[1].agents", "staffing[1].callbacksAnHour", "staffing[1].hoursADay"} {
		require.Contains(t, body, want)
	}
	code, body = call(t, http.MethodPost, url+"/v1/rules:rehearse", &alertingv1.RehearseRulesRequest{Text: "version: 1\nrules: [{name: a, when: npss}]\n"}, nil)
	require.Equal(t, http.StatusBadRequest, code)
	require.Contains(t, body, "text:2:25")
}

// One at a time; one that its caller leaves, or that the server's stop cuts off, ends.
func TestARehearsalEnds(t *testing.T) {
	t.Parallel()
	b := bundle{bus: testkit.Bus(t), rpc: rpc.New(rpc.Options{})}
	service, err := alerting.New(alerting.DefaultConfig(), alerting.Deps{Bus: b.bus, RPC: b.rpc})
	require.NoError(t, err)
	l, err := rpc.Listen("127.0.0.1:0", "127.0.0.1:0")
	require.NoError(t, err)
	stop := b.rpc.Serve(l, func(err error) { t.Error(err) })
	past(t, b.bus, 60_000)
	conn, err := grpc.NewClient(l.GRPC.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	defer conn.Close()
	c := alertingv1.NewAlertingServiceClient(conn)
	begin := func(ctx context.Context) (grpc.ServerStreamingClient[alertingv1.RehearseRulesResponse], error) {
		stream, err := c.RehearseRules(ctx, &alertingv1.RehearseRulesRequest{Text: furious})
		require.NoError(t, err)
		first, err := stream.Recv()
		if err == nil {
			require.EqualValues(t, 60_000, first.GetToRead())
		}
		return stream, err
	}
	ctx, cancel := context.WithCancel(t.Context())
	stream, err := begin(ctx)
	require.NoError(t, err)
	_, err = begin(t.Context())
	require.Equal(t, "REHEARSING_ALREADY", rpc.Reason(err))
	require.Equal(t, codes.Aborted, status.Code(err))
	cancel()
	for err = nil; err == nil; {
		_, err = stream.Recv()
	}
	require.Eventually(t, func() bool { stream, err = begin(t.Context()); return err == nil }, soon, 5*time.Millisecond)
	stopped := make(chan error, 1)
	go func() { stopped <- stop(context.Background()) }()
	for err = nil; err == nil; {
		_, err = stream.Recv()
	}
	require.Equal(t, "GOING_AWAY", rpc.Reason(err))
	require.NoError(t, <-stopped)
	require.NoError(t, service.Stop(t.Context()))
}

// BenchmarkRehearse is a rehearsal of 100,000 answers against the shipped rules, on a server
// of its own.
func BenchmarkRehearse(b *testing.B) {
	n := 100_000
	if testing.Short() {
		n = 1000
	}
	on := testkit.Bus(b)
	past(b, on, n)
	server := rpc.New(rpc.Options{})
	defer server.Close()
	s, err := alerting.New(alerting.DefaultConfig(), alerting.Deps{Bus: on, RPC: server})
	require.NoError(b, err)
	for b.Loop() {
		report, err := alerting.Rehearsed(b.Context(), s, furious)
		require.NoError(b, err)
		require.EqualValues(b, n, report.GetAnswers())
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "answers/s")
	require.NoError(b, s.Stop(b.Context()))
}

// A rehearsal looks back on answers of before it begins, and heeds the list of those who are
// not to be called.
func TestARehearsalWithHistories(t *testing.T) {
	t.Parallel()
	b := setup(t, alerting.DefaultConfig())
	begin := time.Now()
	answer := func(customer, response int, at time.Time) {
		e := answered(customer, response, at, 2)
		e.Received.ReceivedAt = e.GetReceived().GetFirstReceivedAt()
		b.answer(t, e)
	}
	for i := range 3 {
		answer(1, i, begin.Add(time.Duration(i)-30*time.Minute))
	}
	last, err := b.bus.Latest(t.Context(), subject.Score("apres-livraison", "0af"))
	require.NoError(t, err)
	answer(1, 3, begin.Add(3))
	answer(2, 4, begin.Add(4))
	_, err = donotcall.New(b.bus, zap.NewNop()).Apply(t.Context(), donotcall.Change{Keys: []string{customerKey(20)}, Listed: true, At: begin})
	require.NoError(t, err)
	b.settled(t)
	const draft = "version: draft\nrules:\n" +
		"  - {name: fourth, when: nps.class == Class.DETRACTOR && history.answers(30).size() == 3, callback: {queue: q, priority: 9}}\n" +
		"  - {name: write, when: nps.class == Class.DETRACTOR && history.do_not_call}\n" +
		"metrics:\n  - {name: many, measure: count, window: 1h, above: 2}\n"
	url := b.serve(t)
	for _, since := range []time.Time{{}, last.Time.Add(1)} {
		req := &alertingv1.RehearseRulesRequest{Text: draft}
		if !since.IsZero() {
			req.Since = timestamppb.New(since)
		}
		all := rehearse(t, url, req)
		got := all[len(all)-1].GetReport()
		require.EqualValues(t, map[bool]int{true: 5, false: 2}[since.IsZero()], got.GetAnswers())
		require.EqualValues(t, 5, all[len(all)-1].GetRead(), "what is looked back on is read, too")
		require.EqualValues(t, 5, all[len(all)-1].GetToRead())
		require.Equal(t, []float64{1, 1}, []float64{got.GetRules()[0].GetAlerts().GetDraft(), got.GetRules()[1].GetAlerts().GetDraft()})
		require.EqualValues(t, 1, got.GetMetrics()[0].GetDraft(), "the hour before the rehearsal counts")
		require.Equal(t, 1.0, got.GetCallbacksADay().GetDraft())
		require.Equal(t, 1.0, got.GetDoNotCallADay().GetCurrent(), "the shipped rules would call a detractor")
		require.Equal(t, 1.0, got.GetCallbacksADay().GetCurrent())
	}
}

// A draft's fallback comes with a burst, holds back what is below its bar, and is over long
// before now; the rules in force have none.
func TestARehearsalWithFallbacks(t *testing.T) {
	t.Parallel()
	b := setup(t, alerting.DefaultConfig())
	begin := time.Now().UTC().Truncate(time.Minute).Add(-20 * time.Hour)
	for i := range 25 {
		at := begin
		if i >= 20 {
			at = begin.Add(time.Hour)
		}
		e := answered(i, i, at, 2)
		e.Received.ReceivedAt = e.GetReceived().GetFirstReceivedAt()
		b.answer(t, e)
	}
	b.settled(t)
	const draft = "version: draft\nrules:\n" +
		"  - {name: low, severity: low, when: nps.class == Class.DETRACTOR, callback: {queue: care, priority: 10}, fallback: [busy, blind]}\n" +
		"fallbacks:\n" +
		"  - {name: busy, queue: care, begins_above: 2h, ends_below: 1h, raise_bar: {severity: high}}\n" +
		"  - {name: blind, queue: other, begins_above: 2h, ends_below: 1h, raise_bar: {severity: high}}\n"
	all := rehearse(t, b.serve(t), &alertingv1.RehearseRulesRequest{
		Text: draft, Staffing: []*alertingv1.Staffing{{Queue: "care", Agents: 2, CallbacksAnHour: 3, HoursADay: 11}},
	})
	got := all[len(all)-1].GetReport()
	require.Len(t, got.GetFallbacks(), 2)
	busy, blind := got.GetFallbacks()[0].GetDraft(), got.GetFallbacks()[1].GetDraft()
	require.Nil(t, got.GetFallbacks()[0].GetCurrent())
	require.True(t, blind.GetUnknown())
	require.EqualValues(t, 1, busy.GetBegan())
	require.Equal(t, 5.0, busy.GetHeldBackADay())
	require.Equal(t, begin.Add(6*time.Minute), busy.GetFirst()[0].GetFrom().AsTime())
	// Less than 7 of 20 are left after 4h 43m 38s, at 2.75 an hour; and five minutes more.
	require.Equal(t, begin.Add(4*time.Hour+49*time.Minute), busy.GetFirst()[0].GetTo().AsTime())
	require.InDelta(t, 283.0/(20*60), busy.GetShare(), 0.01, "of the 20 hours until now")
	require.Equal(t, 20.0, got.GetCallbacksADay().GetDraft())
	require.Equal(t, 25.0, got.GetCallbacksADay().GetCurrent())
}
