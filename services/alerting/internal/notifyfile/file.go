package notifyfile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/rappel-loop/rappel/services/alerting/internal/plan"
	"github.com/rappel-loop/rappel/services/internal/filewatch"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// Deps is what a File works with. All are required but Path.
type Deps struct {
	// Path is where it is; empty for none.
	Path string
	Log  *zap.Logger
	// Check says what of the file the service cannot use as it is configured; nil checks
	// nothing.
	Check func(s *Settings) []strictyaml.Problem
	// Every is how often it is looked at.
	Every time.Duration
	// Changed is told what is in force, when it begins to be, and its digest, 12 hexadecimal
	// digits, empty without a file. It must be quick.
	Changed func(s *Settings, digest string)
	// Refused is told that a file came and was wrong.
	Refused func()
}

// File is who is told in this process. Safe for concurrent use, but for Look.
type File struct {
	deps    Deps
	watcher *filewatch.Watcher
	current atomic.Pointer[Settings]
	taken   string // the digest of what is in force
}

// New reads the file. The error names everything that is wrong with it, with lines.
func New(d Deps) (*File, error) {
	d.Log = d.Log.Named("notify_file")
	f := &File{deps: d}
	if d.Path == "" {
		f.use(&Settings{Plan: &plan.Config{}}, "")
		return f, nil
	}
	f.watcher = filewatch.New(d.Every, f.told, filewatch.Set{Name: "notify_file", Files: []string{d.Path}, Take: f.take})
	text, err := readFile(d.Path)
	if err != nil {
		return nil, fmt.Errorf("notify_file: %w", err)
	}
	s, err := f.load(text)
	if err != nil {
		return nil, fmt.Errorf("the notify file is refused:\n%w", err)
	}
	f.use(s, digest(text))
	return f, nil
}

// Current is what is in force.
func (f *File) Current() *Settings { return f.current.Load() }

// Follow looks at the file until ctx ends.
func (f *File) Follow(ctx context.Context) error {
	if f.watcher != nil {
		f.watcher.Run(ctx)
		return nil
	}
	<-ctx.Done()
	return nil
}

// Look looks at the file once, and takes it when it has changed and stood still since the
// last look.
func (f *File) Look() {
	if f.watcher != nil {
		f.watcher.Look()
	}
}

// take puts the file in force, unless it is wrong.
func (f *File) take() error {
	text, err := readFile(f.deps.Path)
	if err != nil {
		return err
	}
	if digest(text) == f.taken {
		return nil // it is again as it was
	}
	s, err := f.load(text)
	if err != nil {
		return err
	}
	f.use(s, digest(text))
	f.deps.Log.Info("others are told from now on", zap.Int("receivers", len(s.Receivers)), zap.Int("routes", len(s.Plan.Routes)))
	return nil
}

// load reads a text, and checks what the service can use of it.
func (f *File) load(text []byte) (*Settings, error) {
	s, err := Load(f.deps.Path, text)
	if err != nil || f.deps.Check == nil {
		return s, err
	}
	return s, strictyaml.Refuse(f.deps.Path, f.deps.Check(s))
}

func (f *File) use(s *Settings, digest string) {
	f.taken = digest
	f.current.Store(s)
	f.deps.Changed(s, digest[:min(12, len(digest))])
}

// mostFaults is how many faults of one file are logged.
const mostFaults = 50

// told says why a file is not taken. It holds nobody's data and no secrets.
func (f *File) told(_ string, err error) {
	if err == nil {
		return
	}
	f.deps.Refused()
	var wrong *strictyaml.Error
	if !errors.As(err, &wrong) {
		f.deps.Log.Error("the notify file cannot be read; what was in force stays so", zap.Error(err))
		return
	}
	f.deps.Log.Error("the notify file is wrong; what was in force stays so", zap.Int("faults", len(wrong.Problems)+wrong.More))
	for i, line := range wrong.Lines() {
		if i == mostFaults {
			break
		}
		f.deps.Log.Error("a fault of the notify file", zap.String("fault", line))
	}
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names it
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxBytes+1))
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
