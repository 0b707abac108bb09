package replay

import (
	"strings"

	"google.golang.org/protobuf/encoding/protojson"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
)

// settleLocally gives a row that is not sent its result, and encodes one that
// is.
func (r *row) settleLocally() {
	r.result.Line = r.line
	switch {
	case r.refuse != "":
		r.refused(r.refuse)
	case r.skip != "":
		r.result.Outcome, r.result.Reason = Skipped, r.skip
	default:
		r.result.Survey, r.result.ID = r.resp.GetSurvey(), r.resp.GetId()
		body, err := protojson.Marshal(r.resp)
		if err != nil {
			r.resp = nil
			r.refused("cannot be written as JSON")
			return
		}
		r.content = body
	}
}

func (r *row) refused(reason string) {
	r.result.Outcome, r.result.Reason = Refused, reason
}

func (r *row) stored(res *collectorv1.SubmitResult) {
	r.result.Outcome = Sent
	if res.GetDuplicate() {
		r.result.Outcome = Duplicate
	}
	r.result.Revision = res.GetRevision()
	if res.GetId() != "" {
		r.result.ID = res.GetId()
	}
}

// explain puts a row's error in terms of the file: of its columns, when it has
// any.
func (r *row) explain(e *collectorv1.RowError) string {
	if len(e.GetFields()) == 0 {
		if e.GetMessage() == "" {
			return e.GetCode()
		}
		return e.GetMessage()
	}
	parts := make([]string, len(e.GetFields()))
	for i, f := range e.GetFields() {
		where := f.GetField()
		if r.origin != nil {
			where = r.origin(where)
		}
		parts[i] = where + ": " + f.GetDescription()
	}
	return strings.Join(parts, "; ")
}

func (r *row) originalSize() int {
	n := len(r.original.line)
	for _, c := range r.original.cells {
		n += len(c)
	}
	return n
}
