package alerting_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/host"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// The sample through the shipped rules, in a process: as many responses end with
// an alert open as sample/README.md counted by hand.
func TestTheSampleThroughTheShippedRules(t *testing.T) {
	t.Parallel()
	b := testkit.Bus(t)
	p := host.NewProcess("test", zap.NewNop(), clock.NewManual(now))
	edges := host.Module{Name: "bus", Start: func(_ context.Context, p *host.Process) error {
		p.Bus = b
		return nil
	}}
	require.NoError(t, p.Start(t.Context(), edges, alerting.Module(alerting.DefaultConfig())))
	t.Cleanup(func() { require.NoError(t, p.Stop()); require.NoError(t, p.RPC.Close()) })

	refused := play(t, b)
	testkit.Handled(t, b, topology.Alerting)
	require.Empty(t, stored(t, b, subject.DeadLetters))
	require.Len(t, stored(t, b, subject.Scores), 267)

	open := map[string]bool{} // responses, by whether an alert stands
	resolved := 0
	standing := map[string]string{} // alert: response
	for _, d := range stored(t, b, subject.Alerts) {
		raised := &eventsv1.AlertRaised{}
		if d.Type != string(raised.ProtoReflect().Descriptor().FullName()) {
			down := &eventsv1.AlertResolved{}
			require.NoError(t, d.Decode(down))
			require.Contains(t, standing, down.GetAlertId(), "resolved before it was raised")
			delete(standing, down.GetAlertId())
			resolved++
			continue
		}
		require.NoError(t, d.Decode(raised))
		standing[raised.GetAlertId()] = key(raised.GetScored().GetReceived().GetResponse())
	}
	for _, r := range standing {
		open[r] = true
	}
	// The README counts 83 without looking at consent. Of its customers who
	// refused calls, those who are unhappy and did not ask are not called.
	require.Len(t, open, 83-refused)
	require.Equal(t, 4, refused)
	require.GreaterOrEqual(t, resolved, 6)
}

func key(r *eventsv1.Response) string { return r.GetSurvey() + "/" + r.GetId() }

// play stores the sample as the collector would: a revision a change. It returns
// how many responses are unhappy whose customer refused calls.
func play(t *testing.T, b *bus.Bus) (refused int) {
	f, err := os.Open("../../sample/answers.jsonl")
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	last := map[string]*eventsv1.ResponseReceived{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		r := &eventsv1.Response{}
		require.NoError(t, protojson.Unmarshal(lines.Bytes(), r))
		before := last[key(r)]
		if proto.Equal(before.GetResponse(), r) {
			continue // the same again
		}
		sum := sha256.Sum256([]byte(key(r)))
		e := &eventsv1.ResponseReceived{
			EventId: fmt.Sprintf("%s-%d", key(r), before.GetRevision()+1), Revision: before.GetRevision() + 1,
			CustomerKey: strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:26], Bucket: hex.EncodeToString(sum[:2])[:3],
			Response: r, Previous: before.GetResponse(),
		}
		body := &eventsv1.ResponseScored{EventId: "s1-" + e.GetEventId(), Received: e, Score: reading(r)}
		if before != nil {
			body.PreviousScore = reading(before.GetResponse())
		}
		_, err := b.Publish(t.Context(), bus.Event{Subject: subject.Score(r.GetSurvey(), e.GetBucket()), ID: body.GetEventId(), Body: body})
		require.NoError(t, err)
		last[key(r)] = e
	}
	require.NoError(t, lines.Err())
	require.Len(t, last, 248)
	for _, e := range last {
		r := e.GetResponse()
		if c := r.GetConsent(); c != nil && c.Callback != nil && !c.GetCallback() && !r.GetCallbackRequested() && unhappy(r) {
			refused++
		}
	}
	return refused
}

func unhappy(r *eventsv1.Response) bool {
	for _, a := range reading(r).GetAnswers() {
		if a.GetClass() != eventsv1.Class_CLASS_UNSPECIFIED {
			return true
		}
	}
	return false
}

// reading is what the scorer would find in a response, as far as the shipped
// rules look, and no class for what is not bad: this service may not reach into
// that one.
func reading(r *eventsv1.Response) *eventsv1.Score {
	scales := []*eventsv1.Scale{
		eventsv1.Metric_NPS: {Min: 0, Max: 10}, eventsv1.Metric_CSAT: {Min: 1, Max: 5},
		eventsv1.Metric_CES: {Min: 1, Max: 7}, eventsv1.Metric_FCR: {Min: 0, Max: 1},
	}
	bad := []struct {
		below float64
		class eventsv1.Class
	}{
		eventsv1.Metric_NPS:  {65, eventsv1.Class_DETRACTOR},
		eventsv1.Metric_CSAT: {40, eventsv1.Class_DISSATISFIED},
		eventsv1.Metric_CES:  {40, eventsv1.Class_HIGH_EFFORT},
		eventsv1.Metric_FCR:  {},
	}
	s := &eventsv1.Score{}
	for _, a := range r.GetAnswers() {
		scale := a.GetScale()
		if scale == nil {
			scale = scales[a.GetMetric()]
		}
		if a.Value == nil {
			continue
		}
		out := &eventsv1.AnswerScore{Metric: a.GetMetric(), Value: a.GetValue()}
		out.Satisfaction = 100 * (a.GetValue() - scale.GetMin()) / (scale.GetMax() - scale.GetMin())
		if scale.GetDirection() == eventsv1.Direction_LOWER_IS_BETTER {
			out.Satisfaction = 100 - out.GetSatisfaction()
		}
		if b := bad[a.GetMetric()]; out.GetSatisfaction() < b.below {
			out.Class = b.class
		}
		s.Answers = append(s.Answers, out)
	}
	return s
}
