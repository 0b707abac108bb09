package replay

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rappel-loop/rappel/services/internal/disk"
	"github.com/rappel-loop/rappel/services/internal/responsefile"
)

// stateVersion is what this program writes and reads.
const stateVersion = 1

// state is what an interrupted run leaves: how far the longest finished
// beginning of the file reaches, and what came of it.
type state struct {
	Version int                   `json:"version"`
	File    responsefile.Identity `json:"file"`
	Server  string                `json:"server"`
	// Offset and Line are where the first unfinished row begins.
	Offset int64 `json:"offset"`
	Line   int64 `json:"line"`
	// Dispatched is how far rows may have been sent without an answer.
	Dispatched     int64            `json:"dispatched"`
	Totals         Totals           `json:"totals"`
	SkippedBecause map[string]int64 `json:"skippedBecause,omitempty"`
	Refusals       []Refusal        `json:"refusals,omitempty"`
	// RejectsFile and how much of it belongs to the finished beginning.
	RejectsFile  string `json:"rejectsFile,omitempty"`
	RejectsBytes int64  `json:"rejectsBytes,omitempty"`
}

// Errors of resuming.
var (
	// ErrOtherFile says that the state is of another file, of this one before
	// an edit, or of another mapping or server.
	ErrOtherFile = errors.New("an interrupted run of another file, mapping or server left its state here")
	// ErrState says that the state cannot be read.
	ErrState = errors.New("the state of the interrupted run cannot be read")
)

// loadState returns nil when there is none.
func loadState(path string) (*state, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // no state is a state of things, not a failure
	}
	if err != nil {
		return nil, err
	}
	s := &state{}
	if err := json.Unmarshal(data, s); err != nil || s.Version != stateVersion {
		return nil, fmt.Errorf("%w (%s); begin again with --restart", ErrState, path)
	}
	return s, nil
}

// save replaces the file in one step: a kill, or a power cut, leaves the old one or the new
// one. The new one is on disk when it returns.
func (s *state) save(path string) error {
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	tmp := path + ".tmp"
	if err := writeSynced(tmp, data); err != nil {
		return fmt.Errorf("progress cannot be kept: %w; name another place with --state", err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return disk.SyncDir(filepath.Dir(path))
}

func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
