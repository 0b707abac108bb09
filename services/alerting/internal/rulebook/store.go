package rulebook

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// Refusals of a change.
var (
	// ErrInFile says that a file decides which rules are in force.
	ErrInFile = errors.New("a file decides which rules are in force")
	// ErrChanged says that there was another version since the one that was named.
	ErrChanged = errors.New("the rules have changed since")
	// ErrContended says that others stored versions each time it was tried.
	ErrContended = errors.New("too many change the rules at once")
	// ErrNoVersion says that there is no such version.
	ErrNoVersion = errors.New("there is no such version")
)

// maxTries is how often a version that lost its compare-and-set is stored again.
const maxTries = 8

// Put puts rules in force, once they are on disk. A number, when there is one, is that of
// the last version that the caller knows. It returns a *strictyaml.Error, one of the
// refusals above, or an error of the bus.
func (b *Book) Put(ctx context.Context, text, by string, number *uint64) (Version, error) {
	if b.deps.File != "" {
		return Version{}, ErrInFile
	}
	set, err := b.Check(text)
	if err != nil {
		return Version{}, err
	}
	v, err := b.store(ctx, candidate{
		text: []byte(text), number: number,
		version: Version{Name: set.Version, SHA256: digest([]byte(text)), By: by, Origin: eventsv1.RulesStored_API},
	})
	if err != nil {
		return Version{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if v.Number > b.Current().Version.Number {
		b.enforce(InForce{v, set})
	}
	return v, nil
}

// candidate is a version to be stored.
type candidate struct {
	text    []byte
	version Version
	number  *uint64 // that the last version must have; nil for any
}

// store stores a version after the last one, unless that is the very same, and returns it
// as it is stored, on disk.
func (b *Book) store(ctx context.Context, c candidate) (Version, error) {
	for range maxTries {
		last, _, err := b.last(ctx)
		if err != nil && !errors.Is(err, ErrNoVersion) {
			return Version{}, err
		}
		if last.SHA256 == c.version.SHA256 {
			return last, b.deps.Bus.Durable(ctx) // somebody else's may not be on disk yet
		}
		if c.number != nil && *c.number != last.Number {
			return Version{}, ErrChanged
		}
		v, err := b.append(ctx, c, last.Number)
		if !errors.Is(err, bus.ErrConflict) {
			return v, err
		}
	}
	return Version{}, ErrContended
}

func (b *Book) append(ctx context.Context, c candidate, last uint64) (Version, error) {
	v := c.version
	v.At = b.deps.Clock.Now()
	id := fmt.Sprintf("rules-%d-%s", last, v.SHA256[:16])
	receipt, err := b.deps.Bus.PublishAt(ctx, bus.Event{Subject: subject.AllRules, ID: id, Body: &eventsv1.RulesStored{
		EventId: id, At: timestamppb.New(v.At), By: v.By, Origin: v.Origin, Version: v.Name, Sha256: v.SHA256, Text: c.text,
	}}, last)
	v.Number = receipt.Sequence
	return v, err
}

// last is the last version, as the stream's leader has it, with its text.
func (b *Book) last(ctx context.Context) (Version, []byte, error) {
	d, err := b.deps.Bus.Latest(ctx, subject.AllRules)
	if errors.Is(err, bus.ErrNotFound) {
		return Version{}, nil, ErrNoVersion
	}
	if err != nil {
		return Version{}, nil, err
	}
	return read(d)
}

func read(d bus.Delivery) (Version, []byte, error) {
	var e eventsv1.RulesStored
	if err := d.Decode(&e); err != nil {
		return Version{}, nil, err
	}
	return Version{
		Number: d.Sequence, Name: e.GetVersion(), SHA256: e.GetSha256(), At: e.GetAt().AsTime(), By: e.GetBy(), Origin: e.GetOrigin(),
	}, e.GetText(), nil
}
