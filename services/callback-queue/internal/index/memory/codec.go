package memory

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strings"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/callback"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/index/order"
	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// maxText bounds a string of a snapshot: a damaged length must not ask for all memory.
const maxText = 1 << 16

var errText = errors.New("a text is too long")

// customerIn is the customer key in an id of the form `<customer_key>-<n>`.
func customerIn(id string) string { return id[:max(strings.LastIndexByte(id, '-'), 0)] }

// encoder writes a snapshot's fields; the first error is kept for flush.
type encoder struct {
	w     *bufio.Writer
	buf   [binary.MaxVarintLen64]byte
	known map[string]uint64
}

// A bufio.Writer keeps its first error, and returns it from Flush.
func (o *encoder) flush() error { return o.w.Flush() }

func (o *encoder) raw(s string) { _, _ = o.w.WriteString(s) }

func (o *encoder) number(n uint64) { _, _ = o.w.Write(o.buf[:binary.PutUvarint(o.buf[:], n)]) }

func (o *encoder) signed(n int64) { _, _ = o.w.Write(o.buf[:binary.PutVarint(o.buf[:], n)]) }

func (o *encoder) text(s string) {
	o.number(uint64(len(s)))
	o.raw(s)
}

// shared writes a string's number, and the string when it is its first time.
func (o *encoder) shared(s string) {
	if n, known := o.known[s]; known {
		o.number(n)
		return
	}
	if o.known == nil {
		o.known = make(map[string]uint64)
	}
	n := uint64(len(o.known))
	o.known[s] = n
	o.number(n)
	o.text(s)
}

// decoder reads what encoder wrote; after an error it reads nothing.
type decoder struct {
	r     *bufio.Reader
	sum   uint32 // of all that was read
	err   error
	known []string
	buf   []byte
}

// ReadByte makes it an io.ByteReader that sums up.
func (d *decoder) ReadByte() (byte, error) {
	b, err := d.r.ReadByte()
	if err == nil {
		d.sum = crc32.Update(d.sum, crc32.IEEETable, []byte{b})
	}
	return b, err
}

func (d *decoder) raw(size int) string {
	if d.err != nil {
		return ""
	}
	if cap(d.buf) < size {
		d.buf = make([]byte, size)
	}
	b := d.buf[:size]
	if _, d.err = io.ReadFull(d.r, b); d.err != nil {
		return ""
	}
	d.sum = crc32.Update(d.sum, crc32.IEEETable, b)
	return string(b)
}

func (d *decoder) number() (n uint64) {
	if d.err == nil {
		n, d.err = binary.ReadUvarint(d)
	}
	return n
}

func (d *decoder) signed() (n int64) {
	if d.err == nil {
		n, d.err = binary.ReadVarint(d)
	}
	return n
}

func (d *decoder) text() string {
	size := d.number()
	if d.err == nil && size > maxText {
		d.err = errText
	}
	return d.raw(int(size & (2*maxText - 1)))
}

func (d *decoder) shared() string {
	n := d.number()
	switch {
	case d.err != nil:
		return ""
	case n < uint64(len(d.known)):
		return d.known[n]
	default:
		d.known = append(d.known, d.text())
		return d.known[len(d.known)-1]
	}
}

// entry reads a record.
func (d *decoder) entry() queue.Entry {
	e := queue.Entry{ID: d.text()}
	key, other := strings.CutPrefix(d.text(), "=")
	if !other {
		key = customerIn(e.ID)
	}
	e.CustomerKey = key
	e.Seq, e.State = d.number(), callback.State(d.number())
	e.Queue, e.Line, e.Agent = d.shared(), d.shared(), d.shared()
	e.Rank, e.FirstDue = d.signed(), order.Time(d.signed())
	e.OpenedAt, e.ReadyAt = order.Time(d.signed()), order.Time(d.signed())
	e.DueAt, e.ForgetAt = order.Time(d.signed()), order.Time(d.signed())
	flags := d.number()
	e.SLA, e.Overdue = callback.SLAState(flags>>1), flags&1 == 1
	return e
}
