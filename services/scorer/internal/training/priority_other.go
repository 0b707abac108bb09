//go:build !linux

package training

// lowPriority runs work: threads have no priorities here.
func lowPriority(work func() error) error { return work() }
