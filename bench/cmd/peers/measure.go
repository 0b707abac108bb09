package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/rappel-loop/rappel/bench/internal/contender"
	"github.com/rappel-loop/rappel/bench/internal/load"
	"github.com/rappel-loop/rappel/bench/internal/report"
	"github.com/rappel-loop/rappel/bench/internal/server"
)

// The contenders' names.
const (
	rappel = "Rappel"
	asynq  = "asynq"
	river  = "River"
)

// names are in the order in which they are measured.
var names = []string{rappel, asynq, river}

// entry is one contender's column while it is measured.
type entry struct {
	report.Column
	// broken says that it could be started, and was not measured whole.
	broken bool
}

func (o options) entries() []*entry {
	var out []*entry
	for _, name := range names {
		e := &entry{Column: report.Column{Name: name}}
		if !slices.Contains(o.only, strings.ToLower(name)) {
			e.Why = "not asked for (-only)"
		}
		out = append(out, e)
	}
	return out
}

// begin starts a contender's server.
func (o options) begin(ctx context.Context, name string, say *load.Progress) (contender.Contender, error) {
	connections := max(o.senders, o.agents)
	switch name {
	case asynq:
		return contender.NewAsynq(ctx, connections, o.fsync, say)
	case river:
		return contender.NewRiver(ctx, connections, say)
	default:
		return contender.NewRappel(ctx, o.rappel, say)
	}
}

// round measures one contender once more.
func (e *entry) round(ctx context.Context, o options, say *load.Progress) {
	f := report.Figures{}
	err := e.measure(ctx, o, say, f)
	if len(f) > 0 {
		e.Rounds = append(e.Rounds, f)
	}
	if err != nil {
		e.Why = err.Error()
		// A peer may be missing; what the peers are compared with may not.
		e.broken = e.Name == rappel || !errors.Is(err, server.ErrNotInstalled)
		say.Say("%s: %v", e.Name, err)
	}
}

// measure fills in the figures as far as it gets.
func (e *entry) measure(ctx context.Context, o options, say *load.Progress, f report.Figures) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	q, err := o.begin(ctx, e.Name, say)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Stop()) }()
	e.Version = q.Version()
	// The way to a waiting worker first: nothing else is stored yet.
	if err := e.deliver(ctx, o, q, say, f); err != nil {
		return err
	}
	bound := load.Bound{Jobs: o.jobs, For: o.bound}
	spent := countProcessors(q)
	stored, err := q.Enqueue(ctx, o.senders, bound)
	if err != nil {
		return err
	}
	spent(f, report.StoreCPU, stored.Ready.Jobs)
	f[report.Answered.ID] = stored.Answered.PerSecond()
	f[report.Ready.ID] = stored.Ready.PerSecond()
	say.Say("%s: %d stored: %.0f/s answered, %.0f/s ready", e.Name, stored.Ready.Jobs, stored.Answered.PerSecond(), stored.Ready.PerSecond())
	spent = countProcessors(q)
	worked, err := q.Work(ctx, o.agents, bound)
	if err != nil {
		return err
	}
	spent(f, report.WorkCPU, worked.Jobs)
	f[report.Worked.ID] = worked.PerSecond()
	f[report.Commits.ID] = worked.PerSecond() * float64(e.commits())
	say.Say("%s: %d worked, %.0f/s", e.Name, worked.Jobs, worked.PerSecond())
	return nil
}

// countProcessors begins to count processor time; what it returns ends that, and
// notes how much went to each job, where the system tells.
func countProcessors(q contender.Contender) (spent func(f report.Figures, m report.Measure, jobs int)) {
	server, know := q.CPU()
	own := ownCPU()
	return func(f report.Figures, m report.Measure, jobs int) {
		now, still := q.CPU()
		if know && still && jobs > 0 {
			f[m.ID] = ms(now-server+ownCPU()-own) / float64(jobs)
		}
	}
}

// ownCPU is how much processor time the load has used.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0 // it cannot fail with these arguments
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// commits is how often a contender decides something durably for one job worked.
func (e *entry) commits() int {
	if e.Name == rappel {
		return contender.CommitsPerJob
	}
	return 1
}

// deliver times the way to a waiting worker, with the polling that the contender
// comes with and with the shortest it can be set to. Rappel has none to set: it
// offers, and its one figure stands against both.
func (e *entry) deliver(ctx context.Context, o options, q contender.Contender, say *load.Progress, f report.Figures) error {
	offer := contender.Offer{PerSecond: o.rate, Jobs: o.rate * int(o.latency.Seconds())}
	shipped, err := timed(ctx, q, say, e.Name, offer, contender.Shipped)
	if err != nil {
		return err
	}
	f[report.P50.ID], f[report.P99.ID] = ms(shipped.Percentile(50)), ms(shipped.Percentile(99))
	shortest := shipped
	if e.Name != rappel {
		if shortest, err = timed(ctx, q, say, e.Name, offer, contender.Shortest); err != nil {
			return err
		}
	}
	f[report.FastP50.ID], f[report.FastP99.ID] = ms(shortest.Percentile(50)), ms(shortest.Percentile(99))
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
