package transport

import (
	"strings"

	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
	"github.com/rappel-loop/rappel/services/internal/strictjson"
)

// decodeOne reads a response. When its JSON is wrong, what is wrong with its
// meaning is named beside it.
func decodeOne(s *ingest.Service, data []byte) (*eventsv1.Response, []response.Violation) {
	r := &eventsv1.Response{}
	return r, all(s, r, strictjson.Decode(data, r, strictjson.Options{}))
}

// decodeRows reads a batch; the violations are the batch's own.
func decodeRows(s *ingest.Service, data []byte) ([]ingest.Row, []response.Violation) {
	var responses []*eventsv1.Response
	read, bad := strictjson.DecodeRows(data, strictjson.RowsOptions{
		Field: "responses", Max: MaxRows,
		New: func() proto.Message {
			r := &eventsv1.Response{}
			responses = append(responses, r)
			return r
		},
		Options: strictjson.Options{Limit: maxRowProblems},
	})
	if len(bad) > 0 {
		return nil, named(bad, "body")
	}
	rows := make([]ingest.Row, len(read))
	for i, row := range read {
		r := responses[i]
		rows[i] = ingest.Row{Response: r, Violations: all(s, r, row.Violations)}
	}
	return rows, nil
}

// maxRowProblems keeps the answer to a batch of nonsense in proportion.
const maxRowProblems = 20

// all adds to what is wrong with the JSON what is wrong with the rest.
func all(s *ingest.Service, r *eventsv1.Response, syntax []strictjson.Violation) []response.Violation {
	if len(syntax) == 0 {
		return nil
	}
	found := named(syntax, "body")
	for _, v := range syntax {
		if v.Path == "" {
			return found // the text as a whole: what was read of it says nothing
		}
	}
	for _, v := range s.Check(r) {
		if !covered(v.Path, syntax) {
			found = append(found, v)
		}
	}
	return found
}

func named(syntax []strictjson.Violation, whole string) []response.Violation {
	found := make([]response.Violation, len(syntax))
	for i, v := range syntax {
		if v.Path == "" {
			v.Path = whole
		}
		found[i] = response.Violation(v)
	}
	return found
}

// covered says that something wrong at path, above it or below it is known.
func covered(path string, syntax []strictjson.Violation) bool {
	for _, v := range syntax {
		if within(path, v.Path) || within(v.Path, path) {
			return true
		}
	}
	return false
}

// within says that path is outer or lies in it.
func within(path, outer string) bool {
	rest, ok := strings.CutPrefix(path, outer)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
