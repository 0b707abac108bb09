package store

import (
	"container/list"
	"sync"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// cacheBytes bounds the aggregates kept at hand, measured as they are stored;
// in memory they take about three times that. A stale one costs one refused
// commit, after which it is read again: the cache can be wrong, never harmful.
const cacheBytes = 32 << 20

// cache keeps the aggregates used last.
type cache struct {
	mu    sync.Mutex
	room  int
	order *list.List // newest first, of *kept
	byKey map[string]*list.Element
}

type kept struct {
	a     callback.Aggregate
	bytes int
}

func newCache(bytes int) *cache {
	return &cache{room: bytes, order: list.New(), byKey: make(map[string]*list.Element)}
}

func (c *cache) get(key string) (callback.Aggregate, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	el, ok := c.byKey[key]
	if !ok {
		return callback.Aggregate{}, false
	}
	c.order.MoveToFront(el)
	return el.Value.(*kept).a, true
}

// put keeps a, stored in so many bytes, unless a newer one is held; it returns
// the newer of the two.
func (c *cache) put(a callback.Aggregate, bytes int) callback.Aggregate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if el, ok := c.byKey[a.CustomerKey]; ok {
		c.order.MoveToFront(el)
		return c.replace(el, a, bytes)
	}
	c.byKey[a.CustomerKey] = c.order.PushFront(&kept{a: a, bytes: bytes})
	c.room -= bytes
	c.evict()
	return a
}

func (c *cache) replace(el *list.Element, a callback.Aggregate, bytes int) callback.Aggregate {
	k := el.Value.(*kept)
	if k.a.Seq < a.Seq {
		c.room += k.bytes - bytes
		k.a, k.bytes = a, bytes
		c.evict()
	}
	return k.a
}

// outdate forgets a customer of whom only something older than seq is held.
func (c *cache) outdate(key string, seq uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if el, ok := c.byKey[key]; ok && el.Value.(*kept).a.Seq < seq {
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

// evict makes room; the newest one stays, whatever its size.
func (c *cache) evict() {
	for c.room < 0 && c.order.Len() > 1 {
		c.remove(c.order.Back())
	}
}

func (c *cache) remove(el *list.Element) {
	k := c.order.Remove(el).(*kept)
	delete(c.byKey, k.a.CustomerKey)
	c.room += k.bytes
}
