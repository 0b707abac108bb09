package replay

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/rappel-loop/rappel/services/internal/xlsxfile"
)

// source reads a file's rows.
type source interface {
	// next returns the next row, or io.EOF.
	next() (*row, error)
	// seek goes on at a row's end.
	seek(offset, line int64) error
	// start is where the first row begins.
	start() (offset, line int64)
	// rejects returns a writer of refused rows, in the file's own form or, where
	// that cannot be written row by row, as CSV.
	rejects(w io.Writer) rejectWriter
	// close lets go of what reading took beside the file.
	close() error
}

// rejectWriter writes refused rows so that a person can mend and replay them.
type rejectWriter interface {
	header() error
	write(o original, r RowResult) error
	flush() error
}

// headSize is how much of a file tells it from others.
const headSize = 64 << 10

// identity tells a file from others, and from itself after an edit.
type identity struct {
	// Size is what offsets are in: the file's, or of a workbook the sheet's.
	Size int64 `json:"size"`
	// Head is the hash of the file's beginning, or of a workbook the sheet's.
	Head []byte `json:"headSha256"`
	// Mapping is the hash of the mapping file; empty without one.
	Mapping []byte `json:"mappingSha256,omitempty"`
}

func (i identity) equal(o identity) bool {
	return i.Size == o.Size && bytes.Equal(i.Head, o.Head) && bytes.Equal(i.Mapping, o.Mapping)
}

// opened is a file ready to be read.
type opened struct {
	file   *os.File
	id     identity
	format Format
	source source
}

// open finds the format, reads the mapping, and checks one against the other.
func open(o Options) (*opened, error) {
	f, err := os.Open(o.File)
	if err != nil {
		return nil, err
	}
	out := &opened{file: f}
	if err := out.prepare(o); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return out, nil
}

func (p *opened) close() error { return errors.Join(p.source.close(), p.file.Close()) }

func (p *opened) prepare(o Options) error {
	info, err := p.file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", o.File)
	}
	head := make([]byte, headSize)
	n, err := io.ReadFull(p.file, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	head = head[:n]
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	sum := sha256.Sum256(head)
	p.id = identity{Size: info.Size(), Head: sum[:]}
	if p.format, err = detect(o, head); err != nil {
		return err
	}
	if (o.Mapping == "") != (p.format == JSONL) {
		return needsMapping(p.format)
	}
	switch p.format {
	case JSONL:
		p.source, err = newJSONL(p.file, p.id)
	case XLSX:
		p.source, err = newXLSX(p.file, o, &p.id)
	default:
		p.source, err = newCSV(p.file, o, &p.id)
	}
	return err
}

func needsMapping(f Format) error {
	what := "a CSV file"
	switch f {
	case JSONL:
		return errors.New("a mapping is for CSV and Excel; a JSONL file holds responses as they are")
	case XLSX:
		what = "an Excel workbook"
	default:
	}
	return errors.New(what + " needs a mapping that says what its columns become: --map FILE; docs/mappings.md shows how to write one")
}

// detect goes by a workbook's first bytes, whatever its name, then by the name,
// then by the first character.
func detect(o Options, head []byte) (Format, error) {
	if is := xlsxfile.Is(head); is != (o.Format == XLSX) {
		switch {
		case !is:
			return "", fmt.Errorf("%s is no Excel workbook; leave --format away", o.File)
		case o.Format == FormatAuto:
			return XLSX, nil
		default:
			return "", fmt.Errorf("%s is a workbook or an archive, not %s; leave --format away", o.File, o.Format)
		}
	}
	if o.Format != FormatAuto {
		return o.Format, nil
	}
	switch strings.ToLower(filepath.Ext(o.File)) {
	case ".csv", ".tsv":
		return CSV, nil
	case ".jsonl", ".ndjson":
		return JSONL, nil
	}
	first := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	switch {
	case bytes.HasPrefix(first, []byte("{")):
		return JSONL, nil
	case bytes.HasPrefix(first, []byte("[")):
		return "", fmt.Errorf("%s begins with a bracket: one response a line is read, not one list of them", o.File)
	case o.Mapping != "":
		return CSV, nil
	}
	return "", fmt.Errorf("%s: is it CSV or JSONL? say so with --format", o.File)
}
