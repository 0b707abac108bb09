package replay

import (
	"strings"

	"google.golang.org/protobuf/encoding/protojson"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
)

// settleLocally gives a row that is not sent its result, and encodes one that
// is.
func (r *row) settleLocally() {
	r.result.Line = r.Line
	switch {
	case r.Refuse != "":
		r.refused(r.Refuse)
	case r.Skip != "":
		r.result.Outcome, r.result.Reason = Skipped, r.Skip
	default:
		r.result.Survey, r.result.ID = r.Response.GetSurvey(), r.Response.GetId()
		body, err := protojson.Marshal(r.Response)
		if err != nil {
			r.Response = nil
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
		parts[i] = r.Origin(f.GetField()) + ": " + f.GetDescription()
	}
	return strings.Join(parts, "; ")
}
