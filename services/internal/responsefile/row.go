package responsefile

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// Row is one row of a file; blank ones are none. Exactly one of Response, Skip and Refuse
// says what it became.
type Row struct {
	// Line it begins on, from 1.
	Line int64
	// End is where the next row begins, for File.Resume, and EndLine the line.
	End, EndLine int64
	// Response it became; with an id, which is the same each time the file is read.
	Response *eventsv1.Response
	// Skip is why the mapping leaves the row out.
	Skip string
	// Refuse is why it is no response; it repeats nothing of the row.
	Refuse string

	cells  []string // as they stood, in a CSV or a workbook
	text   []byte   // as it stood, in JSON Lines
	origin func(field string) string
}

// Origin is where in the file a field of the response comes from: its columns, or where
// there are none the field itself.
func (r *Row) Origin(field string) string {
	if r.origin == nil {
		return field
	}
	return r.origin(field)
}

// Size is how many bytes the row takes as it stood.
func (r *Row) Size() int {
	n := len(r.text)
	for _, c := range r.cells {
		n += len(c)
	}
	return n
}

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// makeID gives a row without an id one that is the same each time the file is
// read, and another for every other file: of the file's identity, the line,
// and what stands there.
func makeID(f Identity, line int64, content ...string) string {
	h := sha256.New()
	h.Write(f.Head)
	var n [16]byte
	binary.BigEndian.PutUint64(n[:8], uint64(f.Size)) //nolint:gosec // a size is not negative
	binary.BigEndian.PutUint64(n[8:], uint64(line))   //nolint:gosec // nor is a line number
	h.Write(n[:])
	for _, c := range content {
		binary.BigEndian.PutUint64(n[:8], uint64(len(c)))
		h.Write(n[:8])
		h.Write([]byte(c))
	}
	return "f-" + idEncoding.EncodeToString(h.Sum(nil))[:26]
}
