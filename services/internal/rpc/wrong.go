package rpc

import (
	"errors"
	"regexp"
	"slices"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/rappel-loop/rappel/services/internal/bus"
)

// Wrong collects what is wrong with a request, so that one answer names it all. The zero
// value is a request that nothing is wrong with yet.
type Wrong struct{ fields []Field }

// Field notes a problem, unless the field has one already.
func (w *Wrong) Field(path, problem string) {
	if !slices.ContainsFunc(w.fields, func(f Field) bool { return f.Path == path }) {
		w.fields = append(w.fields, Field{Path: path, Problem: problem})
	}
}

// Err is INVALID_ARGUMENT with every field, nil when nothing is wrong.
func (w *Wrong) Err() error {
	if len(w.fields) == 0 {
		return nil
	}
	return Invalid(w.fields...)
}

// Within notes the problems of a part of the request, whose fields are below path.
func (w *Wrong) Within(path string, part Wrong) {
	for _, f := range part.fields {
		w.Field(path+"."+f.Path, f.Problem)
	}
}

var person = regexp.MustCompile(`^[A-Za-z0-9._@-]{1,64}$`)

// By checks who decided something, in the field by.
func (w *Wrong) By(id string, required bool) {
	if (id != "" || required) && !person.MatchString(id) {
		w.Field("by", "must be 1 to 64 letters, digits, or . _ - @")
	}
}

// Stored is what a caller is told of an error of the event store. Any other error is
// returned as it is: the server logs it and says INTERNAL.
func Stored(err error) error {
	switch {
	case errors.Is(err, bus.ErrFull):
		return TryLater(codes.ResourceExhausted, "STORE_FULL", "the event store is full; nothing was changed", 5*time.Second)
	case errors.Is(err, bus.ErrTooLarge):
		return Refused(codes.InvalidArgument, "TOO_LARGE", "this is too large to be stored")
	case errors.Is(err, bus.ErrUnavailable):
		return TryLater(codes.Unavailable, "STORE_UNAVAILABLE", "the event store does not answer; ask again with the same request", time.Second)
	default:
		return err
	}
}
