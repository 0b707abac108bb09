package rulebook

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/clock"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

// openStored puts the last version in force that can be used. One that was right when it
// was stored is wrong only for a program that knows better, or less: the one before is the
// next best, as it is for who follows.
func (b *Book) openStored(ctx context.Context) error {
	last, text, err := b.last(ctx)
	if errors.Is(err, ErrNoVersion) {
		return nil
	}
	if err == nil && b.take(last, text) {
		return nil
	}
	if err != nil && !bus.IsTerminal(err) {
		return err
	}
	page, err := b.page(ctx, 0, mostSought)
	if err != nil {
		return err
	}
	for _, v := range page {
		if b.take(v.Version, v.text) {
			return nil
		}
	}
	return fmt.Errorf("none of the last %d versions of the rules can be used; alerting.rules_file can name rules instead", len(page))
}

// followStored puts each version in force as it comes.
func (b *Book) followStored(ctx context.Context) error {
	for ctx.Err() == nil {
		err := b.deps.Bus.Follow(ctx, bus.FollowOptions{Stream: subject.Rules, LastOnly: true, Check: b.pace.check}, func(d bus.Delivery) error {
			b.bring(ctx, d)
			return nil
		}, nil)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the end was asked for: what it cut off is no failure
		}
		b.deps.Log.Warn("the rules are followed anew", zap.Error(err))
		_ = clock.Sleep(ctx, b.pace.retry) // the loop's condition says why it ended
	}
	return nil
}

// bring takes a version that following brought. One that was put here is known already;
// one with a lower number is an old one, unless the stream was put back to it.
func (b *Book) bring(ctx context.Context, d bus.Delivery) {
	v, text, err := read(d)
	if err != nil {
		b.deps.Log.Error("a version of the rules cannot be read and is left out", zap.Uint64(obs.Sequence, d.Sequence), zap.Error(err))
		return
	}
	now := b.Current().Version
	if v.Number == now.Number && v.SHA256 == now.SHA256 {
		return
	}
	if v.Number <= now.Number {
		if last, _, err := b.last(ctx); err != nil || last.Number != v.Number {
			return
		}
	}
	b.take(v, text)
}

// take puts a stored version in force and reports whether it can be used.
func (b *Book) take(v Version, text []byte) bool {
	set, err := rule.Load(fmt.Sprintf("version %d", v.Number), text, b.deps.Rules)
	if err != nil {
		b.refuse(fmt.Sprintf("version %d of the rules cannot be used", v.Number), err)
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.enforce(InForce{v, set})
	return true
}
