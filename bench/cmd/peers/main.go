// Command peers compares Rappel with two well-known job queues in Go, doing the
// same work in the same run: hibiken/asynq on a real redis-server, and
// riverqueue/river on a real Postgres. It starts every server itself, on loopback,
// and ends it. bench/README.md says how it is made fair. Nothing in it asserts a
// speed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options are what the command line says.
type options struct {
	jobs    int
	rounds  int
	bound   time.Duration
	senders int
	agents  int
	rate    int
	latency time.Duration
	output  string
	only    []string
	rappel  string
	fsync   string
}

func main() {
	o, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		// A Ctrl-C ends the load; the servers are ended in order then.
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		err = run(ctx, o, os.Stdout, os.Stderr)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// everyone is what -only says when it says nothing.
var everyone = strings.ToLower(strings.Join(names, ","))

func parse(args []string, usage io.Writer) (options, error) {
	var o options
	var only string
	var seconds, latency int
	f := flag.NewFlagSet("peers", flag.ContinueOnError)
	f.SetOutput(usage)
	f.IntVar(&o.jobs, "n", 20_000, "how many jobs to store and work, at most")
	f.IntVar(&o.rounds, "rounds", 1, "how often each is measured, in turns; the table has the medians")
	f.IntVar(&seconds, "seconds", 30, "how many seconds storing may take, and working, each")
	f.IntVar(&o.senders, "senders", 64, "how many store jobs at once, each one at a time")
	f.IntVar(&o.agents, "agents", 128, "how many work at once (River: as many as suit it best)")
	f.IntVar(&o.rate, "rate", 50, "jobs a second while the way to a waiting worker is timed")
	f.IntVar(&latency, "latency-seconds", 11, "how long that is timed; the first second does not count")
	f.StringVar(&o.output, "o", "table", "table or json")
	f.StringVar(&only, "only", everyone, "whom to measure")
	f.StringVar(&o.rappel, "rappel", "bin/rappel", "the program to measure (make build)")
	f.StringVar(&o.fsync, "appendfsync", "everysec", "Redis' setting: everysec, always or no")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.bound, o.latency, o.only = time.Duration(seconds)*time.Second, time.Duration(latency)*time.Second, strings.Split(strings.ToLower(only), ",")
	return o, o.validate()
}

func (o options) validate() error {
	var errs []error
	for _, n := range []struct {
		flag    string
		n, most int
	}{
		{"n", o.jobs, 10_000_000},
		{"rounds", o.rounds, 100},
		{"seconds", int(o.bound.Seconds()), 3600},
		{"senders", o.senders, 1000},
		{"agents", o.agents, 1000},
		{"rate", o.rate, 10_000},
		{"latency-seconds", int(o.latency.Seconds()) - 1, 3600},
	} {
		if n.n < 1 || n.n > n.most {
			errs = append(errs, fmt.Errorf("-%s is out of range: at most %d", n.flag, n.most))
		}
	}
	if o.output != "table" && o.output != "json" {
		errs = append(errs, fmt.Errorf("-o is table or json, not %q", o.output))
	}
	if !slices.Contains([]string{"everysec", "always", "no"}, o.fsync) {
		errs = append(errs, fmt.Errorf("-appendfsync is everysec, always or no, not %q", o.fsync))
	}
	for _, name := range o.only {
		if !slices.Contains(strings.Split(everyone, ","), name) {
			errs = append(errs, fmt.Errorf("-only takes %s, not %q", everyone, name))
		}
	}
	return errors.Join(errs...)
}
