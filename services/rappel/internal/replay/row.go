package replay

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// row is one row of the file on its way.
type row struct {
	line         int64
	end, endLine int64 // where the next one begins
	resp         *eventsv1.Response
	content      []byte   // resp as JSON
	skip, refuse string   // why it is not sent
	original     original // for the rejects file
	origin       func(field string) string
	result       RowResult
	// sentBefore says that the answer to an earlier sending was lost.
	sentBefore bool
	// failures counts how often the server broke on the row.
	failures int
}

// original is a row as it stood in the file: cells of a CSV or a workbook, a line of a JSONL.
type original struct {
	cells []string
	line  []byte
}

func (r *row) toSend() bool { return r.resp != nil }

// key tells responses apart: the rows of one key keep their order.
func (r *row) key() string {
	return strings.TrimSpace(r.resp.GetSurvey()) + "\x00" + strings.TrimSpace(r.resp.GetId())
}

var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// makeID gives a row without an id one that is the same each time the file is
// played, and another for every other file: of the file's identity, the line,
// and what stands there.
func makeID(f identity, line int64, content ...string) string {
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
