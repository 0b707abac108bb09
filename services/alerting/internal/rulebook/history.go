package rulebook

import (
	"context"
	"errors"
	"strconv"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/alerting/internal/rule"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

// mostSought is how many versions are looked through for one by name.
const mostSought = 1000

// written is a version with its text.
type written struct {
	Version
	text []byte
}

// Versions lists the versions before a number, or all for 0, the latest first, and the
// number to ask those before with; 0 when there are none.
func (b *Book) Versions(ctx context.Context, before uint64, most int) (versions []Version, next uint64, err error) {
	page, err := b.page(ctx, before, most+1)
	if err != nil {
		return nil, 0, err
	}
	if len(page) > most {
		page = page[:most]
		next = page[most-1].Number
	}
	for _, w := range page {
		versions = append(versions, w.Version)
	}
	return versions, next, nil
}

// Version returns one by its number, or the latest of its name, with its text. It returns
// ErrNoVersion, or an error of the bus.
func (b *Book) Version(ctx context.Context, name string) (Version, string, error) {
	if number, err := strconv.ParseUint(name, 10, 64); err == nil && number > 0 {
		d, err := b.deps.Bus.At(ctx, subject.Rules, number)
		if err == nil {
			v, text, err := read(d)
			return v, string(text), err
		}
		if !errors.Is(err, bus.ErrNotFound) {
			return Version{}, "", err
		}
	}
	page, err := b.page(ctx, 0, mostSought)
	if err != nil {
		return Version{}, "", err
	}
	for _, w := range page {
		if w.Name == name {
			return w.Version, string(w.text), nil
		}
	}
	if shipped, err := rule.Load(rule.DefaultFile, rule.DefaultText, rule.Options{}); err == nil && shipped.Version == name {
		return Version{Name: name, SHA256: digest(rule.DefaultText)}, string(rule.DefaultText), nil
	}
	return Version{}, "", ErrNoVersion
}

// page reads versions backwards. The stream has one subject, so its sequences are theirs.
func (b *Book) page(ctx context.Context, before uint64, most int) ([]written, error) {
	if before == 0 {
		last, err := b.deps.Bus.Latest(ctx, subject.AllRules)
		if errors.Is(err, bus.ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		before = last.Sequence + 1
	}
	var page []written
	for seq := before - 1; seq > 0 && len(page) < most; seq-- {
		d, err := b.deps.Bus.At(ctx, subject.Rules, seq)
		if errors.Is(err, bus.ErrNotFound) {
			break // what was before is gone
		}
		if err != nil {
			return nil, err
		}
		v, text, err := read(d)
		if err != nil {
			b.deps.Log.Error("a version of the rules cannot be read and is left out", zap.Uint64(obs.Sequence, seq), zap.Error(err))
			continue
		}
		page = append(page, written{v, text})
	}
	return page, nil
}
