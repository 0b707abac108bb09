package responsefile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// jsonlSource reads one response of the API a line.
type jsonlSource struct {
	file   io.ReadSeeker
	r      *bufio.Reader
	id     Identity
	offset int64
	line   int64 // of the next row
	first  int64
}

func newJSONL(f io.ReadSeeker, id Identity) (*jsonlSource, error) {
	s := &jsonlSource{file: f, r: bufio.NewReaderSize(f, 256<<10), id: id, line: 1}
	head, err := s.r.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if string(head) == "\xef\xbb\xbf" {
		s.first = 3
		_, err = s.r.Discard(3)
		s.offset = 3
		return s, err
	}
	return s, nil
}

func (s *jsonlSource) start() (int64, int64) { return s.first, 1 }
func (s *jsonlSource) close() error          { return nil }

func (s *jsonlSource) seek(offset, line int64) error {
	if _, err := s.file.Seek(offset, io.SeekStart); err != nil {
		return err
	}
	s.r.Reset(s.file)
	s.offset, s.line = offset, line
	return nil
}

func (s *jsonlSource) next() (*Row, error) {
	for {
		text, tooLong, err := s.readLine()
		if err != nil {
			return nil, err
		}
		r := &Row{Line: s.line, End: s.offset, EndLine: s.line + 1, text: text}
		s.line++
		if !tooLong && len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		if tooLong {
			r.Refuse = fmt.Sprintf("the line is longer than %d bytes", MaxRow)
			return r, nil
		}
		s.parse(r, text)
		return r, nil
	}
}

// readLine returns a line without its end; of one that is too long, the
// beginning.
func (s *jsonlSource) readLine() (text []byte, tooLong bool, err error) {
	const kept = 1000
	for {
		part, err := s.r.ReadSlice('\n')
		s.offset += int64(len(part))
		switch {
		case tooLong:
		case len(text)+len(part) > MaxRow+2:
			tooLong = true
			text = append(text, part[:min(len(part), kept)]...)[:kept]
		default:
			text = append(text, part...)
		}
		switch {
		case err == nil:
			return bytes.TrimRight(text, "\r\n"), tooLong, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(text) > 0:
			return bytes.TrimRight(text, "\r\n"), tooLong, nil
		default:
			return nil, false, err
		}
	}
}

func (s *jsonlSource) parse(r *Row, text []byte) {
	text = unwrap(r, text)
	resp := &eventsv1.Response{}
	if err := protojson.Unmarshal(text, resp); err != nil {
		r.Refuse = explainJSON(err)
		return
	}
	if strings.TrimSpace(resp.GetId()) == "" {
		resp.Id = makeID(s.id, r.Line, string(text))
	}
	r.Response = resp
}

// unwrap takes the row out of a line of a rejects file, so that such a file can
// be mended and played.
func unwrap(r *Row, text []byte) []byte {
	if !bytes.HasPrefix(text, []byte(`{"_line":`)) {
		return text
	}
	var w rejected
	if err := json.Unmarshal(text, &w); err != nil {
		return text
	}
	var asText string
	if json.Unmarshal(w.Row, &asText) == nil {
		w.Row = []byte(asText)
	}
	r.text = w.Row
	return w.Row
}

var (
	jsonPlace = regexp.MustCompile(` ?\(line 1:(\d+)\): `)
	// The fields whose value may be shown; the others may hold a person's data.
	jsonValue = regexp.MustCompile(`^(invalid value for .*field (?:metric|value|direction|submittedAt|min|max|callbackRequested|callback)): (.*)$`)
	jsonOther = regexp.MustCompile(`^(invalid value for [^:]*): .*$`)
	jsonToken = regexp.MustCompile(`^(syntax error.*|unexpected token|invalid value) .*$`)
)

// explainJSON says what is wrong with a line, without repeating what may be a
// customer's data.
func explainJSON(err error) string {
	msg := strings.ReplaceAll(err.Error(), "\u00a0", " ")
	place := ""
	if m := jsonPlace.FindStringSubmatch(msg); m != nil {
		place = " (column " + m[1] + ")"
		msg = strings.Replace(msg, m[0], " ", 1)
	}
	msg = strings.TrimSpace(strings.TrimPrefix(msg, "proto:"))
	switch {
	case jsonValue.MatchString(msg):
	case jsonOther.MatchString(msg):
		msg = jsonOther.ReplaceAllString(msg, "$1")
	case strings.HasPrefix(msg, "unknown field"), strings.HasPrefix(msg, "duplicate field"):
	case strings.HasPrefix(msg, "invalid google.protobuf.Timestamp value"):
		msg = "is no time as 2026-11-09T10:00:00+01:00"
	case strings.Contains(msg, "invalid UTF-8"):
		msg = "holds bytes that are not UTF-8"
	case jsonToken.MatchString(msg), strings.HasPrefix(msg, "unexpected token"):
		msg = "is not one JSON object"
	default:
		msg = "is not a response of the API in JSON"
	}
	return msg + place
}

func (s *jsonlSource) rejects(w io.Writer) Rejects { return &jsonlRejects{w: bufio.NewWriter(w)} }

// rejected is a line of a rejects file: the row as an object when it is one,
// else as the text it was.
type rejected struct {
	Line   int64           `json:"_line"`
	Reason string          `json:"_reason"`
	Row    json.RawMessage `json:"row"`
}

type jsonlRejects struct{ w *bufio.Writer }

func (j *jsonlRejects) Header() error { return nil }
func (j *jsonlRejects) Flush() error  { return j.w.Flush() }

func (j *jsonlRejects) Write(r *Row, reason string) error {
	rec := rejected{Line: r.Line, Reason: reason, Row: r.text}
	if !json.Valid(r.text) {
		text, err := json.Marshal(strings.ToValidUTF8(string(r.text), "\uFFFD"))
		if err != nil {
			return err
		}
		rec.Row = text
	}
	enc := json.NewEncoder(j.w)
	enc.SetEscapeHTML(false)
	return enc.Encode(rec)
}
