// Command bench prints the benchmark table: each row is measured in the same run
// as the raw thing, or the peer, that it is a ratio of. It runs the benchmarks of
// this repository, which can also be run one by one with `go test -bench`.
// Nothing in it asserts a speed.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"
)

// suite is one package's benchmarks and how long to run each.
type suite struct{ pkg, bench, time string }

var suites = []suite{
	{"./services/e2e/bench", "Ingest", "5s"},
	{"./services/e2e/bench", "Import", "100000x"},
	{"./services/scorer", "Score", "2s"},
	{"./services/scorer/internal/reading", "Read", "2s"},
	{"./services/alerting", "Alert|Figure", "2s"},
	{"./services/alerting", "Tell", "1x"},
	{"./services/callback-queue", "Claim", "40000x"},
	{"./services/callback-queue/internal/index/memory", "IndexClaim", "200000x"},
	{"./services/e2e/bench", "AnswerToCallback", "1x"},
	{"./services/e2e/bench", "AnswerToOffer", "1x"},
}

// row is one line of the table. Names are the benchmarks', without what `go
// test` adds; against is empty where there is nothing raw to compare with.
type row struct{ title, name, metric, against string }

var rows = []row{
	{"ingest: HTTP, one by one, 64 clients", "Ingest/collector_HTTP,_one_by_one", "answers/s", "Ingest/bare_net/http_and_a_raw_publish"},
	{"ingest: HTTP, batches of 100, 16 clients", "Ingest/collector_HTTP,_batches_of_100", "answers/s", "Ingest/raw_publish,_batches_of_100"},
	{"ingest: webhooks, signed, 64 clients, until they are responses", "Ingest/collector_webhook,_one_by_one,_until_it_is_a_response", "answers/s", "Ingest/bare_net/http_and_a_raw_publish"},
	{"ingest: a CSV file of 100,000 rows, until they are responses", "Import", "answers/s", "Ingest/raw_publish,_batches_of_100"},
	{"ingest: gRPC, one by one, 64 clients", "Ingest/collector_gRPC,_one_by_one", "answers/s", "Ingest/raw_publish,_one_by_one"},
	{"ingest: gRPC, one stream", "Ingest/collector_gRPC,_one_stream", "answers/s", "Ingest/raw_publish,_one_by_one"},
	{"scorer: decode, score, read a verbatim, encode, a core", "Score", "responses/s", ""},
	{"scorer: a verbatim of 150 bytes, whole analysis with model, a core", "Read", "verbatims/s", ""},
	{"alerting: a promoter, a core", "Alert/promoter", "responses/s", ""},
	{"alerting: a detractor, a core", "Alert/detractor", "responses/s", ""},
	{"alerting: the same by 10 rules, against the shipped 4", "Alert/detractor,_10_rules", "responses/s", "Alert/detractor"},
	{"alerting: the same by 100 rules", "Alert/detractor,_100_rules", "responses/s", "Alert/detractor"},
	{"alerting: the same by 1,000 rules", "Alert/detractor,_1000_rules", "responses/s", "Alert/detractor"},
	{"alerting: figures of 1 metric rule, a core", "Figure/1_metric_rules", "responses/s", ""},
	{"alerting: the same of 10", "Figure/10_metric_rules", "responses/s", "Figure/1_metric_rules"},
	{"alerting: the same of 100", "Figure/100_metric_rules", "responses/s", "Figure/1_metric_rules"},
	{"alerting: 10,000 groups due at once, decided, against as many events as large", "Tell/decided", "notifications/s", "Tell/raw"},
	{"alerting: the same, brought to one webhook", "Tell/brought", "notifications/s", "Tell/raw"},
	{"claim: memory, 1,000 ready", "Claim/memory/1000/queue/claims", "claims/s", "Claim/memory/1000/bare/claims"},
	{"claim: memory, 400,000 ready", "Claim/memory/400000/queue/claims", "claims/s", "Claim/memory/400000/bare/claims"},
	{"claim: Redis, 1,000 ready", "Claim/redis/1000/queue/claims", "claims/s", "Claim/redis/1000/bare/claims"},
	{"claim: Redis, 400,000 ready", "Claim/redis/400000/queue/claims", "claims/s", "Claim/redis/400000/bare/claims"},
	{"index in memory alone: reserve and take in, 1,000 ready", "IndexClaim/ready=1000/many", "claims/s", ""},
	{"index in memory alone: reserve and take in, 1,000,000 ready", "IndexClaim/ready=1000000/many", "claims/s", "IndexClaim/ready=1000/many"},
	{"answer to claimed callback, 200 answers/s", "AnswerToCallback", "p50-ms", ""},
	{"answer to an offer on an agent's stream, 200 answers/s", "AnswerToOffer/answer", "p50-ms", ""},
	{"open callback to an offer on an agent's stream", "AnswerToOffer/callback", "p50-ms", ""},
}

func main() {
	only := flag.String("only", "", "run only the benchmarks whose name matches")
	flag.Parse()
	if err := run(context.Background(), *only, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string, out, progress io.Writer) error {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	results := results{}
	var failed []error
	for _, s := range suites {
		if !wanted.MatchString(s.bench) {
			continue
		}
		if err := results.measure(ctx, s, progress); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(append(failed, results.print(out))...)
}

// results are the metrics of each benchmark, by its name.
type results map[string]map[string]float64

func (r results) measure(ctx context.Context, s suite, progress io.Writer) error {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", s.bench, "-benchtime", s.time, "-timeout", "30m", s.pkg)
	cmd.Stderr = progress
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	in := bufio.NewScanner(pipe)
	for in.Scan() {
		if name, metrics, ok := parse(in.Text()); ok {
			r[name] = metrics
			_, _ = fmt.Fprintln(progress, in.Text()) // long work shows that it moves
		}
	}
	if err := errors.Join(in.Err(), cmd.Wait()); err != nil {
		return fmt.Errorf("%s: %w; run it alone to see why: go test -run '^$' -bench %s %s", s.pkg, err, s.bench, s.pkg)
	}
	return nil
}

var procs = regexp.MustCompile(`-\d+$`)

// parse reads a line as BenchmarkX/y-2  100  12 ns/op  34 answers/s.
func parse(line string) (name string, metrics map[string]float64, ok bool) {
	f := strings.Fields(line)
	if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") {
		return "", nil, false
	}
	metrics = map[string]float64{}
	for i := 2; i+1 < len(f); i += 2 {
		v, err := strconv.ParseFloat(f[i], 64)
		if err != nil {
			return "", nil, false
		}
		metrics[f[i+1]] = v
	}
	return procs.ReplaceAllString(strings.TrimPrefix(f[0], "Benchmark"), ""), metrics, true
}

func (r results) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(w, "\tmeasured\traw, same run\tratio\tp50 ms\tp99 ms\t") // Flush tells
	for _, row := range rows {
		m, ok := r[row.name]
		if !ok {
			continue
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t\n",
			row.title, row.measured(m), r.raw(row), r.ratio(row), latency(m, "p50-ms"), latency(m, "p99-ms"))
	}
	return w.Flush()
}

func (row row) measured(m map[string]float64) string {
	if row.metric == "p50-ms" {
		return "" // it has its own column
	}
	return fmt.Sprintf("%.0f %s", m[row.metric], row.metric)
}

func (r results) raw(row row) string {
	raw, ok := r[row.against]
	if !ok {
		return ""
	}
	return fmt.Sprintf("%.0f", raw[row.metric])
}

func (r results) ratio(row row) string {
	raw, ok := r[row.against]
	if !ok || raw[row.metric] == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", r[row.name][row.metric]/raw[row.metric])
}

func latency(m map[string]float64, key string) string {
	v, ok := m[key]
	if !ok {
		return ""
	}
	return fmt.Sprintf("%.2f", v)
}
