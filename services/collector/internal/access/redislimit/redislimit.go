// Package redislimit keeps the buckets of limits in Redis, so that the collectors of a
// deployment share them: a script of redis_rate's (GCRA) for each question, on Redis's
// own clock.
//
// Safety. Keys begin with the deployment's prefix, as all others of it, and end by
// themselves once their bucket is full again.
package redislimit

import (
	"context"
	"math"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"

	"github.com/rappel-loop/rappel/services/collector/internal/access"
)

// Buckets are counted in grains of an answer, so that a rate need not be whole; and each
// holds a few grains more than its burst: the script reckons with times as floating-point
// numbers, by whose rounding a full bucket could refuse what it just holds.
const (
	grains = 1000
	slack  = grains / 10
)

// Limiter is access.Limiter in Redis.
type Limiter struct{ buckets *redis_rate.Limiter }

var _ access.Limiter = (*Limiter)(nil)

// New returns a limiter whose keys begin with prefix.
func New(client redis.UniversalClient, prefix string) *Limiter {
	return &Limiter{redis_rate.NewLimiter(prefixed{client, prefix + ":collector:"})}
}

// Take is the limiter's.
func (l *Limiter) Take(ctx context.Context, bucket string, limit access.Limit, n int) (time.Duration, error) {
	res, err := l.buckets.AllowN(ctx, bucket, redis_rate.Limit{
		Rate: int(math.Round(limit.Rate * grains)), Burst: limit.Burst*grains + slack, Period: time.Second,
	}, n*grains)
	if err != nil {
		return 0, err
	}
	if res.Allowed > 0 {
		return 0, nil
	}
	return max(1, res.RetryAfter), nil
}

// prefixed puts a prefix before the keys of scripts: the library has one of its own only.
type prefixed struct {
	redis.UniversalClient
	prefix string
}

// EvalSha runs a script that is there.
func (p prefixed) EvalSha(ctx context.Context, sha string, keys []string, args ...any) *redis.Cmd {
	return p.UniversalClient.EvalSha(ctx, sha, p.keys(keys), args...)
}

// Eval runs a script.
func (p prefixed) Eval(ctx context.Context, script string, keys []string, args ...any) *redis.Cmd {
	return p.UniversalClient.Eval(ctx, script, p.keys(keys), args...)
}

func (p prefixed) keys(keys []string) []string {
	all := make([]string, len(keys))
	for i, k := range keys {
		all[i] = p.prefix + k
	}
	return all
}
