//go:build !linux

package embednats

import (
	"errors"

	"github.com/rappel-loop/rappel/services/internal/bus"
)

// canSyncFS is false where one call cannot sync a file system and report its
// errors: the server then syncs each message.
const canSyncFS = false

func newSyncBarrier(string, chan<- error) (bus.Barrier, func(), error) {
	return nil, nil, errors.New("no syncfs on this system")
}
