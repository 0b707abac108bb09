package ingest

import (
	"context"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
)

// Scope is what a caller may send. It goes with a call's context: a call without one, as
// the collector's own, may send everything.
type Scope interface {
	// Scope returns what the caller may not send of a normalised response.
	Scope(r *eventsv1.Response) []response.Violation
	// ScopeHeld returns what keeps the caller from correcting a response that is held.
	ScopeHeld(r *eventsv1.Response) []response.Violation
}

type scopeKey struct{}

// scope is a Scope or none.
type scope struct{ Scope }

// WithScope binds a call to what its caller may send.
func WithScope(ctx context.Context, s Scope) context.Context {
	return context.WithValue(ctx, scopeKey{}, scope{s})
}

func scopeOf(ctx context.Context) scope {
	s, _ := ctx.Value(scopeKey{}).(scope) // none is a scope, too
	return s
}

func (s scope) sends(r *eventsv1.Response) []response.Violation {
	if s.Scope == nil {
		return nil
	}
	return s.Scope.Scope(r)
}

func (s scope) corrects(held *eventsv1.Response) []response.Violation {
	if s.Scope == nil {
		return nil
	}
	return s.ScopeHeld(held)
}
