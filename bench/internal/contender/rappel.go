package contender

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"

	"github.com/rappel-loop/rappel/bench/internal/load"
	"github.com/rappel-loop/rappel/bench/internal/server"
)

// countEvery is how often the queue is asked how many callbacks wait.
const countEvery = 5 * time.Millisecond

// Rappel is `rappel run`, spoken to over gRPC as its users do. All senders and agents
// share one connection, which serves it as well as four, and better than one each.
type Rappel struct {
	server    *server.Rappel
	conn      *grpc.ClientConn
	collector collectorv1.CollectorServiceClient
	queue     callbackv1.CallbackServiceClient
	say       *load.Progress
	stored    int
}

// NewRappel starts the program at path.
func NewRappel(ctx context.Context, path string, say *load.Progress) (*Rappel, error) {
	s, err := server.StartRappel(ctx, path)
	if err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient(s.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("rappel: %w", err), s.Stop())
	}
	return &Rappel{
		server: s, conn: conn, say: say,
		collector: collectorv1.NewCollectorServiceClient(conn), queue: callbackv1.NewCallbackServiceClient(conn),
	}, nil
}

// Version is how it is run.
func (r *Rappel) Version() string {
	return "rappel run of this tree: event store on disk (synced before each answer), index in memory"
}

// send has an answer of a dissatisfied customer accepted: it is on disk then.
func (r *Rappel) send(ctx context.Context, series string, i int) error {
	_, err := r.collector.SubmitResponse(ctx, &collectorv1.SubmitResponseRequest{Response: newJob(series, i).response()})
	if err != nil {
		return fmt.Errorf("rappel: SubmitResponse: %w", err)
	}
	return nil
}

func (j job) response() *eventsv1.Response {
	return &eventsv1.Response{
		Id: j.Response, Survey: j.Survey, Channel: j.Channel,
		Customer: &eventsv1.Customer{Id: j.Customer.ID, Name: j.Customer.Name, Phone: j.Customer.Phone, Email: j.Customer.Email, Language: j.Customer.Language},
		Answers:  []*eventsv1.Answer{{Metric: eventsv1.Metric_NPS, Value: &j.Score}, {Verbatim: j.Verbatim}},
	}
}

// Enqueue submits answers; each is stored, scored and judged, and becomes a
// callback: four durable writes. It is ready when the queue counts every one.
func (r *Rappel) Enqueue(ctx context.Context, senders int, b load.Bound) (Enqueued, error) {
	sent := load.NewTally(b.Jobs)
	defer r.say.Watch("Rappel: accepted", b.Jobs, sent.Count)()
	start := time.Now()
	answered, err := load.Spread(ctx, senders, b, func(ctx context.Context, _, i int) error {
		defer sent.Add()
		return r.send(ctx, "work", i)
	})
	if err != nil {
		return Enqueued{}, err
	}
	r.stored = answered.Jobs
	err = load.Until(ctx, countEvery, b.For, func(ctx context.Context) (bool, error) {
		n, err := r.ready(ctx)
		return n >= r.stored, err
	})
	if err != nil {
		return Enqueued{}, fmt.Errorf("rappel: %d accepted answers become callbacks: %w", r.stored, err)
	}
	return Enqueued{Answered: answered, Ready: load.Done{Jobs: r.stored, Took: time.Since(start)}}, nil
}

// ready is how many callbacks could be claimed now.
func (r *Rappel) ready(ctx context.Context) (int, error) {
	stats, err := r.queue.GetQueueStats(ctx, &callbackv1.GetQueueStatsRequest{})
	if err != nil {
		return 0, fmt.Errorf("rappel: GetQueueStats: %w", err)
	}
	var n int64
	for _, q := range stats.GetQueues() {
		n += q.GetReady()
	}
	return int(n), nil
}

// CPU is the server's.
func (r *Rappel) CPU() (time.Duration, bool) { return r.server.CPU() }

// Stop ends the process and removes what it stored.
func (r *Rappel) Stop() error { return errors.Join(r.conn.Close(), r.server.Stop()) }
