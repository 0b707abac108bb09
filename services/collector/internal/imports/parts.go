package imports

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/nats-io/nats.go/jetstream"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/internal/bus"
)

// partSize is how many bytes a part has: few enough for any server, and a file of 1 GB
// has a thousand.
const partSize = 1 << 20

// mappingPart is the part that holds the mapping.
const mappingPart = "mapping"

func numbered(i int64) string { return strconv.FormatInt(i, 10) }

// errGone says that a part is no longer stored.
var errGone = errors.New("the file is no longer stored: it was kept for a while, and not read in time")

// put stores a part; it is durable once the bus says so of anything later.
func (s *Service) put(ctx context.Context, subj string, content []byte) (uint64, error) {
	r, err := s.o.Bus.Append(ctx, bus.Event{Subject: subj, ID: "part-" + rand.Text(), Body: &eventsv1.ImportPart{Content: content}})
	return r.Sequence, err
}

// get reads a part: errGone.
func (s *Service) get(ctx context.Context, file, part string) ([]byte, error) {
	subj := subject.ImportPart(file, part)
	d, err := s.o.Bus.Last(ctx, subj)
	if errors.Is(err, bus.ErrNotFound) { // or a replica has not heard of it yet
		d, err = s.o.Bus.Latest(ctx, subj)
	}
	if errors.Is(err, bus.ErrNotFound) {
		return nil, errGone
	}
	if err != nil {
		return nil, err
	}
	return contentOf(d)
}

func contentOf(d bus.Delivery) ([]byte, error) {
	p := &eventsv1.ImportPart{}
	err := d.Decode(p)
	return p.GetContent(), err
}

// forget deletes a file and its mapping.
func (s *Service) forget(ctx context.Context, file string) error {
	stream, err := s.o.Bus.JetStream().Stream(ctx, subject.ImportFiles)
	if err == nil {
		err = stream.Purge(ctx, jetstream.WithPurgeSubject(subject.ImportParts(file)))
	}
	if err != nil {
		return fmt.Errorf("%w: forget a file: %w", bus.ErrUnavailable, err)
	}
	return nil
}

// content reads a stored file. The parts it keeps are those read last: one to read on,
// one at the end, where a workbook has its directory.
type content struct {
	ctx  context.Context //nolint:containedctx // of the slice at work: io.ReaderAt has none
	get  func(ctx context.Context, part string) ([]byte, error)
	size int64 // of the file
	part int64 // of a part
	at   int64
	kept [4]struct {
		number int64 // from 1; 0 is none
		bytes  []byte
	}
	turn int
}

func (c *content) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) && off < c.size {
		part, err := c.fetch(off / c.part)
		if err != nil {
			return n, err
		}
		from := off % c.part
		if from >= int64(len(part)) {
			return n, fmt.Errorf("part %d has %d bytes: %w", off/c.part, len(part), io.ErrUnexpectedEOF)
		}
		copied := copy(p[n:], part[from:])
		n, off = n+copied, off+int64(copied)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (c *content) fetch(number int64) ([]byte, error) {
	for _, k := range c.kept {
		if k.number == number+1 {
			return k.bytes, nil
		}
	}
	part, err := c.get(c.ctx, numbered(number))
	if err != nil {
		return nil, err
	}
	k := &c.kept[c.turn]
	k.number, k.bytes = number+1, part
	c.turn = (c.turn + 1) % len(c.kept)
	return part, nil
}

func (c *content) Read(p []byte) (int, error) {
	n, err := c.ReadAt(p, c.at)
	c.at += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

func (c *content) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.at
	case io.SeekEnd:
		offset += c.size
	}
	if offset < 0 {
		return c.at, errors.New("seek before the beginning")
	}
	c.at = offset
	return offset, nil
}
