package transport

import (
	"fmt"
	"strings"
)

// idempotencyHeader names a call, so that it can be repeated: see
// datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header.
const idempotencyHeader = "Idempotency-Key"

// reasonKeyReused is of a key that came with another body.
const reasonKeyReused = "IDEMPOTENCY_KEY_REUSED"

// maxIdempotencyKey bounds a key, in characters.
const maxIdempotencyKey = 255

// idempotencyKey reads the header; empty is none.
func idempotencyKey(values []string) (string, error) {
	if len(values) == 0 {
		return "", nil
	}
	key := strings.TrimSpace(values[0])
	if len(values) > 1 || key == "" || len(key) > maxIdempotencyKey || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "", wrong(idempotencyHeader, fmt.Sprintf("must be one text of 1 to %d printable ASCII characters", maxIdempotencyKey))
	}
	return key, nil
}
