package csvfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Defaults and bounds.
const (
	// DefaultMaxRecord bounds one record, in bytes.
	DefaultMaxRecord = 1 << 20
	// maxQuote is how much of a record that could not be read is kept.
	maxQuote = 1000
)

// Options say how a file is written.
type Options struct {
	// Delimiter parts the cells: one of , ; | or a tab; 0 finds out.
	Delimiter byte
	// Encoding of the letters; empty is Auto. A byte order mark wins over it.
	Encoding Encoding
	// MaxRecord bounds one record in bytes; 0 is DefaultMaxRecord.
	MaxRecord int
}

// Record is one row of the file.
type Record struct {
	// Line is the physical line it begins on; the file's first is 1.
	Line int64
	// End is the byte offset behind it; EndLine the line that begins there.
	End, EndLine int64
	// Cells are its cells as text; one cell, the beginning of what was read,
	// when there is a Problem.
	Cells []string
	// Problem says why the record could not be read; empty when it could.
	Problem string
}

// Blank reports whether every cell is empty: spreadsheets leave such rows
// behind.
func (r *Record) Blank() bool {
	for _, c := range r.Cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return r.Problem == ""
}

// Reader reads records. It is not safe for concurrent use.
type Reader struct {
	src    io.ReadSeeker
	o      Options
	buf    []byte // bytes read and not consumed
	eof    bool
	off    int64 // of buf[0] in the file
	line   int64 // of buf[0]
	cells  []span
	header []string
}

// New reads a file's head: its byte order mark, a spreadsheet's sep= line, and
// the header row. The error says what is wrong with them.
func New(src io.ReadSeeker, o Options) (*Reader, error) {
	if o.MaxRecord <= 0 {
		o.MaxRecord = DefaultMaxRecord
	}
	if o.Encoding == "" {
		o.Encoding = Auto
	}
	r := &Reader{src: src, o: o, line: 1}
	if err := r.fill(); err != nil {
		return nil, err
	}
	if isUTF16(r.buf) {
		return nil, ErrUTF16
	}
	if bytes.HasPrefix(r.buf, bom) {
		r.consume(len(bom))
		r.o.Encoding = UTF8
	}
	r.takeSepLine()
	if r.o.Delimiter == 0 {
		r.o.Delimiter = sniff(r.buf, r.eof)
	}
	return r, r.readHeader()
}

// Header is the file's first row, with the space around its cells removed.
func (r *Reader) Header() []string { return r.header }

// Delimiter is the one declared or found.
func (r *Reader) Delimiter() byte { return r.o.Delimiter }

// Offset is where the next record begins, and on which line.
func (r *Reader) Offset() (offset, line int64) { return r.off, r.line }

// SeekTo goes on at a Record's End and EndLine.
func (r *Reader) SeekTo(offset, line int64) error {
	if _, err := r.src.Seek(offset, io.SeekStart); err != nil {
		return err
	}
	r.buf, r.eof, r.off, r.line = r.buf[:0], false, offset, line
	return nil
}

// Next returns the next record, or io.EOF. Another error is the file's.
func (r *Reader) Next() (*Record, error) {
	for {
		if len(r.buf) == 0 && r.eof {
			return nil, io.EOF
		}
		cells, n, v := scan(r.buf, r.o.Delimiter, r.eof, r.cells)
		r.cells = cells
		switch {
		case v == whole && n > 0 && n <= r.o.MaxRecord+2:
			return r.take(cells, n), nil
		case v == misused:
			return r.damaged("text follows a closing quote; a quote inside a cell is written twice")
		case v == open:
			return r.damaged("a quote that opens on this line is never closed")
		case len(r.buf) > r.o.MaxRecord:
			return r.damaged(fmt.Sprintf("the row is longer than %d bytes, or a quote that opens on this line is not closed", r.o.MaxRecord))
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
}

// take consumes n bytes as a record of cells.
func (r *Reader) take(cells []span, n int) *Record {
	rec := &Record{Line: r.line}
	raw := make([][]byte, len(cells))
	for i, c := range cells {
		raw[i] = c.text(r.buf)
	}
	text, err := decode(raw, r.o.Encoding)
	switch {
	case err != nil:
		rec.Problem, rec.Cells = err.Error(), []string{excerpt(r.buf[:n])}
	case bytes.IndexByte(r.buf[:n], 0) >= 0:
		rec.Problem, rec.Cells = "holds a NUL character; is the file really a CSV text?", []string{excerpt(r.buf[:n])}
	default:
		rec.Cells = text
	}
	r.consume(n)
	rec.End, rec.EndLine = r.off, r.line
	return rec
}

// damaged gives up the physical line that the record begins on, and no more.
func (r *Reader) damaged(problem string) (*Record, error) {
	rec := &Record{Line: r.line, Problem: problem, Cells: []string{excerpt(r.buf)}}
	for {
		n := lineEnd(r.buf)
		// A \r at the very end may be the first half of \r\n.
		if n > 0 && (n < len(r.buf) || r.buf[n-1] == '\n' || r.eof) {
			r.consume(n)
			break
		}
		if r.eof {
			r.consume(len(r.buf))
			break
		}
		if n < 0 {
			r.consume(len(r.buf))
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
	rec.End, rec.EndLine = r.off, r.line
	return rec, nil
}

// consume drops n bytes from the front.
func (r *Reader) consume(n int) {
	r.line += countLines(r.buf[:n])
	r.off += int64(n)
	r.buf = r.buf[n:]
}

// fill reads more: as much as is there already, so that scanning a long record
// again after each fill stays linear.
func (r *Reader) fill() error {
	want := min(max(64<<10, len(r.buf)), r.o.MaxRecord+64<<10)
	if cap(r.buf)-len(r.buf) < want {
		grown := make([]byte, len(r.buf), len(r.buf)+2*want)
		copy(grown, r.buf)
		r.buf = grown
	}
	n, err := io.ReadFull(r.src, r.buf[len(r.buf):len(r.buf)+want])
	r.buf = r.buf[:len(r.buf)+n]
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		r.eof = true
		return nil
	default:
		return err
	}
}

// excerpt is the beginning of a line that could not be read, for a person.
func excerpt(b []byte) string {
	if n := lineEnd(b); n >= 0 {
		b = bytes.TrimRight(b[:n], "\r\n")
	}
	cut := len(b) > maxQuote
	if cut {
		b = b[:maxQuote]
	}
	s := strings.ReplaceAll(strings.ToValidUTF8(string(b), "\uFFFD"), "\x00", "\uFFFD")
	if cut {
		s += "…"
	}
	return s
}
