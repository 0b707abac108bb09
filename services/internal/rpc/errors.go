package rpc

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Domain is the ErrorInfo domain of every error of the loop.
const Domain = "rappel"

// Field names one wrong field: a JSON path, and what is wrong with it.
type Field struct{ Path, Problem string }

// Invalid is INVALID_ARGUMENT with every wrong field named, in the message as
// well as in the details, so that a person at a terminal sees them too.
func Invalid(fields ...Field) error {
	return withFields(codes.InvalidArgument, "INVALID_FIELDS", "the request has wrong fields", fields)
}

// Forbidden is PERMISSION_DENIED with a machine-readable reason and the fields that the
// caller may not send so, named as Invalid does.
func Forbidden(reason string, fields ...Field) error {
	return withFields(codes.PermissionDenied, reason, "the caller may not send this", fields)
}

func withFields(code codes.Code, reason, msg string, fields []Field) error {
	v := &errdetails.BadRequest{}
	for i, f := range fields {
		f = Field{Path: strings.ToValidUTF8(f.Path, "?"), Problem: strings.ToValidUTF8(f.Problem, "?")}
		sep := "; "
		if i == 0 {
			sep = ": "
		}
		msg += sep + f.Path + ": " + f.Problem
		v.FieldViolations = append(v.FieldViolations, &errdetails.BadRequest_FieldViolation{Field: f.Path, Description: f.Problem})
	}
	return withDetails(code, msg, info(reason), v)
}

// Refused is an error with a machine-readable reason, as NO_CALLBACK_READY.
func Refused(code codes.Code, reason, msg string) error {
	return withDetails(code, msg, info(reason))
}

// RateLimited is the reason of a call beyond its caller's rate: the one that 429
// answers and not 503.
const RateLimited = "RATE_LIMITED"

// TryLater is an error that says when to try again; over HTTP it carries
// Retry-After.
func TryLater(code codes.Code, reason, msg string, after time.Duration) error {
	return withDetails(code, msg, info(reason), &errdetails.RetryInfo{RetryDelay: durationpb.New(after)})
}

// Internal hides what went wrong from the caller; log the cause where it is
// known.
func Internal() error {
	return Refused(codes.Internal, "INTERNAL", "something went wrong on our side; it was logged")
}

// TooLarge is the answer to a body over MaxMessageBytes.
func TooLarge() error {
	return Refused(codes.ResourceExhausted, "BODY_TOO_LARGE", fmt.Sprintf("the body is larger than %d bytes; send several requests", MaxMessageBytes))
}

func info(reason string) *errdetails.ErrorInfo {
	return &errdetails.ErrorInfo{Reason: reason, Domain: Domain}
}

func withDetails(code codes.Code, msg string, details ...protoadapt.MessageV1) error {
	st := status.New(code, msg)
	if with, err := st.WithDetails(details...); err == nil {
		st = with
	}
	return st.Err()
}

// Reason returns the ErrorInfo reason of an error, or "".
func Reason(err error) string {
	for _, d := range status.Convert(err).Details() {
		if i, ok := d.(*errdetails.ErrorInfo); ok {
			return i.GetReason()
		}
	}
	return ""
}

// asStatus is what the caller is told of an error. One that nobody made for
// callers says nothing.
func asStatus(err error) *status.Status {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		err = TooLarge()
	}
	st, ok := status.FromError(err)
	if !ok {
		st = status.FromContextError(err)
		if st.Code() == codes.Unknown {
			return status.Convert(Internal())
		}
	}
	if !utf8.ValidString(st.Message()) {
		p := st.Proto()
		p.Message = strings.ToValidUTF8(p.Message, "?")
		st = status.FromProto(p)
	}
	if len(st.Details()) == 0 { // made by the library: give it a reason too
		if with, err := st.WithDetails(info(code.Code(st.Code()).String())); err == nil {
			st = with
		}
	}
	return st
}

// httpCode is the HTTP status of an error.
func httpCode(st *status.Status) int {
	answer := runtime.HTTPStatusFromCode(st.Code())
	for _, d := range st.Details() {
		switch d := d.(type) {
		case *errdetails.RetryInfo:
			// Too little room is the server's state, not the caller's rate.
			answer = http.StatusServiceUnavailable
		case *errdetails.ErrorInfo:
			switch d.GetReason() {
			case RateLimited:
				return http.StatusTooManyRequests
			case "BODY_TOO_LARGE":
				return http.StatusRequestEntityTooLarge
			case "METHOD_NOT_ALLOWED":
				return http.StatusMethodNotAllowed
			}
		}
	}
	return answer
}

// WriteError answers an HTTP call with a google.rpc.Status in JSON, and with
// Retry-After, in whole seconds, when the error says when. An error that is no
// status becomes INTERNAL without its text, a body that was too large 413.
func WriteError(w http.ResponseWriter, err error) {
	st := asStatus(err)
	for _, d := range st.Details() {
		if d, ok := d.(*errdetails.RetryInfo); ok {
			after := max(1, int((d.GetRetryDelay().AsDuration()+time.Second-1)/time.Second))
			w.Header().Set("Retry-After", strconv.Itoa(after))
		}
	}
	body, merr := protojson.Marshal(st.Proto())
	if merr != nil {
		body = []byte(`{"code":13,"message":"something went wrong on our side"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(httpCode(st))
	_, _ = w.Write(append(body, '\n'))
}
