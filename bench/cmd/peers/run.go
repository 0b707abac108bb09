package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/rappel-loop/rappel/bench/internal/load"
	"github.com/rappel-loop/rappel/bench/internal/report"
)

// errWhole indicates that a contender that could be started was not measured
// whole: the report says which, and why.
var errWhole = errors.New("not everything could be measured; the report says why")

// run measures one contender after the other, each alone, as many rounds as asked
// for, and prints the report.
func run(ctx context.Context, o options, out, progress io.Writer) error {
	r := report.Report{Setting: o.setting(), Notes: notes}
	say := load.NewProgress(progress)
	entries := o.entries()
	for round := range o.rounds {
		for _, e := range entries {
			if e.Why == "" { // what failed would fail again
				say.Say("%s: round %d of %d%s", e.Name, round+1, o.rounds, busy())
				e.round(ctx, o, say)
			}
		}
	}
	var failed error
	for i, e := range entries {
		e.Figures = report.Median(e.Rounds)
		if e.broken {
			failed = errWhole
		}
		if i > 0 {
			r.Peers = append(r.Peers, e.Column)
		}
	}
	r.Rappel = entries[0].Column
	r.Compare()
	if o.output == "json" {
		return errors.Join(r.JSON(out), failed)
	}
	return errors.Join(r.Table(out), failed)
}

// setting says where and how it was measured.
func (o options) setting() string {
	return fmt.Sprintf("%s %s/%s, %d cores%s, servers and load on one machine.\n"+
		"Rounds: %d (medians are shown). At most %d jobs and %s a load; %d senders, %d agents; latency at %d jobs/s for %s.",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), busy(), o.rounds, o.jobs, o.bound, o.senders, o.agents, o.rate, o.latency-time.Second)
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
	"Ratios are Rappel's figure divided by the peer's: for jobs/s more is better, for ms less is. Processor time is what is left " +
		"of a comparison on a machine that others use too.",
	"Enqueue is SubmitResponse of a detractor's answer, a customer each, over gRPC: stored, scored, judged and opened as a callback, " +
		"four durable writes; ready is when GetQueueStats counts every one. asynq: Enqueue; River: Insert, one at a time.",
	"Work is, for Rappel, ClaimCallback, StartAttempt, EndAttempt and CompleteCallback over gRPC, each a commit synced to disk before " +
		"its answer and kept as history; for the peers a handler in this process that does nothing, and their acknowledgement.",
	"In hand is, for the peers, their handler's begin; for Rappel an offer on the stream of an agent at work, a durable commit before it.",
	"Durable: Rappel and River answer after the disk has it; asynq at appendfsync everysec may lose the last second.",
}
