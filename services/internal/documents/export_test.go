package documents

// Waiting is how many wait for what is stored.
func Waiting[E Event](t *Table[E]) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.waiters)
}
