package redisindex

import (
	"context"
	_ "embed" // the scripts
	"errors"

	"github.com/redis/go-redis/v9"
)

// The sources. KEYS, ARGV and returns stand above each script; prelude.lua says
// what all share, settle.lua what those share that know the time.
var (
	//go:embed prelude.lua
	preludeSource string
	//go:embed settle.lua
	settleSource string
	//go:embed advance.lua
	advanceSource string
	//go:embed apply.lua
	applySource string
	//go:embed asked.lua
	askedSource string
	//go:embed due.lua
	dueSource string
	//go:embed page.lua
	pageSource string
	//go:embed putoff.lua
	putOffSource string
	//go:embed quick.lua
	quickSource string
	//go:embed release.lua
	releaseSource string
	//go:embed reserve.lua
	reserveSource string
	//go:embed reset.lua
	resetSource string
	//go:embed tidy.lua
	tidySource string
	//go:embed pass.lua
	passSource string
	//go:embed stats.lua
	statsSource string
)

var (
	advanceScript = redis.NewScript(advanceSource)
	applyScript   = redis.NewScript(preludeSource + applySource)
	askedScript   = redis.NewScript(preludeSource + settleSource + askedSource)
	dueScript     = redis.NewScript(preludeSource + dueSource)
	pageScript    = redis.NewScript(preludeSource + pageSource)
	putOffScript  = redis.NewScript(preludeSource + putOffSource)
	releaseScript = redis.NewScript(preludeSource + settleSource + releaseSource)
	reserveScript = redis.NewScript(quickSource + preludeSource + settleSource + reserveSource)
	resetScript   = redis.NewScript(preludeSource + resetSource)
	passScript    = redis.NewScript(preludeSource + settleSource + passSource)
	tidyScript    = redis.NewScript(preludeSource + tidySource)
	statsScript   = redis.NewScript(preludeSource + statsSource)
)

// call is one script on one queue.
type call struct {
	script *redis.Script
	queue  string
	args   []any
	// before and after, if not nil, queue commands that go before and after it in the
	// same round trip.
	before, after func(redis.Pipeliner)
}

// callEach makes the same call on each queue.
func callEach(script *redis.Script, queues []string, args ...any) []call {
	calls := make([]call, len(queues))
	for i, name := range queues {
		calls[i] = call{script: script, queue: name, args: args}
	}
	return calls
}

// run makes the calls in one round trip and returns their replies in order. It
// sends bodies in a second one only to servers that don't have the scripts yet.
// On an error some calls may have been made.
func (x *Index) run(ctx context.Context, calls ...call) ([]*redis.Cmd, error) {
	replies := make([]*redis.Cmd, len(calls))
	all := make([]int, len(calls))
	for i := range all {
		all[i] = i
	}
	missing, err := x.send(ctx, calls, replies, all, (*redis.Script).EvalSha)
	if err != nil || len(missing) == 0 {
		return replies, err
	}
	_, err = x.send(ctx, calls, replies, missing, (*redis.Script).Eval)
	return replies, err
}

// evaluate is how a script is sent: by its hash or by its body.
type evaluate func(*redis.Script, context.Context, redis.Scripter, []string, ...any) *redis.Cmd

// send makes those calls that are numbered, and says which the server had no
// script for.
func (x *Index) send(ctx context.Context, calls []call, replies []*redis.Cmd, numbers []int, how evaluate) ([]int, error) {
	if len(numbers) == 0 {
		return nil, nil
	}
	pipe := x.client.Pipeline()
	for _, i := range numbers {
		if before := calls[i].before; before != nil {
			before(pipe)
		}
		replies[i] = how(calls[i].script, ctx, pipe, x.keys.queue(calls[i].queue), calls[i].args...)
		if after := calls[i].after; after != nil {
			after(pipe)
		}
	}
	if err := x.exec(ctx, pipe); err != nil {
		return nil, err
	}
	var missing []int
	for _, i := range numbers {
		switch err := replies[i].Err(); {
		case err == nil:
		case errors.Is(err, redis.ErrNoScript) || redis.HasErrorPrefix(err, "NOSCRIPT"):
			missing = append(missing, i)
		default:
			return nil, err
		}
	}
	return missing, nil
}

// maxShared is the most words that share a round trip with other callers': what
// is longer would keep those waiting.
const maxShared = 60

// exec sends what is queued on a pipeline. After nil each command has its own
// reply or error; after an error, which is ctx's, none may be looked at, and they
// may be carried out.
func (x *Index) exec(ctx context.Context, pipe redis.Pipeliner) error {
	words := 0
	for _, cmd := range pipe.Cmds() {
		words += len(cmd.Args())
	}
	if words > maxShared {
		return x.trip(ctx, pipe.Cmds())
	}
	return x.trips.join(ctx, pipe.Cmds())
}

// trip makes one round trip. Each command gets its own reply or error.
func (x *Index) trip(ctx context.Context, cmds []redis.Cmder) error {
	pipe := x.client.Pipeline()
	_ = pipe.BatchProcess(ctx, cmds...) // only queues
	_, _ = pipe.Exec(ctx)
	return nil
}
