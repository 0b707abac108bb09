//go:build !linux

package server

import "syscall"

// attributes cannot tie a server's life to ours here: after a kill -9 of this
// program its servers are to be ended by hand.
func attributes(as *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: as}
}
