//go:build !linux

package server

import "time"

// CPU cannot be told here.
func (s *process) CPU() (time.Duration, bool) { return 0, false }
