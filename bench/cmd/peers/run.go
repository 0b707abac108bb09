package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/rappel-loop/rappel/bench/internal/contender"
	"github.com/rappel-loop/rappel/bench/internal/load"
	"github.com/rappel-loop/rappel/bench/internal/report"
	"github.com/rappel-loop/rappel/bench/internal/server"
)

// names are the contenders', in the order in which they are measured.
var names = []string{"Rappel", "asynq", "River"}

// errWhole indicates that a contender that could be started was not measured
// whole: the report says which, and why.
var errWhole = errors.New("not everything could be measured; the report says why")

// run measures one contender after the other, each alone, and prints the report.
func run(ctx context.Context, o options, out, progress io.Writer) error {
	say := load.NewProgress(progress)
	r := report.Report{Setting: o.setting(), Notes: notes}
	columns := make([]report.Column, len(names))
	var failed error
	for i, name := range names {
		columns[i].Name = name
		if !slices.Contains(o.only, strings.ToLower(name)) {
			columns[i].Why = "not asked for (-only)"
			continue
		}
		err := measure(ctx, o, say, &columns[i])
		if err == nil {
			continue
		}
		columns[i].Why = err.Error()
		say.Say("%s: %v", name, err)
		if !errors.Is(err, server.ErrNotInstalled) {
			failed = errWhole
		}
	}
	r.Rappel, r.Peers = columns[0], columns[1:]
	r.Compare()
	if o.output == "json" {
		return errors.Join(r.JSON(out), failed)
	}
	return errors.Join(r.Table(out), failed)
}

// begin starts a contender's server.
func (o options) begin(ctx context.Context, name string, say *load.Progress) (contender.Contender, error) {
	connections := max(o.senders, o.agents)
	switch name {
	case "asynq":
		return contender.NewAsynq(ctx, connections, o.fsync, say)
	case "River":
		return contender.NewRiver(ctx, connections, say)
	default:
		return contender.NewRappel(ctx, o.rappel, say)
	}
}

// measure fills one contender's column as far as it gets.
func measure(ctx context.Context, o options, say *load.Progress, c *report.Column) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	say.Say("%s: start", c.Name)
	q, err := o.begin(ctx, c.Name, say)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Stop()) }()
	c.Version, c.Figures = q.Version(), report.Figures{}
	// The way to a waiting worker first: nothing else is stored yet.
	if err := o.deliver(ctx, q, say, c); err != nil {
		return err
	}
	bound := load.Bound{Jobs: o.jobs, For: o.bound}
	stored, err := q.Enqueue(ctx, o.senders, bound)
	if err != nil {
		return err
	}
	c.Figures[report.Answered.ID] = stored.Answered.PerSecond()
	c.Figures[report.Ready.ID] = stored.Ready.PerSecond()
	say.Say("%s: %d stored: %.0f/s answered, %.0f/s ready", c.Name, stored.Ready.Jobs, stored.Answered.PerSecond(), stored.Ready.PerSecond())
	worked, err := q.Work(ctx, o.agents, bound)
	if err != nil {
		return err
	}
	c.Figures[report.Worked.ID] = worked.PerSecond()
	c.Figures[report.Commits.ID] = worked.PerSecond() * float64(commits(c.Name))
	say.Say("%s: %d worked, %.0f/s", c.Name, worked.Jobs, worked.PerSecond())
	return nil
}

// commits is how often a contender decides something durably for one job worked.
func commits(name string) int {
	if name == names[0] {
		return contender.CommitsPerJob
	}
	return 1
}

// deliver times the way to a waiting worker, with the polling that the contender
// comes with and with the shortest it can be set to. Rappel has none to set: its
// agents ask all the time, and its one figure stands against both.
func (o options) deliver(ctx context.Context, q contender.Contender, say *load.Progress, c *report.Column) error {
	offer := contender.Offer{PerSecond: o.rate, Jobs: o.rate * int(o.latency.Seconds())}
	shipped, err := timed(ctx, q, say, c.Name, offer, contender.Shipped)
	if err != nil {
		return err
	}
	c.Figures[report.P50.ID], c.Figures[report.P99.ID] = ms(shipped.Percentile(50)), ms(shipped.Percentile(99))
	shortest := shipped
	if c.Name != names[0] {
		if shortest, err = timed(ctx, q, say, c.Name, offer, contender.Shortest); err != nil {
			return err
		}
	}
	c.Figures[report.FastP50.ID], c.Figures[report.FastP99.ID] = ms(shortest.Percentile(50)), ms(shortest.Percentile(99))
	return nil
}

func timed(ctx context.Context, q contender.Contender, say *load.Progress, name string, o contender.Offer, p contender.Polling) (load.Times, error) {
	t, err := q.Deliver(ctx, o, p)
	if err != nil {
		return nil, err
	}
	say.Say("%s: asked for to in hand, %s: p50 %.1f ms, p99 %.1f ms", name, p, ms(t.Percentile(50)), ms(t.Percentile(99)))
	return t, nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// setting says where and how it was measured.
func (o options) setting() string {
	return fmt.Sprintf("%s %s/%s, %d cores%s, servers and load on one machine.\n"+
		"At most %d jobs and %s a load; %d senders, %d agents; latency at %d jobs/s for %s.",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), busy(), o.jobs, o.bound, o.senders, o.agents, o.rate, o.latency-time.Second)
}

// busy says what the machine had to do before, where the system tells: figures of
// a busy machine are worth less.
func busy() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	minute, _, _ := strings.Cut(string(data), " ")
	return " (load average when it began: " + minute + ")"
}

// notes are printed with every report, so that no figure travels without them.
var notes = []string{
	"Ratios are Rappel's figure divided by the peer's: for jobs/s more is better, for ms less is.",
	"Enqueue is SubmitResponse of a detractor's answer, a customer each, over gRPC: stored, scored, judged and opened as a callback, " +
		"four durable writes; ready is when GetQueueStats counts every one. asynq: Enqueue; River: Insert, one at a time.",
	"Work is, for Rappel, ClaimCallback, StartAttempt, EndAttempt and CompleteCallback over gRPC, each a commit synced to disk before " +
		"its answer and kept as history; for the peers a handler in this process that does nothing, and their acknowledgement.",
	"In hand is, for the peers, their handler's begin; for Rappel a claim's answer to an agent asking all the time (each ms): a pull, not a push.",
	"Durable: Rappel and River answer after the disk has it; asynq at appendfsync everysec may lose the last second.",
}
