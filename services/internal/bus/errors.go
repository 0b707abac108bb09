package bus

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Errors of publishing.
var (
	// ErrConflict says that the subject has moved on since the expected
	// sequence: read it again and decide again. Nothing was stored.
	ErrConflict = errors.New("the subject has moved on")
	// ErrFull says that the stream, or the server, has reached its limit. Nothing
	// was stored.
	ErrFull = errors.New("the stream is full")
	// ErrUnavailable says that JetStream did not answer in time. The event may
	// or may not be stored: repeat it with the same id.
	ErrUnavailable = errors.New("the event store does not answer")
	// ErrTooLarge says that the event is larger than the stream or the server
	// takes. Nothing was stored and no retry will mend it.
	ErrTooLarge = errors.New("the event is too large to be stored")
	// ErrNotFound says that the subject holds no event, or the stream no such
	// sequence.
	ErrNotFound = errors.New("no such event")
)

// JetStream's error codes that the client library has no constant for.
const (
	codeAccountLimits             jetstream.ErrorCode = 10002 // the account's limit of storage
	codeInsufficientResources     jetstream.ErrorCode = 10023
	codeMemory                    jetstream.ErrorCode = 10028
	codeStorage                   jetstream.ErrorCode = 10047 // the server's limit of storage
	codeTooLarge                  jetstream.ErrorCode = 10054 // the stream's limit of one message
	codeWrongLastSequence         jetstream.ErrorCode = 10071 // a lost compare-and-set
	codeStoreFailed               jetstream.ErrorCode = 10077 // the stream's limit of bytes or messages, and more
	codeWrongLastSequenceConstant jetstream.ErrorCode = 10164 // a lost compare-and-set on a replicated stream
	codeTooManyRequests           jetstream.ErrorCode = 10167 // the stream's queue of writes is full
)

// classify makes a failed publish one of the errors above. What is none of them
// was refused for its own sake: repeating it changes nothing.
func classify(err error) error {
	if errors.Is(err, nats.ErrMaxPayload) {
		return ErrTooLarge
	}
	var api *jetstream.APIError
	if !errors.As(err, &api) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	switch api.ErrorCode {
	case codeWrongLastSequence, codeWrongLastSequenceConstant:
		return ErrConflict
	case codeTooLarge:
		return ErrTooLarge
	case codeAccountLimits, codeInsufficientResources, codeMemory, codeStorage, codeTooManyRequests:
		return fmt.Errorf("%w: %s", ErrFull, api.Description)
	case codeStoreFailed:
		if strings.Contains(api.Description, "exceeded") || strings.Contains(api.Description, "no space") {
			return fmt.Errorf("%w: %s", ErrFull, api.Description)
		}
		return fmt.Errorf("%w: %s", ErrUnavailable, api.Description)
	default:
		return classifyByCode(api, err)
	}
}

// classifyByCode goes by the HTTP-like code of an error that has no case of its
// own.
func classifyByCode(api *jetstream.APIError, err error) error {
	if api.Code >= http.StatusInternalServerError || api.Code == http.StatusConflict {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return fmt.Errorf("the event store refused the event: %w", err)
}
