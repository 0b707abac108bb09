package access

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/internal/keyfile"
)

// Reason is why a call was refused.
type Reason string

// The reasons.
const (
	KeyRequired Reason = "KEY_REQUIRED"
	KeyUnknown  Reason = "KEY_UNKNOWN"
	KeyExpired  Reason = "KEY_EXPIRED"
	KeyScope    Reason = "KEY_SCOPE"
	RateLimited Reason = "RATE_LIMITED"
)

// Reasons are all of them.
var Reasons = [...]Reason{KeyRequired, KeyUnknown, KeyExpired, KeyScope, RateLimited}

// RefusedError says that a call is not taken.
type RefusedError struct {
	Reason Reason
	// Wait is how long until it would be, when the reason is RateLimited.
	Wait time.Duration
}

func (e *RefusedError) Error() string { return "the call is refused: " + string(e.Reason) }

// Options are what a Guard works with; all are required but for Keys and the limits.
type Options struct {
	// Keys that are taken; without any everybody may call.
	Keys []keyfile.Entry
	// PerAddress limits what comes from one address.
	PerAddress Limit
	// Hooks are the limits of the endpoints that sources call, by name.
	Hooks map[string]Limit
	// Limiter keeps the buckets.
	Limiter Limiter
	Clock   Clock
	Log     *zap.Logger
	// Count is told each refusal.
	Count func(Reason)
}

// Guard lets callers in. Safe for concurrent use.
type Guard struct {
	o    Options
	keys atomic.Pointer[map[keyfile.Hash]*key]
}

// New returns a guard.
func New(o Options) *Guard {
	g := &Guard{o: o}
	g.keys.Store(&map[keyfile.Hash]*key{})
	g.SetKeys(o.Keys)
	return g
}

// SetKeys has these keys taken from now on, and no others: a call that lasts is told so as
// well (Caller.Current), also where a key is still there and says something else. It is not
// called with none where there were some, which would let everybody in.
func (g *Guard) SetKeys(entries []keyfile.Entry) {
	old, keys := *g.keys.Load(), make(map[keyfile.Hash]*key, len(entries))
	for _, e := range entries {
		keys[e.Hash] = newKey(e)
		if same := old[e.Hash]; same != nil && reflect.DeepEqual(same.Entry, e) {
			keys[e.Hash] = same
		}
	}
	g.keys.Store(&keys)
}

// Admit lets a caller in, by the values of its Authorization and its address, and takes
// one answer from its limits; a RefusedError says why it doesn't. The address counts
// first: who guesses keys runs dry.
func (g *Guard) Admit(ctx context.Context, authorization []string, address string) (*Caller, error) {
	c := &Caller{guard: g, address: address}
	if err := g.AdmitAddress(ctx, address); err != nil {
		return nil, err
	}
	keys := *g.keys.Load()
	if len(keys) == 0 {
		return c, nil
	}
	var reason Reason
	if c.key, reason = find(keys, authorization); reason != "" {
		return nil, c.refused(&RefusedError{Reason: reason})
	}
	if err := c.Current(); err != nil {
		return nil, err
	}
	if err := c.take(ctx, c.key.bucket, c.key.limit, cost{rest: 1}); err != nil {
		return nil, err
	}
	return c, nil
}

// AdmitAddress lets in what needs no key, and takes one answer from the address's limit.
func (g *Guard) AdmitAddress(ctx context.Context, address string) error {
	c := &Caller{guard: g, address: address}
	return c.take(ctx, addressBucket(address), g.o.PerAddress, cost{rest: 1})
}

// AdmitHook lets in a genuine call to an endpoint, and takes one answer from its limit.
func (g *Guard) AdmitHook(ctx context.Context, endpoint string) error {
	c := &Caller{guard: g}
	return c.take(ctx, "hook:"+endpoint, g.o.Hooks[endpoint], cost{rest: 1})
}

// find looks a key up. Several values say nothing certain, so they are no known key.
func find(keys map[keyfile.Hash]*key, authorization []string) (*key, Reason) {
	if len(authorization) == 0 {
		return nil, KeyRequired
	}
	scheme, text, _ := strings.Cut(authorization[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return nil, KeyRequired
	}
	h, err := keyfile.Sum(strings.TrimSpace(text))
	k := keys[h]
	if err != nil || k == nil || len(authorization) > 1 {
		return nil, KeyUnknown
	}
	return k, ""
}

func addressBucket(address string) string { return "address:" + address }

// Caller is who was let in.
type Caller struct {
	guard   *Guard
	key     *key // nil where none is asked for
	address string
}

// Current is nil as long as the caller's key is taken, as it was when they came: a call may
// last.
func (c *Caller) Current() error {
	if c.key != nil && (*c.guard.keys.Load())[c.key.Hash] != c.key {
		return c.refused(&RefusedError{Reason: KeyUnknown})
	}
	if c.key == nil || c.key.NotAfter.IsZero() || !c.guard.o.Clock.Now().After(c.key.NotAfter) {
		return nil
	}
	return c.refused(&RefusedError{Reason: KeyExpired})
}

// Charge takes what a call of n answers costs beyond the one that it was let in for.
func (c *Caller) Charge(ctx context.Context, n int) error {
	return c.takeBoth(ctx, cost{rest: n - 1, door: 1})
}

// ChargeNext takes the cost of one more answer of a call that lasts.
func (c *Caller) ChargeNext(ctx context.Context) error { return c.takeBoth(ctx, cost{rest: 1}) }

// cost is what is taken now, and what was for the same call when it was let in.
type cost struct{ rest, door int }

func (c *Caller) takeBoth(ctx context.Context, n cost) error {
	if err := c.take(ctx, addressBucket(c.address), c.guard.o.PerAddress, n); err != nil || c.key == nil {
		return err
	}
	return c.take(ctx, c.key.bucket, c.key.limit, n)
}

// take takes from one bucket no more than it holds when it is full. Who is refused is let
// in again first: the wait is for what that costs, too.
func (c *Caller) take(ctx context.Context, bucket string, l Limit, n cost) error {
	rest := min(n.rest, l.Burst-n.door)
	if l.Rate == 0 || rest < 1 {
		return nil
	}
	wait, err := c.guard.o.Limiter.Take(ctx, bucket, l, rest)
	switch {
	case err != nil:
		return fmt.Errorf("limits: %w", err)
	case wait == 0:
		return nil
	}
	wait += time.Duration(float64(n.door) / l.Rate * float64(time.Second))
	return c.refused(&RefusedError{Reason: RateLimited, Wait: wait})
}

func (c *Caller) refused(e *RefusedError) error {
	c.guard.count(e.Reason, c.key)
	return e
}

func (g *Guard) count(reason Reason, k *key) {
	g.o.Count(reason)
	fields := []zap.Field{zap.String("reason", string(reason))}
	if k != nil {
		fields = append(fields, zap.String("key_name", k.Name))
	}
	g.o.Log.Debug("refused", fields...)
}
