//go:build unix

package embednats

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// lockWait is how long the directory's last holder may take to be gone: one that
// was just killed may still be dying, and a child it was starting holds its
// files for a moment.
const lockWait = time.Second

// lockDir takes the directory for this process; the kernel frees it however the
// process ends.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	retry := time.NewTicker(lockWait / 40)
	defer retry.Stop()
	for deadline := time.Now().Add(lockWait); ; <-retry.C {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) || time.Now().After(deadline) {
			return nil, errors.Join(fmt.Errorf("another process uses the data directory %s; stop it, or choose another with --data-dir: %w", dir, err), f.Close())
		}
	}
}
