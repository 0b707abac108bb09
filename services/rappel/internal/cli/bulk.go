package cli

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	callbackv1 "github.com/rappel-loop/rappel/proto/gen/go/api/callback/v1"
)

// bulkSize is how many callbacks one call names.
const bulkSize = 500

// many gives a supervisor's command to several callbacks and says what came of
// each. Its error says that it did not work for all.
func (d *decision) many(cmd *cobra.Command, ids []string, command proto.Message) error {
	all := &callbackv1.BulkCallbacksResponse{}
	for some := range slices.Chunk(ids, bulkSize) {
		body, err := d.post(cmd, "/v1/callbacks:bulk", bulkRequest(some, command))
		if err != nil {
			return d.failed(cmd, "", err)
		}
		resp := &callbackv1.BulkCallbacksResponse{}
		if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(body, resp); err != nil || len(resp.GetResults()) != len(some) {
			return errors.New("the answer cannot be read: is it a Rappel server?")
		}
		all.Results = append(all.Results, resp.GetResults()...)
	}
	failed := 0
	for _, r := range all.GetResults() {
		if r.GetError() != nil {
			failed++
		}
	}
	if err := d.printResults(cmd.OutOrStdout(), all, failed); err != nil || failed == 0 {
		return err
	}
	return errors.New(fill(d.w.SomeFailed, failed, len(ids)))
}

func bulkRequest(ids []string, command proto.Message) *callbackv1.BulkCallbacksRequest {
	r := &callbackv1.BulkCallbacksRequest{Ids: ids}
	switch c := command.(type) {
	case *callbackv1.TransferCallbackRequest:
		r.Command = &callbackv1.BulkCallbacksRequest_Transfer{Transfer: c}
	case *callbackv1.RequeueCallbackRequest:
		r.Command = &callbackv1.BulkCallbacksRequest_Requeue{Requeue: c}
	case *callbackv1.EscalateCallbackRequest:
		r.Command = &callbackv1.BulkCallbacksRequest_Escalate{Escalate: c}
	case *callbackv1.RescheduleCallbackRequest:
		r.Command = &callbackv1.BulkCallbacksRequest_Reschedule{Reschedule: c}
	case *callbackv1.CancelCallbackRequest:
		r.Command = &callbackv1.BulkCallbacksRequest_Cancel{Cancel: c}
	case *callbackv1.ReopenCallbackRequest:
		r.Command = &callbackv1.BulkCallbacksRequest_Reopen{Reopen: c}
	}
	return r
}

// printResults writes a line for each callback, the state it is in now or why
// nothing was changed.
func (d *decision) printResults(w io.Writer, all *callbackv1.BulkCallbacksResponse, failed int) error {
	if d.asJSON() {
		body, err := protojson.Marshal(all)
		if err != nil {
			return err
		}
		return printBody(w, body)
	}
	_, terminal := d.terminal(w)
	s := style{on: terminal && d.getenv("NO_COLOR") == ""}
	var b strings.Builder
	for _, r := range all.GetResults() {
		what := s.green(d.w.States[r.GetState()])
		if e := r.GetError(); e != nil {
			what = oneLine(e.GetMessage())
			if text := d.w.Reasons[e.GetReason()]; text != "" {
				what = text
			}
			what = s.red(what)
		}
		b.WriteString(oneLine(r.GetId()) + "  " + what + "\n")
	}
	if failed == 0 {
		b.WriteString("\n" + fill(d.w.AllWorked, len(all.GetResults())) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
