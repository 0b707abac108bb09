package imports

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	"github.com/rappel-loop/rappel/services/collector/internal/access"
	"github.com/rappel-loop/rappel/services/collector/internal/callkey"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/collector/internal/journal"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/mapping"
	"github.com/rappel-loop/rappel/services/internal/responsefile"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// maxName bounds a file's name, in characters.
const maxName = 200

// Upload is a file on its way. It ends with Finish or Abandon. Not safe for concurrent use.
type Upload struct {
	s       *Service
	file    string
	name    string
	format  responsefile.Format
	mapping []byte
	size    int64
	sum     hash.Hash
	given   bool // a file was
	wrong   []response.Violation
}

// Begin takes a new file; nothing is stored yet.
func (s *Service) Begin() *Upload {
	return &Upload{s: s, file: strings.ToLower(rand.Text()), sum: sha256.New()}
}

// Wrong notes that something about the upload is wrong: Finish will say so.
func (u *Upload) Wrong(field, problem string) {
	u.wrong = append(u.wrong, response.Violation{Path: field, Problem: problem})
}

// Format says what the file is; csv, xlsx or jsonl.
func (u *Upload) Format(name string) {
	f, err := responsefile.ParseFormat(name)
	if err != nil {
		u.Wrong("format", "must be csv, xlsx or jsonl")
	}
	u.format = f
}

// Mapping says what the file's columns become.
func (u *Upload) Mapping(text []byte) { u.mapping = text }

// File stores the file's bytes as they come. Errors are the reader's, ErrTooLarge, and
// ingest's ErrFull and ErrUnavailable.
func (u *Upload) File(ctx context.Context, name string, r io.Reader) error {
	if u.given {
		u.Wrong("file", "is given twice")
		return nil
	}
	u.given, u.name = true, printable(name)
	buf := make([]byte, partSize)
	for i, last := int64(0), false; !last; i++ {
		var part []byte
		var err error
		if part, last, err = readPart(r, buf); err != nil {
			return err
		}
		if u.size += int64(len(part)); u.size > u.s.o.MaxBytes {
			return ErrTooLarge
		}
		u.sum.Write(part)
		if len(part) == 0 {
			break
		}
		if _, err := u.s.put(ctx, subject.ImportPart(u.file, numbered(i)), part); err != nil {
			return journal.Translate(err)
		}
	}
	return nil
}

// readPart fills a part, or reads the last one: io.ReadFull would not tell the end of the
// file from a connection that broke.
func readPart(r io.Reader, buf []byte) (part []byte, last bool, err error) {
	n := 0
	for n < len(buf) && err == nil {
		var m int
		m, err = r.Read(buf[n:])
		n += m
	}
	if errors.Is(err, io.EOF) {
		return buf[:n], true, nil
	}
	return buf[:n], false, err
}

// printable is a name without what is none.
func printable(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, "\uFFFD"))
	if r := []rune(name); len(r) > maxName {
		name = string(r[:maxName])
	}
	return name
}

// Abandon deletes what was stored. What that leaves behind expires.
func (u *Upload) Abandon(ctx context.Context) {
	_ = u.s.forget(ctx, u.file) // the parts' age does it as well
}

// Finish checks the file's head against the mapping and stores the order to read it. With
// an idempotency key, the same file, mapping and format of the same sender are the import
// that there is already. Errors are an ingest.InvalidError that names all that is wrong,
// callkey.ErrReused, and ingest's ErrFull and ErrUnavailable; nothing is kept then.
func (u *Upload) Finish(ctx context.Context, c *access.Caller, key callkey.Key) (*eventsv1.Import, error) {
	e, err := u.order(ctx, c, key)
	if err == nil {
		err = u.s.commit(ctx, e, 0)
	}
	if err == nil {
		return e.GetImport(), nil
	}
	u.Abandon(ctx)
	if !errors.Is(err, bus.ErrConflict) {
		return nil, journal.Translate(err)
	}
	before, err := u.s.load(ctx, e.GetImport().GetId())
	switch {
	case err != nil:
		return nil, journal.Translate(err)
	case string(before.GetFingerprint()) != string(e.GetFingerprint()):
		return nil, callkey.ErrReused
	}
	return before.GetImport(), nil
}

// order is the import's first state.
func (u *Upload) order(ctx context.Context, c *access.Caller, key callkey.Key) (*eventsv1.ImportEvent, error) {
	if !u.given {
		u.Wrong("file", "is required")
	} else if u.size == 0 {
		u.Wrong("file", "is empty")
	}
	m, err := u.readMapping()
	if err != nil {
		return nil, err
	}
	if len(u.wrong) > 0 {
		return nil, &ingest.InvalidError{Violations: u.wrong}
	}
	grant := c.Grant()
	e := &eventsv1.ImportEvent{
		Import: &eventsv1.Import{
			Id: importID(key), State: eventsv1.Import_WAITING, Name: u.name, Size: u.size, Sha256: u.sum.Sum(nil),
			CreatedAt: timestamppb.New(u.s.o.Clock.Now()),
		},
		File: u.file, PartSize: partSize, Mapped: m != nil,
		KeyName: grant.KeyName, Surveys: grant.Surveys, Channels: grant.Channels,
	}
	if err := u.head(ctx, e, m); err != nil {
		return nil, err
	}
	sum := callkey.Digest(e.GetImport().GetSha256(), u.mapping, []byte(e.GetImport().GetFormat()))
	e.Fingerprint = sum[:]
	if m == nil {
		return e, nil
	}
	_, err = u.s.put(ctx, subject.ImportPart(u.file, mappingPart), u.mapping)
	return e, err
}

func (u *Upload) readMapping() (*mapping.Mapping, error) {
	if u.mapping == nil {
		return nil, nil //nolint:nilnil // no mapping is a way to send responses
	}
	m, err := mapping.Parse("mapping", u.mapping)
	var refused *strictyaml.Error
	if errors.As(err, &refused) {
		u.wrongMapping(refused)
		return nil, nil //nolint:nilnil // what is wrong is noted
	}
	return m, err
}

func (u *Upload) wrongMapping(refused *strictyaml.Error) {
	for _, p := range refused.Problems {
		u.Wrong("mapping", p.String())
	}
}

// head reads the file's: what is wrong with it is known before anything is promised.
func (u *Upload) head(ctx context.Context, e *eventsv1.ImportEvent, m *mapping.Mapping) error {
	r, err := u.s.read(ctx, e, responsefile.Options{Name: u.name, Format: u.format, Mapping: m, MappingText: u.mapping})
	if err != nil {
		return u.explain(err)
	}
	e.Import.Format, e.Import.ReadSize = string(r.file.Format()), r.file.Identity().Size
	e.Import.Read, e.Line = r.file.Start()
	return r.close()
}

// explain says what is wrong in terms of the upload's fields.
func (u *Upload) explain(err error) error {
	var refused *strictyaml.Error
	switch {
	case errors.Is(err, bus.ErrUnavailable), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.As(err, &refused):
		u.wrongMapping(refused)
	case errors.Is(err, responsefile.ErrNeedsMapping):
		u.Wrong("mapping", fmt.Sprintf("is required: %s", err))
	case errors.Is(err, responsefile.ErrTakesNoMapping):
		u.Wrong("mapping", err.Error())
	case errors.Is(err, responsefile.ErrUnknownFormat):
		u.Wrong("format", "is required: nothing tells what the file is")
	case errors.Is(err, responsefile.ErrFormat):
		u.Wrong("format", err.Error())
	default:
		u.Wrong("file", err.Error())
	}
	return &ingest.InvalidError{Violations: u.wrong}
}

// importID is one that nobody guesses, or the key's.
func importID(k callkey.Key) string {
	if k.IsSet() {
		return k.Token()
	}
	return strings.ToLower(rand.Text())
}
