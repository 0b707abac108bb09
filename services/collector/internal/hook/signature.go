package hook

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // SurveyMonkey's choice
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rappel-loop/rappel/services/internal/webhook"
)

// mac is the HMAC of a message's parts under a key.
func mac(h func() hash.Hash, key []byte, parts ...string) []byte {
	m := hmac.New(h, key)
	for _, p := range parts {
		_, _ = m.Write([]byte(p))
	}
	return m.Sum(nil)
}

// anyOf reports whether got is what one of the secrets makes. Each is compared, in
// constant time: a call tells nothing of which was near.
func anyOf(secrets []string, got []byte, sum func(secret string) []byte) error {
	ok := false
	for _, s := range secrets {
		ok = hmac.Equal(sum(s), got) || ok
	}
	if !ok {
		return ErrSignature
	}
	return nil
}

// single returns a header that must stand once.
func single(h http.Header, name string) (string, error) {
	switch all := h.Values(name); {
	case len(all) == 0 || all[0] == "":
		return "", ErrUnsigned
	case len(all) > 1:
		return "", ErrSignature
	default:
		return all[0], nil
	}
}

// decoded reads a signature; what cannot be read is no signature of ours.
func decoded(decode func(string) ([]byte, error), s string) ([]byte, error) {
	b, err := decode(s)
	if err != nil {
		return nil, ErrSignature
	}
	return b, nil
}

// Signature says how calls of a source of one's own are signed. The zero value is
// Standard Webhooks.
type Signature struct {
	// Header holds the signature, or the secret itself.
	Header string `koanf:"header"`
	// Algorithm of the HMAC over the body: sha256, sha512 or sha1; or token: the header
	// holds the secret itself, and the body is not signed.
	Algorithm string `koanf:"algorithm"`
	// Encoding of the signature: hex or base64.
	Encoding string `koanf:"encoding"`
	// Prefix stands before the signature, as sha256=.
	Prefix string `koanf:"prefix"`
}

const token = "token"

var algorithms = map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}

var encodings = map[string]func(string) ([]byte, error){"hex": hex.DecodeString, "base64": base64.StdEncoding.DecodeString}

func (s Signature) check(add func(field, problem string)) {
	if s == (Signature{}) {
		return
	}
	if s.Header == "" {
		add("signature.header", "is required: the header that holds the signature")
	}
	if algorithms[s.Algorithm] == nil && s.Algorithm != token {
		add("signature.algorithm", "must be sha256, sha512, sha1 or token")
	}
	if encodings[s.Encoding] == nil && s.Algorithm != token {
		add("signature.encoding", "must be hex or base64")
	}
}

func (s Signature) verify(secrets []string, c Call) error {
	if s == (Signature{}) {
		return standardWebhooks(secrets, c)
	}
	got, err := single(c.Header, s.Header)
	if err != nil {
		return err
	}
	got, ok := strings.CutPrefix(got, s.Prefix)
	if !ok {
		return ErrSignature
	}
	if s.Algorithm == token { // of one length, so that the comparison tells nothing
		sum := sha256.Sum256([]byte(got))
		return anyOf(secrets, sum[:], func(secret string) []byte { h := sha256.Sum256([]byte(secret)); return h[:] })
	}
	raw, err := decoded(encodings[s.Encoding], got)
	if err != nil {
		return err
	}
	return anyOf(secrets, raw, func(secret string) []byte { return mac(algorithms[s.Algorithm], []byte(secret), string(c.Body)) })
}

// standardWebhooks verifies a call signed under the symmetric scheme of Standard Webhooks.
func standardWebhooks(secrets []string, c Call) error {
	var v [3]string
	for i, name := range [...]string{webhook.HeaderSignature, webhook.HeaderID, webhook.HeaderTimestamp} {
		var err error
		if v[i], err = single(c.Header, name); err != nil {
			return err
		}
	}
	seconds, err := strconv.ParseInt(v[2], 10, 64)
	if err != nil || !webhook.Verify(secrets, v[1], v[2], v[0], c.Body) {
		return ErrSignature
	}
	return fresh(time.Unix(seconds, 0), c.At)
}
