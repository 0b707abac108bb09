package transport

import (
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"

	"github.com/rappel-loop/rappel/services/alerting/internal/rulebook"
	"github.com/rappel-loop/rappel/services/internal/rpc"
	"github.com/rappel-loop/rappel/services/internal/strictyaml"
)

// status is where an error becomes a status. What it does not know stays as it is; the
// server logs it and says INTERNAL.
func (s *Server) status(err error) error {
	var refused *strictyaml.Error
	switch {
	case errors.As(err, &refused):
		return rpc.Invalid(faults(refused)...)
	case errors.Is(err, rulebook.ErrInFile):
		return rpc.Refused(codes.FailedPrecondition, "RULES_IN_FILE", "alerting.rules_file names "+s.deps.Book.File()+", which decides here: change that file")
	case errors.Is(err, rulebook.ErrChanged):
		return rpc.Refused(codes.Aborted, "RULES_CHANGED", "the rules have changed since that version; look at them again before putting others in their place")
	case errors.Is(err, rulebook.ErrNoVersion):
		return rpc.Refused(codes.NotFound, "NO_SUCH_VERSION", "there is no such version of the rules")
	}
	return notNow(err)
}

// mostNamed is how many faults an error names; ValidateRules names them all.
const mostNamed = 20

// faults are the fields of an INVALID_ARGUMENT, as text:4:14.
func faults(e *strictyaml.Error) []rpc.Field {
	var fields []rpc.Field
	for i, p := range e.Problems {
		if i == mostNamed {
			fields = append(fields, rpc.Field{Path: "text", Problem: fmt.Sprintf("and %d faults more; ValidateRules names them", len(e.Problems)+e.More-i)})
			break
		}
		at := "text"
		if p.Line > 0 {
			at = fmt.Sprintf("text:%d:%d", p.Line, p.Column)
		}
		problem := p.Message
		if p.Path != "" {
			problem = p.Path + ": " + problem
		}
		fields = append(fields, rpc.Field{Path: at, Problem: problem})
	}
	return fields
}

// notNow are the refusals that asking again may mend.
func notNow(err error) error {
	switch {
	case errors.Is(err, rulebook.ErrContended):
		return rpc.Refused(codes.Aborted, "CONTENDED", "others change the rules at the same time; try again")
	default:
		return rpc.Stored(err)
	}
}
