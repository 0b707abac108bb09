package rule

import (
	"errors"
	"fmt"
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/interpreter"
)

// EvalError says that a condition could not be evaluated on a response. Its text
// names the rule and the place and never a value, which may be personal data.
type EvalError struct {
	// Rule is the rule's name.
	Rule string
	// At is where in the rules file it failed.
	At Position
	// Kind is what happened.
	Kind string
}

// Error says which rule failed, where, and how.
func (f *EvalError) Error() string {
	return fmt.Sprintf("rule %s (%s:%d): %s", f.Rule, f.At.File, f.At.Line, f.Kind)
}

// Matches evaluates the rule's condition. The error is a *EvalError.
func (r *Rule) Matches(f *Facts) (bool, error) {
	f.asking = &r.asks
	out, _, err := r.program.Eval(f)
	if err != nil {
		return false, r.failure(err)
	}
	return out == types.True, nil
}

// kinds are the failures whose nature may be told; the rest of the library's
// texts may quote the response.
var kinds = []string{"no such key", "no such field", "division by zero", "modulus by zero", "index out of bounds", "no such overload"}

func (r *Rule) failure(err error) *EvalError {
	f := &EvalError{Rule: r.Name, At: r.locate(0), Kind: "the condition fails on this response"}
	var cancelled interpreter.EvalCancelledError
	if errors.As(err, &cancelled) {
		f.Kind = "the condition costs too much on this response"
		return f
	}
	for _, k := range kinds {
		if strings.HasPrefix(err.Error(), k) {
			f.Kind = k
		}
	}
	var at *types.Err
	if errors.As(err, &at) {
		f.At = r.locate(at.NodeID())
	}
	return f
}
