package responsefile

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/rappel-loop/rappel/services/internal/mapping"
)

// MaxRow is the longest row that is read, in bytes; longer ones are refused.
const MaxRow = 1 << 20

// Content is a file's bytes, from the first.
type Content interface {
	io.ReadSeeker
	io.ReaderAt
}

// Options say what a file is.
type Options struct {
	// Name of the file, which may tell its format; it is not opened.
	Name string
	// Format of the file; FormatAuto finds it out.
	Format Format
	// Mapping says what columns become; for CSV and XLSX, which need one. MappingText is
	// what it was read from.
	Mapping     *mapping.Mapping
	MappingText []byte
}

// Identity tells a file from others, and from itself after an edit.
type Identity struct {
	// Size is what offsets are in: the file's, or of a workbook the sheet's.
	Size int64 `json:"size"`
	// Head is the hash of the file's beginning, or of a workbook the sheet's.
	Head []byte `json:"headSha256"`
	// Mapping is the hash of the mapping; empty without one.
	Mapping []byte `json:"mappingSha256,omitempty"`
}

// Equal reports whether both are of the same file and mapping.
func (i Identity) Equal(o Identity) bool {
	return i.Size == o.Size && bytes.Equal(i.Head, o.Head) && bytes.Equal(i.Mapping, o.Mapping)
}

// Rejects writes refused rows so that a person can mend them and have them read.
type Rejects interface {
	// Header begins a file; it is called once, before the first row.
	Header() error
	// Write adds a row with the reason why it was refused.
	Write(r *Row, reason string) error
	// Flush hands over what was written.
	Flush() error
}

// source reads the rows of one format.
type source interface {
	next() (*Row, error)
	seek(offset, line int64) error
	start() (offset, line int64)
	rejects(w io.Writer) Rejects
	close() error
}

// File reads a file's rows, one after the other. Not safe for concurrent use.
type File struct {
	source

	format Format
	id     Identity
}

// headSize is how much of a file tells it from others.
const headSize = 64 << 10

// Open finds the format of a file of size bytes, and checks its columns against the
// mapping. Errors are ErrNeedsMapping, ErrTakesNoMapping, ErrFormat, *strictyaml.Error, or
// say what is wrong with the file's head. Close must be called.
func Open(c Content, size int64, o Options) (*File, error) {
	head := make([]byte, headSize)
	n, err := c.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	head = head[:n]
	if _, err := c.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(head)
	f := &File{id: Identity{Size: size, Head: sum[:]}}
	if f.format, err = detect(o, head); err != nil {
		return nil, err
	}
	switch {
	case f.format == JSONL && o.Mapping != nil:
		return nil, ErrTakesNoMapping
	case f.format != JSONL && o.Mapping == nil:
		return nil, fmt.Errorf("%s %w", f.format.name(), ErrNeedsMapping)
	}
	if o.Mapping != nil {
		sum := sha256.Sum256(o.MappingText)
		f.id.Mapping = sum[:]
	}
	switch f.format {
	case JSONL:
		f.source, err = newJSONL(c, f.id)
	case XLSX:
		f.source, err = newXLSX(c, o.Mapping, &f.id)
	default:
		f.source, err = newCSV(c, o.Mapping, f.id)
	}
	return f, err
}

// Format is the one given, or found out.
func (f *File) Format() Format { return f.format }

// Identity tells the file from others.
func (f *File) Identity() Identity { return f.id }

// Next returns the next row, or io.EOF. Any other error is of reading, or of damage that
// leaves nothing to go on with.
func (f *File) Next() (*Row, error) { return f.next() }

// Resume goes on behind a row: at its End and EndLine.
func (f *File) Resume(offset, line int64) error { return f.seek(offset, line) }

// Start is where the first row begins.
func (f *File) Start() (offset, line int64) { return f.start() }

// Rejects returns a writer of refused rows, in the file's own form or, where that cannot
// be written row by row, as CSV.
func (f *File) Rejects(w io.Writer) Rejects { return f.rejects(w) }

// RejectsFormat is what Rejects writes.
func (f *File) RejectsFormat() Format {
	if f.format == XLSX {
		return CSV
	}
	return f.format
}

// Close lets go of what reading took beside the file.
func (f *File) Close() error { return f.close() }
