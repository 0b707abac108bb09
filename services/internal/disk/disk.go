// Package disk holds what writing a file so that it survives a power cut needs
// beside the file itself.
package disk

import (
	"errors"
	"os"
)

// SyncDir makes what was made, linked or renamed in a directory survive a power
// cut.
func SyncDir(path string) error {
	d, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
