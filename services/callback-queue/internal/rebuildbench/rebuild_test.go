package rebuildbench

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rappel-loop/rappel/services/internal/testkit"
)

// What BenchmarkRebuild is told. `make bench-rebuild` tells it, and prints the table.
var (
	rebuildOpen    = flag.Int("open", 1_000_000, "BenchmarkRebuild: how many callbacks are open")
	rebuildFigures = flag.String("figures", "", "BenchmarkRebuild: the `file` that its figures go to, as JSON")
)

// fewOpen is the backlog that the large one is compared with.
const fewOpen = 1_000

// figure is one thing measured.
type figure struct {
	Shape string  `json:"shape"`
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

// rebuild is the measurement of one shape of the all-in-one: its index in memory,
// or in Redis.
type rebuild struct {
	*testing.B
	shape   string
	program string
	open    int
	redis   *testkit.RedisProcess // nil for an index in memory
	figures *[]figure
}

// BenchmarkRebuild measures the program as it is shipped with a large number of open
// callbacks: claim and complete beside the same with few, the start after kill -9 amid
// that work, and, where the index is in Redis, what a flush does to a running process.
// It runs once, whatever b.N.
func BenchmarkRebuild(b *testing.B) {
	open := *rebuildOpen
	if testing.Short() {
		open = 2 * fewOpen
	}
	program := buildAllInOne(b)
	full, few := b.TempDir(), b.TempDir()
	alone := fillDataDir(b, full, open)
	fillDataDir(b, few, fewOpen)
	var figures []figure
	for _, shape := range []string{"memory", "redis"} {
		b.Run(shape, func(b *testing.B) {
			r := rebuild{B: b, shape: shape, program: program, open: open, figures: &figures}
			r.took("the library alone reads the stream", alone)
			r.run(copyOf(b, full), copyOf(b, few))
		})
	}
	if *rebuildFigures != "" {
		text, err := json.Marshal(figures)
		require.NoError(b, err)
		require.NoError(b, os.WriteFile(*rebuildFigures, text, 0o600))
	}
}

func (r rebuild) run(full, few string) {
	if r.shape == "redis" {
		r.redis = testkit.RedisServer(r.B)
	}
	r.say("the first start")
	large := r.start(full, r.redis)
	r.report("first start", large.await(r.B))
	var smallRedis *testkit.RedisProcess
	if r.redis != nil {
		smallRedis = testkit.RedisServer(r.B)
	}
	small := r.start(few, smallRedis)
	small.await(r.B)
	many := r.compare(small, large)
	small.kill()

	r.say("kill -9 amid work, and a start")
	end := large.keepWorking(r.B, int(many.next.Load()))
	large.kill()
	end()
	large.launch(r.B)
	r.report("after kill -9", large.await(r.B))
	r.memory("after kill -9", large)
	if r.redis != nil {
		r.say("FLUSHALL")
		flushed := time.Now()
		require.NoError(r, r.redis.Client(r.B).FlushAll(r.Context()).Err())
		r.report("after FLUSHALL", large.watch(r.B, flushed).wait(r.B))
		r.memory("after FLUSHALL", large)
	}
	large.kill()
}

// compare has agents work on both in turn, so that what else the machine does is
// shared by both.
func (r rebuild) compare(small, large *program) (many *cycles) {
	r.say("claim and complete")
	each, rounds := 6*time.Second, 3
	if testing.Short() {
		each, rounds = 200*time.Millisecond, 1
	}
	few := newCycles(fewOpen)
	many = newCycles(r.open)
	for range rounds {
		small.work(r.B, few, each)
		large.work(r.B, many, each)
	}
	for _, of := range []struct {
		name string
		*cycles
	}{{fmt.Sprintf("%d open", fewOpen), few}, {fmt.Sprintf("%d open", r.open), many}} {
		r.add(of.name+": claimed and completed", of.rate(), "/s")
		r.add(of.name+": claim p50", ms(quantile(of.claims, 50)), "ms")
		r.add(of.name+": claim p99", ms(quantile(of.claims, 99)), "ms")
		r.add(of.name+": complete p50", ms(quantile(of.completes, 50)), "ms")
		r.add(of.name+": complete p99", ms(quantile(of.completes, 99)), "ms")
	}
	r.add("rate with many by rate with few", many.rate()/few.rate(), "")
	return many
}

// report says what a watch saw.
func (r rebuild) report(when string, s sight) {
	if s.alive > 0 {
		r.took(when+": /healthz", s.alive)
	}
	r.took(when+": a claim is answered", s.answered)
	r.took(when+": a claim gives a callback", s.claimed)
	r.took(when+": a claim with a request id gives a callback", s.claimedOnce)
	r.took(when+": /readyz", s.ready)
	r.took(when+": processor time until then", s.worked)
	for _, kind := range s.kinds() {
		r.add(when+": claims answered "+kind, float64(s.answers[kind]), "")
	}
	r.add(when+": slowest answer to a claim", ms(s.slowest), "ms")
}

// memory says what is used once it has settled, and what the most was.
func (r rebuild) memory(when string, p *program) {
	settle := 10 * time.Second
	if testing.Short() {
		settle = 0
	}
	select {
	case <-time.After(settle):
	case <-r.Context().Done():
	}
	peak, now := p.resident(r.B)
	r.add(when+": resident, most", peak, "MB")
	r.add(when+": resident, settled", now, "MB")
	if r.redis != nil {
		r.add(when+": Redis' used_memory", redisMemory(r.B, r.redis), "MB")
	}
}

func (r rebuild) took(name string, d time.Duration) { r.add(name, d.Seconds(), "s") }

func (r rebuild) add(name string, value float64, unit string) {
	*r.figures = append(*r.figures, figure{r.shape, name, value, unit})
	r.say(fmt.Sprintf("%s: %.4g %s", name, value, unit))
}

// say shows that it moves.
func (r rebuild) say(what string) { progress("%s: %s", r.shape, what) }

func progress(format string, arguments ...any) {
	if !testing.Short() {
		fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", arguments...)
	}
}

func ms(d time.Duration) float64 { return d.Seconds() * 1000 }
