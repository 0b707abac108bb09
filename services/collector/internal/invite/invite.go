// Package invite makes the links by which customers answer, and reads them.
//
// A link is its own memory: what it is for (the survey, the customer, the response's id,
// until when) stands in it, sealed with AES-256-GCM under a key that is made of the
// deployment's secret by HKDF-SHA256. Nobody without the secret can read one, make one or
// change one; whoever has one can answer for the customer until it expires. It names its
// own layout by its first byte, so that links sent before a change can still be read.
package invite

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"
	"google.golang.org/protobuf/proto"

	collectorv1 "github.com/rappel-loop/rappel/proto/gen/go/api/collector/v1"
)

// Errors of links.
var (
	// ErrLink says that a link is none of this deployment's.
	ErrLink = errors.New("the link is not one of ours")
	// ErrExpired says that a link can no longer be used.
	ErrExpired = errors.New("the link has expired")
)

const (
	layout = 1
	// maxToken bounds what is tried to be opened, in bytes of the link.
	maxToken = 8 << 10
	purpose  = "rappel survey link v1"
)

// Sealer makes and reads links. Safe for concurrent use.
type Sealer struct{ aead cipher.AEAD }

// NewSealer returns one for a deployment's secret.
func NewSealer(secret []byte) (*Sealer, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, purpose, 32)
	if err != nil {
		return nil, fmt.Errorf("a key for links: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &Sealer{aead}, nil
}

// Seal makes the token of an invitation, which is given a response id where it has none.
func (s *Sealer) Seal(i *collectorv1.Invitation, now time.Time) (string, error) {
	if i.GetResponseId() == "" {
		i.ResponseId = ulid.MustNew(ulid.Timestamp(now), rand.Reader).String()
	}
	plain, err := proto.Marshal(i)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal([]byte{layout}, nil, plain, []byte(purpose))), nil
}

// Open reads a token. One that has expired is returned with ErrExpired: its page can be
// in the customer's language.
func (s *Sealer) Open(token string, now time.Time) (*collectorv1.Invitation, error) {
	if len(token) > maxToken {
		return nil, ErrLink
	}
	data, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(data) == 0 || data[0] != layout {
		return nil, ErrLink
	}
	plain, err := s.aead.Open(nil, nil, data[1:], []byte(purpose))
	if err != nil {
		return nil, ErrLink
	}
	i := &collectorv1.Invitation{}
	if proto.Unmarshal(plain, i) != nil {
		return nil, ErrLink
	}
	if now.Unix() >= i.GetExpiresAt() {
		return i, ErrExpired
	}
	return i, nil
}
