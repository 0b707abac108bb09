package topology_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func setup(t *testing.T) (context.Context, jetstream.JetStream) {
	t.Helper()
	js, err := jetstream.New(testkit.Connect(t, testkit.Server(t)))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx, js
}

func stream(ctx context.Context, t *testing.T, js jetstream.JetStream, name string) jetstream.StreamConfig {
	t.Helper()
	s, err := js.Stream(ctx, name)
	require.NoError(t, err)
	return s.CachedInfo().Config
}

func TestEveryStreamKeepsWhatItIsGiven(t *testing.T) {
	t.Parallel()
	ctx, js := setup(t)
	require.NoError(t, topology.Ensure(ctx, js, topology.Options{}))
	for _, want := range topology.Streams() {
		c := stream(ctx, t, js, want.Name)
		require.Equal(t, want.Subjects, c.Subjects)
		require.Equal(t, want.MaxAge, c.MaxAge)
		require.Equal(t, want.Duplicates, c.Duplicates)
		require.Equal(t, jetstream.FileStorage, c.Storage)
		require.Equal(t, jetstream.LimitsPolicy, c.Retention, "an acknowledgement deletes nothing")
		require.Equal(t, jetstream.DiscardNew, c.Discard, "a full stream refuses, it does not forget")
		require.Equal(t, jetstream.DefaultPersistMode, c.PersistMode, "never async: a kill loses what it acknowledged")
		require.False(t, c.AllowMsgSchedules, "whoever may publish a schedule may write to subjects it may not")
		require.False(t, c.AllowRollup)
		require.False(t, c.DenyDelete, "a customer's events can be erased")
		require.EqualValues(t, -1, c.MaxBytes)
		require.EqualValues(t, topology.MaxMessage, c.MaxMsgSize)
		require.Equal(t, 1, c.Replicas)
		require.NotEmpty(t, want.Why)
	}
	for _, want := range topology.Consumers() {
		c, err := js.Consumer(ctx, want.Stream, want.Durable)
		require.NoError(t, err)
		cfg := c.CachedInfo().Config
		require.Equal(t, jetstream.AckExplicitPolicy, cfg.AckPolicy)
		require.Equal(t, jetstream.DeliverAllPolicy, cfg.DeliverPolicy)
		require.Equal(t, want.AckWait, cfg.AckWait)
		require.Equal(t, -1, cfg.MaxDeliver, "the handler gives up, with a dead letter; the server would in silence")
		require.Greater(t, cfg.MaxAckPending, 4*want.Lanes)
		require.NotEmpty(t, want.Why)
		require.Positive(t, want.MaxDeliveries)
	}
}

func TestOptionsBoundTheStreamsThatASourceFills(t *testing.T) {
	t.Parallel()
	ctx, js := setup(t)
	require.NoError(t, topology.Ensure(ctx, js, topology.Options{MaxBytes: 1 << 20, MaxAge: time.Minute}))
	for _, s := range topology.Streams() {
		c := stream(ctx, t, js, s.Name)
		switch s.Name {
		case subject.Pushes, subject.Imports, subject.ImportFiles, subject.CallKeys, subject.Responses, subject.Scores, subject.Alerts, subject.AlertStates:
			require.EqualValues(t, 1<<20, c.MaxBytes)
			require.Equal(t, time.Minute, c.MaxAge)
			require.LessOrEqual(t, c.Duplicates, c.MaxAge)
		default:
			require.EqualValues(t, -1, c.MaxBytes, s.Name)
			require.Equal(t, s.MaxAge, c.MaxAge, s.Name)
		}
	}
	require.Zero(t, stream(ctx, t, js, subject.Callbacks).MaxAge, "the truth about callbacks does not expire")
	require.Zero(t, stream(ctx, t, js, subject.Agents).MaxAge, "nor does that about agents")
}

func TestEnsureBringsADriftedServerInLineAndKeepsItsEvents(t *testing.T) {
	t.Parallel()
	ctx, js := setup(t)
	require.NoError(t, topology.Ensure(ctx, js, topology.Options{}))
	_, err := js.Publish(ctx, subject.Response("s", "001"), []byte("x"))
	require.NoError(t, err)
	c := stream(ctx, t, js, subject.Responses)
	c.MaxAge, c.Description = time.Hour, "drifted"
	_, err = js.UpdateStream(ctx, c)
	require.NoError(t, err)
	require.NoError(t, js.DeleteConsumer(ctx, topology.Scorer.Stream, topology.Scorer.Durable))
	for range 2 { // the second time there is nothing to do
		require.NoError(t, topology.Ensure(ctx, js, topology.Options{}))
		s, err := js.Stream(ctx, subject.Responses)
		require.NoError(t, err)
		require.Equal(t, 90*24*time.Hour, s.CachedInfo().Config.MaxAge)
		require.EqualValues(t, 1, s.CachedInfo().State.Msgs)
	}
	_, err = js.Consumer(ctx, topology.Scorer.Stream, topology.Scorer.Durable)
	require.NoError(t, err)
}

func TestSeveralProcessesMayEnsureAtOnce(t *testing.T) {
	t.Parallel()
	ctx, js := setup(t)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() { errs[i] = topology.Ensure(ctx, js, topology.Options{}) })
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
}

// A server that is updated while another process adds its consumers works more
// than it must, and nats-server 2.15 reads a stream's name then without its lock.
func TestWhatStandsIsNotUpdated(t *testing.T) {
	t.Parallel()
	ctx, js := setup(t)
	news := map[string]*nats.Subscription{}
	for _, s := range topology.Streams() {
		sub, err := js.Conn().SubscribeSync("$JS.EVENT.ADVISORY.STREAM.*." + s.Name)
		require.NoError(t, err)
		news[s.Name] = sub
	}
	for range 2 {
		require.NoError(t, topology.Ensure(ctx, js, topology.Options{MaxBytes: 1 << 20, MaxAge: time.Hour}))
	}
	for name, sub := range news {
		require.NoError(t, js.DeleteStream(ctx, name))
		for _, want := range []string{"CREATED", "DELETED"} {
			m, err := sub.NextMsgWithContext(ctx)
			require.NoError(t, err)
			require.Equal(t, "$JS.EVENT.ADVISORY.STREAM."+want+"."+name, m.Subject)
		}
	}
}

func TestWhatCannotBeEnsuredIsNamed(t *testing.T) {
	t.Parallel()
	ctx, js := setup(t)
	_, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "OTHER", Subjects: []string{"rappel.v1.score.>"}})
	require.NoError(t, err)
	require.ErrorContains(t, topology.Ensure(ctx, js, topology.Options{}), "stream SCORES: ")
	lost := topology.Consumer{Stream: "NONE", Durable: "d", Lanes: 1, AckWait: time.Second}
	require.ErrorContains(t, lost.Ensure(ctx, js, topology.Options{}), "consumer d of NONE: ")
}

func TestNamesAreUniqueAndSubjectsDisjoint(t *testing.T) {
	t.Parallel()
	names, subjects := map[string]bool{}, []string{}
	for _, s := range topology.Streams() {
		require.False(t, names[s.Name])
		names[s.Name] = true
		for _, subj := range s.Subjects {
			prefix := strings.TrimSuffix(subj, ">")
			for _, other := range subjects {
				require.False(t, strings.HasPrefix(prefix, other) || strings.HasPrefix(other, prefix))
			}
			subjects = append(subjects, prefix)
		}
	}
	for _, c := range topology.Consumers() {
		require.True(t, names[c.Stream])
		require.False(t, names[c.Stream+"/"+c.Durable])
		names[c.Stream+"/"+c.Durable] = true
	}
}
