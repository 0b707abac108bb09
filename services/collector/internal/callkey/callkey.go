// Package callkey makes calls that name themselves repeatable: Idempotency-Key. What came
// with a key is noted before it is stored as responses, which take their ids from the key
// where they have none. So the same call finds its own responses again, whether it was
// answered or not, and another call under the same key is refused. Keys are forgotten
// after a day (stream CALL_KEYS); responses are known by their ids for longer.
package callkey

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector/internal/journal"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// ErrReused says that the key came with another call before.
var ErrReused = errors.New("this idempotency key was used for another call")

// Key is what a sender calls one call. The zero Key is none.
type Key struct {
	sum [sha256.Size]byte
	set bool
}

// New returns a sender's key; an empty text is none. Two senders' keys are never the same.
func New(sender, text string) Key {
	if text == "" {
		return Key{}
	}
	return Key{sum: Digest([]byte(sender), []byte(text)), set: true}
}

// IsSet reports whether it is a key.
func (k Key) IsSet() bool { return k.set }

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// ID is that of the i-th response of the call, of those without one of their own.
func (k Key) ID(i int) string {
	return "k-" + k.Token() + "-" + strconv.Itoa(i+1)
}

// Token names what the call makes, where that is one thing: 26 characters.
func (k Key) Token() string { return idEncoding.EncodeToString(k.sum[:])[:26] }

// Book is the stream of calls with keys.
type Book struct{ bus *bus.Bus }

// NewBook returns the book on a bus.
func NewBook(b *bus.Bus) *Book { return &Book{b} }

// Note stores what came with a key, or finds that it is known: ErrReused, and ingest's
// ErrFull and ErrUnavailable. It is durable once anything stored later is.
func (b *Book) Note(ctx context.Context, k Key, call string, body []byte) error {
	digest := Digest([]byte(call), body)
	// The event's id holds the digest: the very same one again is no conflict.
	id := "call-" + hex.EncodeToString(k.sum[:16]) + hex.EncodeToString(digest[:16])
	_, err := b.bus.AppendAt(ctx, bus.Event{
		Subject: subject.CallKey(hex.EncodeToString(k.sum[:])), ID: id, Body: &eventsv1.CallNoted{Digest: digest[:]},
	}, 0)
	if errors.Is(err, bus.ErrConflict) {
		return ErrReused
	}
	return journal.Translate(err)
}

// Digest is a hash of several texts.
func Digest(parts ...[]byte) [sha256.Size]byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p))))
		h.Write(p)
	}
	return [sha256.Size]byte(h.Sum(nil))
}
