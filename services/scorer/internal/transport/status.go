package transport

import (
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/scorer/internal/correction"
	"github.com/rappel-loop/rappel/services/scorer/internal/registry"
	"github.com/rappel-loop/rappel/services/scorer/internal/training"
)

// toStatus is where an error becomes a status. What it does not know stays as it is; the
// server logs it and says INTERNAL.
func toStatus(err error) error {
	var few *training.TooFewError
	switch {
	case errors.Is(err, correction.ErrNoResponse):
		return rpc.Refused(codes.NotFound, "NO_SUCH_RESPONSE", "there is no such response of this customer, or no such verbatim in it")
	case errors.Is(err, correction.ErrMeanwhile):
		return rpc.Refused(codes.Aborted, "CORRECTED_MEANWHILE", "somebody has corrected the response since; look at it again")
	case errors.Is(err, correction.ErrTooMany):
		return rpc.Refused(codes.FailedPrecondition, "TOO_MANY_CORRECTIONS", fmt.Sprintf("a response can be corrected %d times", correction.Most))
	case errors.Is(err, correction.ErrContended):
		return rpc.TryLater(codes.Unavailable, "CONTENDED", "too many are correcting at once; ask again", time.Second)
	case errors.Is(err, registry.ErrNoModel):
		return rpc.Refused(codes.NotFound, "NO_SUCH_MODEL", "there is no model of this version; GET /v1/models lists them")
	case errors.Is(err, registry.ErrLoading):
		return rpc.TryLater(codes.Unavailable, "MODELS_LOADING", "the models are being read; ask again in a moment", time.Second)
	case errors.Is(err, training.ErrAlready):
		return rpc.Refused(codes.Aborted, "TRAINING_ALREADY", "a model is being trained")
	case errors.Is(err, registry.ErrMeanwhile):
		return rpc.Refused(codes.Aborted, "TRAINING_ALREADY", "another model was trained, or put to use, meanwhile; nothing was changed")
	case errors.As(err, &few):
		return rpc.Refused(codes.FailedPrecondition, "TOO_FEW_ANSWERS", few.Error())
	default:
		return rpc.Stored(err)
	}
}
