package store

import (
	"bytes"
	"container/list"
	"sync"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// cacheBytes bounds the events kept at hand: some 300,000 customers' last ones. A
// claim of a callback that is not at hand asks the store for it, and that costs
// nearly as much as the claim's own commit. A stale one costs one refused commit,
// after which it is read again: the cache can be wrong, never harmful.
const cacheBytes = 256 << 20

// overhead is about what keeping an event takes beside its bytes and its key.
const overhead = 200

// hotEvents is how many of them are kept decoded as well.
const hotEvents = 4096

// cache keeps the last events of the customers used last, as they are stored:
// decoded they would take three times the room, and the garbage collector would
// have to look through them. Those read or stored last are decoded too.
type cache struct {
	mu    sync.Mutex
	room  int
	order *list.List // newest first, of *kept
	byKey map[string]*list.Element
	hot   [hotEvents]*kept // in a ring
	next  int              // the place in it that is given up next
}

// kept is one event. Nobody writes into what it points at.
type kept struct {
	key     string
	seq     uint64
	body    []byte
	decoded *callback.Aggregate // nil when it is not hot
}

func (k *kept) size() int { return len(k.body) + len(k.key) + overhead }

func newCache(bytes int) *cache {
	return &cache{room: bytes, order: list.New(), byKey: make(map[string]*list.Element)}
}

func (c *cache) get(key string) (kept, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	el, ok := c.byKey[key]
	if !ok {
		return kept{}, false
	}
	c.order.MoveToFront(el)
	return *el.Value.(*kept), true
}

// put keeps an event unless a newer one is held; it returns the newer of the two.
func (c *cache) put(k kept) kept {
	c.mu.Lock()
	defer c.mu.Unlock()
	el, held := c.byKey[k.key]
	if held && el.Value.(*kept).seq >= k.seq {
		c.order.MoveToFront(el)
		return *el.Value.(*kept)
	}
	if held {
		c.remove(el)
	}
	c.add(&k)
	for c.room < 0 && c.order.Len() > 1 { // the newest stays, whatever its size
		c.remove(c.order.Back())
	}
	return k
}

// heat keeps an event that is held decoded for a while.
func (c *cache) heat(key string, a *callback.Aggregate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	el, held := c.byKey[key]
	if !held || el.Value.(*kept).seq != a.Seq || el.Value.(*kept).decoded != nil {
		return
	}
	if cooled := c.hot[c.next]; cooled != nil {
		cooled.decoded = nil
	}
	k := el.Value.(*kept)
	k.decoded, c.hot[c.next] = a, k
	c.next = (c.next + 1) % hotEvents
}

// fill keeps a copy of an event if that pushes out no other.
func (c *cache) fill(k kept) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.room < k.size() {
		return
	}
	if _, held := c.byKey[k.key]; !held {
		k.body = bytes.Clone(k.body)
		c.add(&k)
	}
}

// outdate forgets a customer of whom only something older than seq is held.
func (c *cache) outdate(key string, seq uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if el, ok := c.byKey[key]; ok && el.Value.(*kept).seq < seq {
		c.remove(el)
	}
}

// drop forgets a customer.
func (c *cache) drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if el, ok := c.byKey[key]; ok {
		c.remove(el)
	}
}

func (c *cache) add(k *kept) {
	c.byKey[k.key] = c.order.PushFront(k)
	c.room -= k.size()
}

func (c *cache) remove(el *list.Element) {
	k := c.order.Remove(el).(*kept)
	delete(c.byKey, k.key)
	c.room += k.size()
}
