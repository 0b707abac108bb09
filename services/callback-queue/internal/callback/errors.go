package callback

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Sentinels of the domain. None carries personal data.
var (
	// ErrNoChange says that there is nothing to store: this very caller's command
	// was stored before, the alert is known, or a timer came too early or too
	// late. The callback as it stands is the answer.
	ErrNoChange = errors.New("nothing to change")
	// ErrNoCallback says that the customer has no such callback.
	ErrNoCallback = errors.New("no such callback")
	// ErrNotHolder says that another agent holds the callback.
	ErrNotHolder = errors.New("another agent holds the callback")
	// ErrStaleToken says that the token given is not the present hold's: the hold
	// it fenced has ended.
	ErrStaleToken = errors.New("the hold has ended: its token is stale")
	// ErrLeaseOver says that the hold's lease has passed, so nothing new may be
	// begun in it. It is an ErrStaleToken.
	ErrLeaseOver = fmt.Errorf("the lease is over: %w", ErrStaleToken)
	// ErrDeclined says that the agent was offered the callback a short while ago and
	// did not take it.
	ErrDeclined = errors.New("the agent was offered the callback and did not take it")
	// ErrNotReady says that the callback may not be claimed or offered yet.
	ErrNotReady = errors.New("the callback is not ready yet")
	// ErrDoNotCall says that the customer is not to be called.
	ErrDoNotCall = errors.New("the customer is not to be called")
	// ErrSuperseded says that the customer has a newer callback: nothing can come
	// of this one any more.
	ErrSuperseded = errors.New("the customer has a newer callback")
	// ErrNotLoaded says that Decide was given an aggregate whose hold has no
	// token, because Loaded was not called: a defect of the caller.
	ErrNotLoaded = errors.New("the aggregate was not loaded: its hold has no token")
)

// NotReadyError is ErrNotReady with the moment.
type NotReadyError struct {
	// ReadyAt is when the callback may first be claimed or offered.
	ReadyAt time.Time
}

// Error names the moment.
func (e *NotReadyError) Error() string {
	return fmt.Sprintf("%v: not before %s", ErrNotReady, e.ReadyAt.UTC().Format(time.RFC3339))
}

// Unwrap makes it an ErrNotReady.
func (e *NotReadyError) Unwrap() error { return ErrNotReady }

// ErrTooLate says that a closed callback can no longer be reopened.
var ErrTooLate = errors.New("the callback was closed too long ago to be reopened")

// TooLateError is ErrTooLate with the moment.
type TooLateError struct {
	// Until is when it could last be reopened.
	Until time.Time
}

// Error names the moment.
func (e *TooLateError) Error() string {
	return fmt.Sprintf("%v: possible until %s", ErrTooLate, e.Until.UTC().Format(time.RFC3339))
}

// Unwrap makes it an ErrTooLate.
func (e *TooLateError) Unwrap() error { return ErrTooLate }

// TransitionError says that a command is not possible in the callback's state,
// and what is.
type TransitionError struct {
	From State
	// Command is the refused command's name.
	Command string
	// Allowed are the names of the commands that are possible now.
	Allowed []string
}

// Error says what is possible.
func (e *TransitionError) Error() string {
	possible := "nothing is possible any more"
	if len(e.Allowed) > 0 {
		possible = "possible now: " + strings.Join(e.Allowed, ", ")
	}
	return fmt.Sprintf("%s is not possible on a callback that is %s; %s", e.Command, e.From, possible)
}

// FieldError is one wrong field.
type FieldError struct {
	// Field is its name in the API, as root_cause; Message says what it must be,
	// and never repeats the value.
	Field, Message string
}

// ValidationError names every wrong field of a command or a policy at once.
type ValidationError struct {
	Fields []FieldError
}

// Error lists the fields.
func (e *ValidationError) Error() string {
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = f.Field + ": " + f.Message
	}
	return "invalid: " + strings.Join(parts, "; ")
}
