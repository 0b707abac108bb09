package imports

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"strings"

	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector/internal/access"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/collector/internal/journal"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/responsefile"
)

// Bounds of what a state says in words.
const (
	maxRefusals = 20
	maxReasons  = 50
)

// tally counts what came of a slice's rows.
type tally struct {
	*eventsv1.Import

	again   bool   // the rows may have been stored by a reading before
	before  uint64 // what is held from there on was stored since the first of them
	seen    map[[sha256.Size]byte]bool
	rejects responsefile.Rejects
}

// fold counts a slice and returns the rows that were refused, as a file has them. Of a
// slice that is read again, the first of each row that was not known before it counts as
// stored.
func fold(e *eventsv1.ImportEvent, f *responsefile.File, rows []*responsefile.Row, outcomes []ingest.Outcome, again bool) ([]byte, error) {
	var refused bytes.Buffer
	t := &tally{
		Import: e.GetImport(), again: again, before: e.GetResponsesBefore(), seen: map[[sha256.Size]byte]bool{}, rejects: f.Rejects(&refused),
	}
	before, first := t.GetRefused(), len(e.GetRejects()) == 0
	for _, row := range rows {
		t.Rows++
		var o ingest.Outcome
		if row.Response != nil {
			o, outcomes = outcomes[0], outcomes[1:]
		}
		reason := t.count(row, o)
		if reason == "" {
			continue
		}
		if first {
			first = false
			if err := t.rejects.Header(); err != nil {
				return nil, err
			}
		}
		if err := t.rejects.Write(row, reason); err != nil {
			return nil, err
		}
	}
	if t.GetRefused() == before {
		return nil, nil
	}
	err := t.rejects.Flush()
	return refused.Bytes(), err
}

// count returns the reason of a refusal.
func (t *tally) count(row *responsefile.Row, o ingest.Outcome) string {
	switch {
	case row.Refuse != "":
		return t.refuse(row, row.Refuse)
	case row.Skip != "":
		t.skip(row.Skip)
	case o.Err != nil:
		return t.refuse(row, explain(row, o.Err))
	case t.again && !t.ours(row, o.Result), !t.again && o.Result.Duplicate:
		t.Duplicates++
	default:
		t.Stored++
		if o.Result.Revision > 1 {
			t.Revised++
		}
	}
	return ""
}

func (t *tally) refuse(row *responsefile.Row, reason string) string {
	t.Refused++
	if len(t.GetRefusals()) < maxRefusals {
		t.Refusals = append(t.Refusals, &eventsv1.Import_Refusal{Line: row.Line, Reason: reason})
	}
	return reason
}

func (t *tally) skip(reason string) {
	t.Skipped++
	if t.SkippedBecause == nil {
		t.SkippedBecause = map[string]int64{}
	}
	if _, known := t.GetSkippedBecause()[reason]; known || len(t.GetSkippedBecause()) < maxReasons {
		t.SkippedBecause[reason]++
	}
}

// ours reports whether a row of a slice that is read again was stored by the slice: now, or
// by its first reading, whose echo a duplicate may be. The second of two identical rows is
// a duplicate all the same, and so is what was known before.
func (t *tally) ours(row *responsefile.Row, res ingest.Result) bool {
	if res.Duplicate && res.Held <= t.before {
		return false
	}
	text, err := proto.MarshalOptions{Deterministic: true}.Marshal(row.Response)
	sum := sha256.Sum256(text)
	first := err == nil && !t.seen[sum]
	t.seen[sum] = true
	return first || !res.Duplicate
}

// explain puts what is wrong with a response in terms of the file: of its columns, when it
// has any.
func explain(row *responsefile.Row, err error) string {
	var invalid *ingest.InvalidError
	var forbidden *ingest.ForbiddenError
	var found []response.Violation
	switch {
	case errors.As(err, &invalid):
		found = invalid.Violations
	case errors.As(err, &forbidden):
		found = forbidden.Violations
	}
	parts := make([]string, len(found))
	for i, v := range found {
		parts[i] = row.Origin(v.Path) + ": " + v.Problem
	}
	return strings.Join(parts, "; ")
}

// putRejects stores refused rows in parts of their own.
func (s *Service) putRejects(ctx context.Context, e *eventsv1.ImportEvent, rows []byte) error {
	for len(rows) > 0 {
		n := min(len(rows), partSize)
		seq, err := s.put(ctx, subject.ImportRejects(e.GetFile()), rows[:n])
		if err != nil {
			return err
		}
		e.Rejects, rows = append(e.Rejects, seq), rows[n:]
	}
	return nil
}

// Rejects are the refused rows of an import.
type Rejects struct {
	// Name of the file they are of, and the format they have.
	Name   string
	Format responsefile.Format

	s     *Service
	parts []uint64
	first []byte
}

// Rejects returns the rows of an import that were refused until now, as a file that can be
// mended and sent again: ErrUnknown, ErrExpired. There may be none.
func (s *Service) Rejects(ctx context.Context, c *access.Caller, id string) (*Rejects, error) {
	st, err := s.seen(ctx, c, id)
	if err != nil {
		return nil, err
	}
	out := &Rejects{Name: st.GetImport().GetName(), Format: responsefile.CSV, s: s, parts: st.GetRejects()}
	if f := responsefile.Format(st.GetImport().GetFormat()); f == responsefile.JSONL {
		out.Format = f
	}
	if len(out.parts) > 0 {
		out.first, err = out.part(ctx, 0) // the oldest: it expires first
	}
	return out, err
}

// Empty reports whether no row was refused.
func (r *Rejects) Empty() bool { return len(r.parts) == 0 }

// WriteTo writes the rows.
func (r *Rejects) WriteTo(ctx context.Context, w io.Writer) error {
	for i := range r.parts {
		part := r.first
		if i > 0 {
			var err error
			if part, err = r.part(ctx, i); err != nil {
				return err
			}
		}
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rejects) part(ctx context.Context, i int) ([]byte, error) {
	d, err := r.s.o.Bus.At(ctx, subject.ImportFiles, r.parts[i])
	if errors.Is(err, bus.ErrNotFound) {
		return nil, ErrExpired
	}
	if err != nil {
		return nil, journal.Translate(err)
	}
	return contentOf(d)
}
