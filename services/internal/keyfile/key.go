package keyfile

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
)

// prefix lets people, and scanners of repositories, know a key when they see one.
const prefix = "rk_"

const keyBytes = 32

// ErrKey says that a text is no key.
var ErrKey = errors.New("is no key: one is rk_ and 43 letters, digits, - or _")

// Hash is the SHA-256 of a key, as it is written.
type Hash [sha256.Size]byte

// String is the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// New makes a key.
func New() string {
	var b [keyBytes]byte
	_, _ = rand.Read(b[:]) // it never fails
	return prefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// Sum is the hash of a key; ErrKey, when the text is none.
func Sum(key string) (Hash, error) {
	text, ok := strings.CutPrefix(key, prefix)
	if !ok || len(text) != base64.RawURLEncoding.EncodedLen(keyBytes) {
		return Hash{}, ErrKey
	}
	// The library skips line ends, so the length is asked again.
	if b, err := base64.RawURLEncoding.Strict().DecodeString(text); err != nil || len(b) != keyBytes {
		return Hash{}, ErrKey
	}
	return sha256.Sum256([]byte(key)), nil
}

func parseHash(s string) (h Hash, ok bool) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(h) {
		return h, false
	}
	copy(h[:], b)
	return h, true
}
