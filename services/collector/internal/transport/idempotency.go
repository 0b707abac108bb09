package transport

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/callkey"
)

// idempotencyHeader names a call, so that it can be repeated: see
// datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header.
const idempotencyHeader = "Idempotency-Key"

// reasonKeyReused is of a key that came with another call.
const reasonKeyReused = "IDEMPOTENCY_KEY_REUSED"

// maxIdempotencyKey bounds a key, in characters.
const maxIdempotencyKey = 255

// callKey reads the header of a call that was let in.
func callKey(ctx context.Context, values []string) (callkey.Key, error) {
	if len(values) == 0 {
		return callkey.Key{}, nil
	}
	text := strings.TrimSpace(values[0])
	if len(values) > 1 || text == "" || len(text) > maxIdempotencyKey || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		return callkey.Key{}, wrong(idempotencyHeader, fmt.Sprintf("must be one text of 1 to %d printable ASCII characters", maxIdempotencyKey))
	}
	return callkey.New(callerOf(ctx).Grant().KeyName, text), nil
}

// note holds a call to its key, and gives the responses ids that have none.
func (o Options) note(ctx context.Context, k callkey.Key, call string, body []byte, rows ...*eventsv1.Response) error {
	if !k.IsSet() {
		return nil
	}
	if err := o.CallKeys.Note(ctx, k, call, body); err != nil {
		return err
	}
	for i, r := range rows {
		if r != nil && strings.TrimSpace(r.GetId()) == "" {
			r.Id = k.ID(i)
		}
	}
	return nil
}

// noteMessage is note of a gRPC call.
func (o Options) noteMessage(ctx context.Context, k callkey.Key, call string, m proto.Message, rows ...*eventsv1.Response) error {
	if !k.IsSet() {
		return nil
	}
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return err
	}
	return o.note(ctx, k, call, body, rows...)
}
