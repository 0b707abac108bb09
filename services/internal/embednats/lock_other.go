//go:build !unix

package embednats

import (
	"fmt"
	"os"
	"path/filepath"
)

// lockDir opens the lock file; this system's own sharing rules are what keeps a
// second process out.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	return f, nil
}
