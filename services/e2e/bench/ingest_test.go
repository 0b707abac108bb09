package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/config"
	"github.com/rappel-loop/rappel/services/internal/embednats"
	"github.com/rappel-loop/rappel/services/internal/host"
	"github.com/rappel-loop/rappel/services/internal/topology"
)

// clients is how many send at once.
const clients = 64

// process runs modules on an embedded, durable store, until the benchmark ends.
func process(b *testing.B, modules ...host.Module) *host.Process {
	b.Helper()
	p := host.NewProcess("bench", zap.NewNop(), clock.System{})
	all := append([]host.Module{embednats.Module(embednats.Config{Dir: b.TempDir()}, topology.Options{Replicas: 1})}, modules...)
	all = append(all, host.Listen(host.ListenConfig{HTTPAddr: "127.0.0.1:0", GRPCAddr: "127.0.0.1:0"}))
	require.NoError(b, p.Start(context.Background(), all...))
	b.Cleanup(func() { require.NoError(b, p.Stop()) })
	require.Eventually(b, func() bool { return len(p.RPC.Health().Ready()) == 0 }, 10*time.Second, time.Millisecond)
	return p
}

func collectorModule() host.Module {
	cfg := collector.DefaultConfig()
	cfg.Secret = "a secret of the benchmarks alone"
	return collector.Module(cfg, host.RedisConfig{})
}

// spread runs f b.N times from n goroutines and reports operations a second;
// weight is how many one f counts for.
func spread(b *testing.B, n, weight int, f func(worker, i int) error) float64 {
	b.Helper()
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	start := time.Now()
	for w := range n {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for {
				i := int(next.Add(1)) - 1
				if i >= b.N {
					return
				}
				if err := f(w, i); err != nil {
					b.Error(err)
					return
				}
			}
		}()
	}
	wg.Wait()
	b.StopTimer()
	rate := float64(b.N*weight) / time.Since(start).Seconds()
	b.ReportMetric(rate, "answers/s")
	return rate
}

// series makes the ids of each measurement its own.
var series atomic.Int64

// response is a typical answer: one metric, one verbatim, a known customer.
func response(i int) *eventsv1.Response {
	value := float64(i % 11)
	return &eventsv1.Response{
		Id: fmt.Sprintf("r-%d-%d", series.Load(), i), Survey: "apres-livraison", Channel: "email", Touchpoint: "delivery",
		Customer: &eventsv1.Customer{Id: fmt.Sprintf("C-%d", i), Name: "Camille Exemple", Phone: "+33639981234", Email: "camille@example.com", Language: "fr"},
		Answers: []*eventsv1.Answer{
			{Metric: eventsv1.Metric_NPS, Value: &value},
			{Verbatim: "Livré en retard, et personne au téléphone pour me dire où en était le colis."},
		},
	}
}

func responseJSON(i int) []byte {
	return fmt.Appendf(nil, `{"id":"r-%d-%d","survey":"apres-livraison","channel":"email","touchpoint":"delivery",`+
		`"customer":{"id":"C-%d","name":"Camille Exemple","phone":"+33639981234","email":"camille@example.com","language":"fr"},`+
		`"answers":[{"metric":"NPS","value":%d},{"verbatim":"Livré en retard, et personne au téléphone pour me dire où en était le colis."}]}`,
		series.Load(), i, i, i%11)
}

// raw is the library alone: bytes as long as the collector stores, ready made,
// published and waited for; then the same barrier.
type raw struct {
	js   jetstream.JetStream
	bus  *bus.Bus
	body []byte
}

func newRaw(b *testing.B, bs *bus.Bus) raw {
	b.Helper()
	body, err := proto.Marshal(&eventsv1.ResponseReceived{
		EventId: fmt.Sprintf("resp-%032d", 0), Revision: 1,
		CustomerKey: "abcdefghijklmnopqrstuvwxyz", Bucket: bucket(0), Response: response(0),
	})
	require.NoError(b, err)
	return raw{js: bs.JetStream(), bus: bs, body: body}
}

func (r raw) append(i int, body []byte) (jetstream.PubAckFuture, error) {
	return r.js.PublishMsgAsync(&nats.Msg{
		Subject: subject.Response("apres-livraison", bucket(i)), Data: body,
		Header: nats.Header{nats.MsgIdHdr: {fmt.Sprintf("resp-%d-%030d", series.Load(), i)}},
	})
}

// publish stores the i-th durably.
func (r raw) publish(ctx context.Context, i int, body []byte) error {
	f, err := r.append(i, body)
	if err != nil {
		return err
	}
	return r.durable(ctx, f)
}

// publishBatch stores n from the i-th on, with one wait for the barrier.
func (r raw) publishBatch(ctx context.Context, i, n int) error {
	futures := make([]jetstream.PubAckFuture, n)
	for k := range futures {
		var err error
		if futures[k], err = r.append(i+k, r.body); err != nil {
			return err
		}
	}
	return r.durable(ctx, futures...)
}

func (r raw) durable(ctx context.Context, futures ...jetstream.PubAckFuture) error {
	for _, f := range futures {
		select {
		case <-f.Ok():
		case err := <-f.Err():
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return r.bus.Durable(ctx)
}

func bucket(i int) string { return fmt.Sprintf("%03x", (i*2654435761)>>4&0xfff) }

func BenchmarkIngest(b *testing.B) {
	b.Run("raw publish, one by one", func(b *testing.B) {
		p := process(b)
		series.Add(1)
		lib := newRaw(b, p.Bus)
		spread(b, clients, 1, func(_, i int) error { return lib.publish(b.Context(), i, lib.body) })
	})
	b.Run("raw publish, batches of 100", func(b *testing.B) {
		p := process(b)
		series.Add(1)
		lib := newRaw(b, p.Bus)
		spread(b, 16, 100, func(_, i int) error { return lib.publishBatch(b.Context(), i*100, 100) })
	})
	b.Run("bare net/http and a raw publish", func(b *testing.B) {
		p := process(b)
		series.Add(1)
		addr := bareServer(b, newRaw(b, p.Bus))
		spread(b, clients, 1, func(_, i int) error { return postJSON("http://"+addr, responseJSON(i), http.StatusAccepted) })
	})
	b.Run("collector HTTP, one by one", func(b *testing.B) {
		p := process(b, collectorModule())
		series.Add(1)
		spread(b, clients, 1, func(_, i int) error {
			return postJSON("http://"+p.HTTPAddr+"/v1/responses", responseJSON(i), http.StatusAccepted)
		})
	})
	b.Run("collector HTTP, batches of 100", func(b *testing.B) {
		p := process(b, collectorModule())
		series.Add(1)
		spread(b, 16, 100, func(_, i int) error {
			return postJSON("http://"+p.HTTPAddr+"/v1/responses:batch", batchJSON(i*100, 100), http.StatusOK)
		})
	})
	b.Run("collector webhook, one by one, until it is a response", benchWebhook)
	b.Run("collector gRPC, one by one", func(b *testing.B) {
		p := process(b, collectorModule())
		series.Add(1)
		c := collectorv1.NewCollectorServiceClient(dial(b, p.GRPCAddr))
		spread(b, clients, 1, func(_, i int) error {
			_, err := c.SubmitResponse(b.Context(), &collectorv1.SubmitResponseRequest{Response: response(i)})
			return err
		})
	})
	b.Run("collector gRPC, one stream", func(b *testing.B) {
		p := process(b, collectorModule())
		series.Add(1)
		benchStream(b, collectorv1.NewCollectorServiceClient(dial(b, p.GRPCAddr)))
	})
}

const webhookSecret = "a secret of the benchmarks alone"

// benchWebhook sends signed calls that bring an answer each, and waits until all are
// responses.
func benchWebhook(b *testing.B) {
	dir := b.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(b, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	mapping := file("mapping.yaml", "survey: apres-livraison\nid: id\nchannel: email\nsubmittedAt: at\n"+
		"customer: {id: customer.id, name: customer.name, phone: customer.phone, email: customer.email}\n"+
		"answers:\n  - {metric: NPS, path: 'answers[?@.kind==\"nps\"].value'}\n  - verbatim: answers[?@.kind==\"text\"].value\n")
	var cfg struct {
		Collector collector.Config `koanf:"collector"`
	}
	cfg.Collector = collector.DefaultConfig()
	require.NoError(b, config.Load(&cfg, config.Sources{File: file("rappel.yaml", fmt.Sprintf(
		"collector:\n  secret: %s\n  hooks:\n    bench: {source: generic, secret: %q, mapping: %q}\n", webhookSecret, webhookSecret, mapping))}))
	p := process(b, collector.Module(cfg.Collector, host.RedisConfig{}))
	series.Add(1)
	url, run := "http://"+p.HTTPAddr+"/v1/hooks/generic/bench", series.Load()
	start := time.Now()
	spread(b, clients, 1, func(_, i int) error { return postSigned(url, run, i) })
	for {
		s, err := p.Bus.JetStream().Stream(b.Context(), subject.Responses)
		require.NoError(b, err)
		if s.CachedInfo().State.Msgs == uint64(b.N) {
			break
		}
		<-time.After(5 * time.Millisecond)
	}
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "answers/s")
}

func postSigned(url string, run int64, i int) error {
	now := time.Now()
	body := fmt.Appendf(nil, `{"id":"r-%d-%d","at":%q,"customer":{"id":"C-%d","name":"Camille Exemple","phone":"+33639981234","email":"camille@example.com"},`+
		`"answers":[{"kind":"nps","value":%d},{"kind":"text","value":"Livré en retard, et personne au téléphone pour me dire où en était le colis."}]}`,
		run, i, now.Format(time.RFC3339), i, i%11)
	id, at := fmt.Sprintf("m-%d-%d", run, i), strconv.FormatInt(now.Unix(), 10)
	m := hmac.New(sha256.New, []byte(webhookSecret))
	_, _ = fmt.Fprintf(m, "%s.%s.%s", id, at, body)
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Webhook-Id", id)
	req.Header.Set("Webhook-Timestamp", at)
	req.Header.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(m.Sum(nil)))
	return do(req, http.StatusOK)
}

// bareServer reads a body and stores it, and does nothing else.
func bareServer(b *testing.B, lib raw) string {
	b.Helper()
	var no atomic.Int64
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	srv := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = lib.publish(r.Context(), int(no.Add(1)), body)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	})}
	go func() { _ = srv.Serve(l) }()
	b.Cleanup(func() { _ = srv.Close() })
	return l.Addr().String()
}

var httpClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2 * clients}}

func postJSON(url string, body []byte, want int) error {
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	return do(req, want)
}

func do(req *http.Request, want int) error {
	resp, err := httpClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != want {
		return fmt.Errorf("HTTP %d: %s", resp.StatusCode, answer)
	}
	return nil
}

func batchJSON(from, n int) []byte {
	body := []byte(`{"responses":[`)
	for i := from; i < from+n; i++ {
		if i > from {
			body = append(body, ',')
		}
		body = append(body, responseJSON(i)...)
	}
	return append(body, "]}"...)
}

func dial(b *testing.B, addr string) *grpc.ClientConn {
	b.Helper()
	c, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(b, err)
	b.Cleanup(func() { _ = c.Close() })
	return c
}

// benchStream sends on one stream as fast as flow control allows.
func benchStream(b *testing.B, c collectorv1.CollectorServiceClient) {
	b.Helper()
	stream, err := c.StreamResponses(b.Context())
	require.NoError(b, err)
	b.ResetTimer()
	start := time.Now()
	sent := make(chan error, 1)
	go func() {
		for i := range b.N {
			if err := stream.Send(&collectorv1.StreamResponsesRequest{RequestNo: uint64(i), Response: response(i)}); err != nil {
				sent <- err
				return
			}
		}
		sent <- stream.CloseSend()
	}()
	for range b.N {
		m, err := stream.Recv()
		require.NoError(b, err)
		require.Nil(b, m.GetResult().GetError())
	}
	require.NoError(b, <-sent)
	b.StopTimer()
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "answers/s")
}
