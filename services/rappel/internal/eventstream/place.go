package eventstream

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// saveEvery is how often a place is written while events come fast: who is killed sees the
// events since then again.
const saveEvery = time.Second

// Place keeps a cursor in a file, for a script that is started again.
type Place struct {
	path        string
	cursor, put string // known, and written
	at          time.Time
}

// OpenPlace reads a file that need not be there yet. A path that is empty keeps nothing.
func OpenPlace(path string) (*Place, error) {
	p := &Place{path: path}
	if path == "" {
		return p, nil
	}
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the place of before: %w", err)
	}
	p.cursor = strings.TrimSpace(string(data))
	p.put = p.cursor
	return p, nil
}

// Cursor is where to go on; empty at the first start.
func (p *Place) Cursor() string { return p.cursor }

// Move notes that all up to a cursor was dealt with, and writes it now or soon.
func (p *Place) Move(cursor string, now time.Time) error {
	p.cursor = cursor
	if now.Sub(p.at) < saveEvery {
		return nil
	}
	p.at = now
	return p.Save()
}

// Save writes the cursor, whole or not at all.
func (p *Place) Save() error {
	if p.path == "" || p.cursor == p.put {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(p.path), ".rappel-feed-*")
	if err != nil {
		return fmt.Errorf("keep the place: %w", err)
	}
	_, err = f.WriteString(p.cursor + "\n")
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), p.path)
	}
	if err != nil {
		return fmt.Errorf("keep the place: %w", errors.Join(err, os.Remove(f.Name())))
	}
	p.put = p.cursor
	return nil
}
