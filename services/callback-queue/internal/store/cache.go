package store

import (
	"container/list"
	"sync"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
)

// cacheSize bounds the aggregates kept at hand. A stale one costs one refused
// commit, after which it is read again: the cache can be wrong, never harmful.
const cacheSize = 16_384

// cache keeps the aggregates used last.
type cache struct {
	mu    sync.Mutex
	size  int
	order *list.List // newest first, of callback.Aggregate
	byKey map[string]*list.Element
}

func newCache(size int) *cache {
	return &cache{size: size, order: list.New(), byKey: make(map[string]*list.Element, size)}
}

func (c *cache) get(key string) (callback.Aggregate, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	el, ok := c.byKey[key]
	if !ok {
		return callback.Aggregate{}, false
	}
	c.order.MoveToFront(el)
	return el.Value.(callback.Aggregate), true
}

// put keeps a, unless a newer one is held.
func (c *cache) put(a callback.Aggregate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if el, ok := c.byKey[a.CustomerKey]; ok {
		if el.Value.(callback.Aggregate).Seq < a.Seq {
			el.Value = a
		}
		c.order.MoveToFront(el)
		return
	}
	c.byKey[a.CustomerKey] = c.order.PushFront(a)
	if c.order.Len() > c.size {
		oldest := c.order.Back()
		c.order.Remove(oldest)
		delete(c.byKey, oldest.Value.(callback.Aggregate).CustomerKey)
	}
}

// refresh replaces what is held by something newer, and adds nothing.
func (c *cache) refresh(a callback.Aggregate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if el, ok := c.byKey[a.CustomerKey]; ok && el.Value.(callback.Aggregate).Seq < a.Seq {
		el.Value = a
	}
}

func (c *cache) drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if el, ok := c.byKey[key]; ok {
		c.order.Remove(el)
		delete(c.byKey, key)
	}
}
