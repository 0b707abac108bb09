package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
)

// StatusError is an answer that says no: a google.rpc.Status when the server is
// Rappel's, or whatever stood in between.
type StatusError struct {
	// HTTP is the status code of the answer.
	HTTP int
	// Code is the canonical code; Unknown when the body held none.
	Code codes.Code
	// Message is the server's; Reason its machine-readable one, as
	// NO_CALLBACK_READY.
	Message, Reason string
	// Fields are the wrong ones.
	Fields []Field
	// RetryAfter is when to try again; 0 when the server did not say.
	RetryAfter time.Duration
	// Body is the answer as it came.
	Body []byte
}

// Field is one wrong field of a request.
type Field struct {
	Field       string `json:"field"`
	Description string `json:"description"`
}

// Error is the message, with every wrong field.
func (e *StatusError) Error() string {
	msg := e.Message
	if msg == "" {
		msg = strings.TrimSpace(fmt.Sprintf("HTTP %d %s", e.HTTP, http.StatusText(e.HTTP)))
	}
	for _, f := range e.Fields {
		if !strings.Contains(msg, f.Description) {
			msg += "; " + f.Field + ": " + f.Description
		}
	}
	return msg
}

// Temporary reports whether the same call may succeed later.
func (e *StatusError) Temporary() bool {
	switch e.HTTP {
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	}
	return e.HTTP >= 500
}

type wireStatus struct {
	Code    int          `json:"code"`
	Message string       `json:"message"`
	Details []wireDetail `json:"details"`
}

// wireDetail is the union of the details the server sends; the names do not
// clash.
type wireDetail struct {
	Reason          string  `json:"reason"`
	FieldViolations []Field `json:"fieldViolations"`
	RetryDelay      string  `json:"retryDelay"`
}

func newStatusError(resp *http.Response, body []byte) *StatusError {
	e := InStream(body)
	e.HTTP = resp.StatusCode
	if after, ok := retryAfter(resp); ok {
		e.RetryAfter = after
	}
	return e
}

// InStream is the refusal that a stream ends with, whose status was 200.
func InStream(body []byte) *StatusError {
	e := &StatusError{HTTP: http.StatusOK, Code: codes.Unknown, Body: body}
	var w wireStatus
	if json.Unmarshal(body, &w) == nil && (w.Code != 0 || w.Message != "") {
		e.Code, e.Message = codes.Code(w.Code), w.Message //nolint:gosec // a wrong code is shown as it is
		for _, d := range w.Details {
			if d.Reason != "" {
				e.Reason = d.Reason
			}
			e.Fields = append(e.Fields, d.FieldViolations...)
			if after, err := time.ParseDuration(d.RetryDelay); err == nil {
				e.RetryAfter = after
			}
		}
	}
	return e
}

// retryAfter reads the header: seconds, or a date.
func retryAfter(resp *http.Response) (time.Duration, bool) {
	h := resp.Header.Get("Retry-After")
	if s, err := strconv.Atoi(h); err == nil && s >= 0 {
		return time.Duration(s) * time.Second, true
	}
	at, err := http.ParseTime(h)
	if err != nil {
		return 0, false
	}
	now, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return 0, false
	}
	return max(0, at.Sub(now)), true
}
