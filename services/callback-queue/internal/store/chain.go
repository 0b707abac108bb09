package store

import (
	"bytes"
	"crypto/sha256"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/internal/obs"
)

// chain checks that each customer's events are numbered without a gap and that
// each carries the hash of the one before. JetStream drops what it cannot read
// without a word; the chain is what notices. A history that was trimmed begins with an
// event that closed a callback, whatever its number.
type chain struct {
	log     *zap.Logger
	metrics *Metrics
	last    map[customer]link
	gaps    int
	// trimmed is the moment before which histories may be trimmed while they are read;
	// zero is never.
	trimmed time.Time
}

// customer stands for a customer's key, and link for their last event. Neither has
// pointers: of a million of them the garbage collector would look at each.
type customer [32]byte

type link struct {
	no   uint64
	hash [32]byte
}

// customerOf is the key itself, which has 26 characters, or else its hash.
func customerOf(key string) (c customer) {
	if len(key) > len(c) {
		return sha256.Sum256([]byte(key))
	}
	copy(c[:], key)
	return c
}

func newChain(log *zap.Logger, m *Metrics, trimmed time.Time) *chain {
	return &chain{log: log, metrics: m, last: map[customer]link{}, trimmed: trimmed}
}

// check takes the next event of a customer, stored at a moment, and its body; previous
// is the hash it carries of the one before.
func (c *chain) check(a callback.Aggregate, previous, body []byte, at time.Time) {
	whose := customerOf(a.CustomerKey)
	before := c.last[whose]
	c.last[whose] = link{no: a.EventNo, hash: sha256.Sum256(body)}
	whole := a.EventNo == before.no+1
	if whole && before.no > 0 {
		whole = bytes.Equal(previous, before.hash[:])
	}
	if whole || c.begins(a, before, at) {
		return
	}
	c.gaps++
	c.log.Error("a customer's history has a gap: events were lost from the store or changed in it; compare with a backup",
		zap.String(obs.CustomerKey, a.CustomerKey), zap.Uint64(obs.Sequence, a.Seq),
		zap.Uint64("event_no", a.EventNo), zap.Uint64("event_no_before", before.no))
}

// begins reports whether what is left of a trimmed history may begin with an event.
func (c *chain) begins(a callback.Aggregate, before link, at time.Time) bool {
	closes := a.Callback != nil && a.Callback.State.Terminal() && a.EventNo > before.no
	return closes && (before.no == 0 || at.Before(c.trimmed))
}

// report says what came of a whole reading.
func (c *chain) report() {
	c.metrics.gaps.Set(float64(c.gaps))
	c.log.Info("histories checked", zap.Int("customers", len(c.last)), zap.Int("gaps", c.gaps))
}
