package transport

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/access"
	"github.com/rappel-loop/rappel/services/collector/internal/callkey"
	"github.com/rappel-loop/rappel/services/collector/internal/ingest"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
	"github.com/rappel-loop/rappel/services/internal/rpc"
)

// Reasons, beside rpc's own INVALID_FIELDS and INTERNAL.
const (
	reasonFull        = "STORE_FULL"
	reasonUnavailable = "STORE_UNAVAILABLE"
	reasonBusy        = "TOO_BUSY"
	reasonStarting    = "STARTING"
)

// status is the one place where a use case's error becomes an answer.
func (o Options) status(err error) error {
	var invalid *ingest.InvalidError
	var forbidden *ingest.ForbiddenError
	var refused *access.RefusedError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &forbidden):
		return rpc.Forbidden(string(access.KeyScope), fieldsOf(forbidden.Violations)...)
	case errors.As(err, &refused):
		return refusal(refused)
	case errors.Is(err, callkey.ErrReused):
		return rpc.Refused(codes.AlreadyExists, reasonKeyReused, callkey.ErrReused.Error()+"; nothing was stored")
	case errors.As(err, &invalid):
		return invalidFields(invalid.Violations)
	case errors.Is(err, ingest.ErrFull):
		return rpc.TryLater(codes.ResourceExhausted, reasonFull, "the store of responses is full; nothing was stored", o.RetryAfter)
	case errors.Is(err, ingest.ErrBusy):
		return rpc.TryLater(codes.ResourceExhausted, reasonBusy, "too many responses are being stored at this moment; nothing was stored", o.RetryAfter)
	case errors.Is(err, ingest.ErrStarting):
		return rpc.TryLater(codes.Unavailable, reasonStarting, "the collector is starting; nothing was stored", o.RetryAfter)
	case errors.Is(err, ingest.ErrUnavailable):
		return rpc.TryLater(codes.Unavailable, reasonUnavailable,
			"the store of responses does not answer; send the same again: what was stored all the same is known again by its id", o.RetryAfter)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return status.FromContextError(err).Err()
	}
	o.Log.Error("a response could not be stored", zap.Error(err))
	return rpc.Internal()
}

func invalidFields(found []response.Violation) error { return rpc.Invalid(fieldsOf(found)...) }

func fieldsOf(found []response.Violation) []rpc.Field {
	fields := make([]rpc.Field, len(found))
	for i, v := range found {
		fields[i] = rpc.Field(v)
	}
	return fields
}

// rowError is an answer as it stands in a row of a batch.
func (o Options) rowError(err error) *collectorv1.RowError {
	st := status.Convert(o.status(err))
	e := &collectorv1.RowError{Code: code.Code(st.Code()).String(), Message: st.Message()}
	for _, d := range st.Details() {
		if bad, ok := d.(*errdetails.BadRequest); ok {
			for _, v := range bad.GetFieldViolations() {
				e.Fields = append(e.Fields, &collectorv1.FieldViolation{Field: v.GetField(), Description: v.GetDescription()})
			}
		}
	}
	return e
}

func (o Options) result(out ingest.Outcome) *collectorv1.SubmitResult {
	if out.Err != nil {
		return &collectorv1.SubmitResult{Error: o.rowError(out.Err)}
	}
	return &collectorv1.SubmitResult{Id: out.Result.ID, Revision: out.Result.Revision, Duplicate: &out.Result.Duplicate}
}

var errRows = invalidFields([]response.Violation{{Path: "responses", Problem: fmt.Sprintf("must be 1 to %d rows", MaxRows)}})
