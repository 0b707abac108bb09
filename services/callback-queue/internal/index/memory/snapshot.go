package memory

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/rappel-loop/rappel/services/callback-queue/internal/queue"
)

// ErrSnapshot says that a snapshot is not whole, or none of this form: the index is built
// from the stream instead.
var ErrSnapshot = errors.New("the snapshot of the index cannot be used")

// magic begins a snapshot. Another form of it needs another one.
const magic = "rappel callback index 1\n"

// Save writes what the index holds, so that Load begins with it in another process: not
// what is reserved at the moment. ranking names what ranks are made by. An index that is
// not whole has nothing to save: queue.ErrIndexIncomplete.
//
// The records are listed at one moment, and written while others change the index: each
// is what it was when it was listed, and never changes. Whatever is applied meanwhile is
// behind the checkpoint, and follows from the stream.
func (x *Index) Save(w io.Writer, ranking string) (queue.Checkpoint, error) {
	upTo, records, err := x.list()
	if err != nil {
		return upTo, err
	}
	slices.SortFunc(records, func(a, b *record) int { return a.key().Compare(b.key()) }) // they are read faster so
	sum := crc32.NewIEEE()
	out := &encoder{w: bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<20)}
	out.raw(magic)
	out.text(ranking)
	out.text(upTo.Incarnation)
	out.number(upTo.Seq)
	out.number(uint64(len(records)))
	for _, r := range records {
		out.record(r)
	}
	if err := out.flush(); err != nil {
		return upTo, fmt.Errorf("save the index: %w", err)
	}
	if _, err := w.Write(fmt.Appendf(nil, "%08x", sum.Sum32())); err != nil {
		return upTo, fmt.Errorf("save the index: %w", err)
	}
	return upTo, nil
}

// list is all there is at a moment, and up to where.
func (x *Index) list() (queue.Checkpoint, []*record, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.complete {
		return queue.Checkpoint{}, nil, fmt.Errorf("save the index: %w", queue.ErrIndexIncomplete)
	}
	records := make([]*record, 0, len(x.byID))
	for _, r := range x.byID {
		records = append(records, r)
	}
	return x.upTo, records, nil
}

// Load fills a new index with what Save wrote. It is not whole then: Resume says where in
// the stream it goes on. What is applied meanwhile counts. An error is ErrSnapshot, and
// leaves the index as new.
func (x *Index) Load(r io.Reader, ranking string) error {
	err := x.load(r, ranking)
	if err != nil {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.forget()
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	return nil
}

func (x *Index) load(r io.Reader, ranking string) error {
	in := &decoder{r: bufio.NewReaderSize(r, 1<<20)}
	if in.raw(len(magic)) != magic {
		return errors.Join(errors.New("it is of another form"), in.err)
	}
	if of := in.text(); of != ranking {
		return errors.Join(fmt.Errorf("it was ranked by %q", of), in.err)
	}
	upTo := queue.Checkpoint{Life: rand.Text(), Incarnation: in.text(), Seq: in.number()}
	count := in.number()
	batch := make([]queue.Entry, 0, loadBatch)
	for left := count; left > 0 && in.err == nil; {
		batch = batch[:0]
		for ; left > 0 && len(batch) < loadBatch && in.err == nil; left-- {
			batch = append(batch, in.entry())
		}
		if in.err == nil {
			x.takeIn(batch)
		}
	}
	sum := in.sum
	if got := in.raw(8); in.err != nil || got != fmt.Sprintf("%08x", sum) {
		return errors.Join(errors.New("its sum is wrong"), in.err)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.upTo, x.loaded = upTo, true
	return nil
}

// loadBatch is how many entries are loaded while others wait.
const loadBatch = 500

func (x *Index) takeIn(entries []queue.Entry) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for i := range entries {
		x.apply(&entries[i])
	}
}

// Len is how many entries there are.
func (x *Index) Len() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.byID)
}

// Resume implements queue.Resumer.
func (x *Index) Resume() (queue.Checkpoint, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	loaded := x.loaded
	x.loaded = false
	return x.upTo, loaded
}

// The fields of a record, in order; strings that many have in common are written once.
func (o *encoder) record(r *record) {
	o.text(r.id)
	if r.customerKey == customerIn(r.id) {
		o.text("")
	} else {
		o.text("=" + r.customerKey)
	}
	o.number(r.seq)
	o.number(uint64(r.state))
	o.shared(r.lane.name)
	o.shared(r.line.Value())
	agent := ""
	if r.desk != nil {
		agent = r.desk.agent
	}
	o.shared(agent)
	for _, n := range []int64{r.rank, r.firstDue, r.opened, r.ready, r.due, r.forget} {
		o.signed(n)
	}
	flags := uint64(r.sla) << 1
	if r.overdue {
		flags |= 1
	}
	o.number(flags)
}
