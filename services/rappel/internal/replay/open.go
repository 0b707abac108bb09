package replay

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/rappel-loop/rappel/services/internal/mapping"
	"github.com/rappel-loop/rappel/services/internal/responsefile"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
	"github.com/rappel-loop/rappel/services/internal/xlsxfile"
)

// opened is a file ready to be read.
type opened struct {
	*responsefile.File

	file *os.File
}

// open reads the mapping and the file's head, and checks one against the other.
func open(o Options) (*opened, error) {
	f, err := os.Open(o.File)
	if err != nil {
		return nil, err
	}
	read, err := read(f, o)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &opened{read, f}, nil
}

func (p *opened) close() error { return errors.Join(p.Close(), p.file.Close()) }

func read(f *os.File, o Options) (*responsefile.File, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", o.File)
	}
	as := responsefile.Options{Name: o.File, Format: o.Format}
	if o.Mapping != "" {
		if as.Mapping, as.MappingText, err = mapping.Load(o.Mapping); err != nil {
			return nil, explainMapping(err)
		}
	}
	read, err := responsefile.Open(f, info.Size(), as)
	if err != nil {
		return nil, explain(o, err)
	}
	return read, nil
}

// explainMapping puts what is wrong with the mapping below each other.
func explainMapping(err error) error {
	var refused *strictyaml.Error
	if errors.As(err, &refused) {
		return fmt.Errorf("the mapping does not fit:\n  %s", strings.Join(refused.Lines(), "\n  "))
	}
	return fmt.Errorf("the mapping: %w", err)
}

// explain says what to do about a file that is not read.
func explain(o Options, err error) error {
	var refused *strictyaml.Error
	var sheet *xlsxfile.SheetError
	switch {
	case errors.As(err, &refused):
		return explainMapping(err)
	case errors.Is(err, responsefile.ErrNeedsMapping):
		return fmt.Errorf("%w: --map FILE; docs/mappings.md shows how to write one", err)
	case errors.Is(err, responsefile.ErrTakesNoMapping):
		return err
	case errors.Is(err, responsefile.ErrUnknownFormat):
		return fmt.Errorf("%s: %w say so with --format", o.File, err)
	case errors.Is(err, responsefile.ErrFormat) && o.Format != responsefile.FormatAuto:
		return fmt.Errorf("%s: %w; leave --format away", o.File, err)
	case errors.As(err, &sheet):
		return fmt.Errorf("%s: %w; the mapping's file.sheet names it", o.File, err)
	}
	return fmt.Errorf("%s: %w", o.File, err)
}
