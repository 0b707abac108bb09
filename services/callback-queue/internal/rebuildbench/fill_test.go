package rebuildbench

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/wire"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/embednats"
	"github.com/rappel-loop/rappel/services/internal/testkit"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// complaint is some 200 characters, as people write.
const complaint = "Bonjour, ma commande devait arriver mardi et nous sommes samedi. J'ai appelé trois fois, on me promet " +
	"à chaque fois de me rappeler et personne ne le fait. Je voudrais être remboursé, ou au moins savoir où elle est."

// key is the n-th customer's key.
func key(n int) string {
	sum := sha256.Sum256(fmt.Append(nil, n))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:26]
}

// raised is the alert of the n-th customer: the queues, languages, skills and
// numbers differ as in life, so that the queues have many lines.
func raised(n int, at time.Time) *eventsv1.AlertRaised {
	value := float64(n % 7)
	response := &eventsv1.Response{
		Id: fmt.Sprintf("r-%d", n), Survey: "apres-livraison", Channel: "email", Touchpoint: "delivery",
		SubmittedAt: timestamppb.New(at),
		Customer: &eventsv1.Customer{
			Id: fmt.Sprintf("C-%d", n), Name: "Camille Exemple", Email: fmt.Sprintf("camille.%d@example.com", n),
			Phone: fmt.Sprintf("+336%08d", n%100_000_000), Language: []string{"fr", "fr", "fr", "en", "de"}[n%5],
		},
		Answers: []*eventsv1.Answer{{Metric: eventsv1.Metric_NPS, Value: &value}, {Verbatim: complaint}},
	}
	k := key(n)
	return &eventsv1.AlertRaised{
		EventId: "raised-" + k, AlertId: "alert-" + k, Rule: "detractor", RaisedAt: timestamppb.New(at),
		Callback: &eventsv1.CallbackPlan{
			Queue: []string{"care", "billing", "delivery", "retention"}[n%4], Priority: int32(40 + n%31),
			Skills: [][]string{nil, nil, {"billing"}, {"billing:3", "legal"}}[n/20%4],
		},
		Scored: &eventsv1.ResponseScored{Received: &eventsv1.ResponseReceived{
			EventId: "resp-" + k, Revision: 1, CustomerKey: k, Bucket: subject.BucketOf(k), Response: response,
		}},
		Answer: &eventsv1.AnswerScore{
			Metric: eventsv1.Metric_NPS, Class: eventsv1.Class_DETRACTOR, Value: value, Satisfaction: 10 * value, Scale: &eventsv1.Scale{Max: 10},
		},
	}
}

// fillDataDir makes a data directory with n open callbacks: the very events that the
// service stores, without the service, which would wait for the disk each time. It
// returns how long the library alone takes to read them: what any rebuild is up
// against on this machine.
func fillDataDir(b *testing.B, dir string, n int) time.Duration {
	b.Helper()
	server, err := embednats.Start(embednats.Config{Dir: dir}, zap.NewNop())
	require.NoError(b, err)
	defer func() { require.NoError(b, server.Shutdown(context.Background())) }()
	conn, err := server.Connect()
	require.NoError(b, err)
	defer conn.Close()
	events, err := bus.New(conn, bus.Options{Barrier: server.Barrier()})
	require.NoError(b, err)
	require.NoError(b, topology.Ensure(b.Context(), events.JetStream(), topology.Options{Replicas: 1}))
	now := time.Now()
	var next atomic.Int64
	var writers sync.WaitGroup
	for range 256 {
		writers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && !b.Failed(); i = int(next.Add(1)) - 1 {
				if err := openIn(b.Context(), events, i, now); err != nil {
					b.Errorf("fill: %v", err)
				}
				if (i+1)%100_000 == 0 {
					progress("filling: %d of %d callbacks", i+1, n)
				}
			}
		})
	}
	writers.Wait()
	require.NoError(b, events.Durable(b.Context()))
	if b.Failed() {
		b.FailNow()
	}
	return readAlone(b, events.JetStream(), n)
}

// readAlone reads n events of the stream and does nothing with them.
func readAlone(b *testing.B, js jetstream.JetStream, n int) time.Duration {
	b.Helper()
	consumer, err := js.OrderedConsumer(b.Context(), subject.Callbacks, jetstream.OrderedConsumerConfig{})
	require.NoError(b, err)
	messages, err := consumer.Messages(jetstream.PullMaxMessages(4096))
	require.NoError(b, err)
	defer messages.Stop()
	began := time.Now()
	for range n {
		_, err := messages.Next(jetstream.NextMaxWait(time.Minute))
		require.NoError(b, err)
	}
	return time.Since(began)
}

// patient promises so much time that no promise is broken yet, of callbacks of
// whatever age: else a million deadlines would be worked off beside what is measured.
var patient = func() callback.Policy {
	p := callback.DefaultPolicy()
	p.FirstAttemptWithin = 90 * 24 * time.Hour
	return p
}()

// openIn stores the event that opens the i-th customer's callback, some time in the
// last two weeks; ages and sequences are in no relation.
func openIn(ctx context.Context, events *bus.Bus, i int, now time.Time) error {
	at := now.Add(-time.Duration(i*7919%1_209_600) * time.Second)
	k := key(i)
	e, err := patient.Decide(callback.NewAggregate(k), callback.TakeAlert{Alert: wire.Raised(raised(i, at))}, at)
	if err != nil {
		return err
	}
	m := wire.Event(e, "opened-"+k)
	body, err := proto.Marshal(m)
	if err != nil {
		return err
	}
	_, err = events.AppendAt(ctx, bus.Event{Subject: subject.Callback(subject.BucketOf(k), k), ID: m.GetEventId(), Body: m, Encoded: body}, 0)
	return err
}

func copyOf(b *testing.B, dir string) string {
	b.Helper()
	to := b.TempDir()
	require.NoError(b, os.CopyFS(to, os.DirFS(dir)))
	return to
}

// redisMemory is what Redis uses, in MB.
func redisMemory(b *testing.B, p *testkit.RedisProcess) float64 {
	b.Helper()
	info, err := p.Client(b).InfoMap(b.Context(), "memory").Result()
	require.NoError(b, err)
	var bytes float64
	_, err = fmt.Sscan(info["Memory"]["used_memory"], &bytes)
	require.NoError(b, err)
	return bytes / 1e6
}
