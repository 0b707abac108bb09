package responsefile

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/rappel-loop/rappel/services/internal/xlsxfile"
)

// Format of a file.
type Format string

// The formats.
const (
	// FormatAuto goes by a workbook's first bytes, then by the file's name, then by
	// its first character.
	FormatAuto Format = ""
	// CSV has a row of column names first; it needs a mapping.
	CSV Format = "csv"
	// JSONL has one response of the API a line.
	JSONL Format = "jsonl"
	// XLSX is an Excel workbook: one sheet of it is read as a CSV is.
	XLSX Format = "xlsx"
)

// Why a file is not read.
var (
	// ErrNeedsMapping says that the file's columns mean nothing without a mapping.
	ErrNeedsMapping = errors.New("needs a mapping that says what its columns become")
	// ErrTakesNoMapping says that the file holds responses as they are.
	ErrTakesNoMapping = errors.New("a mapping is for CSV and Excel; a JSONL file holds responses as they are")
	// ErrFormat says that the file is not of the format it was said to be of.
	ErrFormat = errors.New("the format is another")
	// ErrUnknownFormat says that nothing tells the file's format.
	ErrUnknownFormat = errors.New("is it CSV or JSONL?")
)

func (f Format) name() string {
	if f == XLSX {
		return "an Excel workbook"
	}
	return "a CSV file"
}

// ParseFormat reads a format's name, as csv; an empty one is FormatAuto.
func ParseFormat(s string) (Format, error) {
	switch f := Format(s); f {
	case FormatAuto, CSV, JSONL, XLSX:
		return f, nil
	}
	return FormatAuto, fmt.Errorf("format %q: must be csv, xlsx or jsonl", s)
}

// detect goes by a workbook's first bytes, whatever its name, then by the name,
// then by the first character.
func detect(o Options, head []byte) (Format, error) {
	if is := xlsxfile.Is(head); is != (o.Format == XLSX) {
		switch {
		case !is:
			return "", fmt.Errorf("%w: it is no Excel workbook", ErrFormat)
		case o.Format == FormatAuto:
			return XLSX, nil
		default:
			return "", fmt.Errorf("%w: it is a workbook or an archive, not %s", ErrFormat, o.Format)
		}
	}
	if o.Format != FormatAuto {
		return o.Format, nil
	}
	switch strings.ToLower(filepath.Ext(o.Name)) {
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
		return "", fmt.Errorf("%w: it begins with a bracket, and one response a line is read, not one list of them", ErrFormat)
	case o.Mapping != nil:
		return CSV, nil
	}
	return "", ErrUnknownFormat
}
