// Package filewatch takes in files again when they change, in a process that runs on:
// keys, secrets, mappings.
//
// Authority. Files are read at an interval and known by a digest of what they hold, so
// that it does not matter how they are replaced: written in place, renamed, or behind a
// link that moves, as a mounted secret's does.
//
// Safety. What is found to differ is taken once it was the same two times in a row: a
// file that is being written is not taken halfway. Who takes it decides whether it is
// right; a refused one is not tried again until it changes.
package filewatch

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"time"

	"github.com/rappel-loop/rappel/services/internal/clock"
)

// Every is how often files are looked at, unless it is said.
const Every = 2 * time.Second

// maxFile bounds what is read of one file, in bytes: more is taken for the same.
const maxFile = 16 << 20

// Set is some files that are taken together.
type Set struct {
	// Name says what they hold.
	Name string
	// Files by path; one that is not there is as good as any other content.
	Files []string
	// Take reads them again, and keeps what it has when it returns an error.
	Take func() error
}

// Watcher looks at sets of files. It is made before they are read for the first time: what
// changes from then on is noticed. Not safe for concurrent use.
type Watcher struct {
	sets  []*watched
	every time.Duration
	// told gets what came of each take.
	told func(set string, err error)
}

type watched struct {
	Set
	taken, seen [sha256.Size]byte
}

// New returns a watcher that notes how the files are now. told is called with what came of
// each change.
func New(every time.Duration, told func(set string, err error), sets ...Set) *Watcher {
	w := &Watcher{every: every, told: told}
	for _, s := range sets {
		w.Add(s)
	}
	return w
}

// Add adds a set before Run.
func (w *Watcher) Add(s Set) {
	now := digest(s.Files)
	w.sets = append(w.sets, &watched{Set: s, taken: now, seen: now})
}

// Run looks until ctx ends.
func (w *Watcher) Run(ctx context.Context) {
	if len(w.sets) > 0 {
		clock.Every(ctx, w.every, w.Look)
	}
}

// Look looks once: what Run does at each turn.
func (w *Watcher) Look() {
	for _, s := range w.sets {
		now := digest(s.Files)
		settled := now == s.seen
		s.seen = now
		if !settled || now == s.taken {
			continue
		}
		s.taken = now
		w.told(s.Name, s.Take())
	}
}

// digest is of all files' contents; one that can't be read counts with why.
func digest(files []string) (sum [sha256.Size]byte) {
	all := sha256.New()
	for _, path := range files {
		one := sha256.New()
		if err := add(one, path); err != nil {
			_, _ = io.WriteString(one, "unreadable: ")
			if errors.Is(err, os.ErrNotExist) {
				_, _ = io.WriteString(one, "not there")
			}
		}
		_, _ = all.Write(one.Sum(nil))
	}
	all.Sum(sum[:0])
	return sum
}

func add(to io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(to, io.LimitReader(f, maxFile))
	return err
}
