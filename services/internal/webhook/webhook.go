// Package webhook is the symmetric scheme of Standard Webhooks 1.0.0: who sends signs with
// it, and who receives verifies.
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
//
// A signature is the HMAC-SHA256 of id.timestamp.body, in base64, behind "v1,". While a
// secret is replaced a call carries several, parted by spaces.
package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

// The headers.
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp"
	HeaderSignature = "Webhook-Signature"
)

const (
	prefix = "whsec_"
	scheme = "v1,"
	// mostSignatures is how many of a call are looked at; a rotation has two.
	mostSignatures = 10
)

// CheckSecret says what is wrong with a secret: one that begins with whsec_ is base64 after
// it. Any other text is taken as it is.
func CheckSecret(secret string) error {
	if rest, ok := strings.CutPrefix(secret, prefix); ok {
		if _, err := base64.StdEncoding.DecodeString(rest); err != nil {
			return errors.New("begins with whsec_, and what follows is no base64")
		}
	}
	return nil
}

// Sign is the value of HeaderSignature: a signature for each of the secrets, which
// CheckSecret finds nothing wrong with.
func Sign(secrets []string, id string, at time.Time, body []byte) string {
	all := make([]string, len(secrets))
	for i, s := range secrets {
		all[i] = scheme + base64.StdEncoding.EncodeToString(sum(s, id, strconv.FormatInt(at.Unix(), 10), body))
	}
	return strings.Join(all, " ")
}

// Verify reports whether one of the signatures, a header's value, is what one of the secrets
// makes, each compared in constant time. Whether the timestamp is fresh is for the caller to
// say.
func Verify(secrets []string, id, timestamp, signatures string, body []byte) bool {
	all := strings.Fields(signatures)
	genuine := false
	for _, s := range all[:min(len(all), mostSignatures)] {
		raw, ok := strings.CutPrefix(s, scheme)
		if !ok {
			continue
		}
		got, err := base64.StdEncoding.DecodeString(raw)
		if err != nil {
			continue
		}
		for _, secret := range secrets {
			genuine = hmac.Equal(sum(secret, id, timestamp, body), got) || genuine
		}
	}
	return genuine
}

func sum(secret, id, timestamp string, body []byte) []byte {
	m := hmac.New(sha256.New, key(secret))
	_, _ = m.Write([]byte(id + "." + timestamp + ".")) // a hash's write never fails
	_, _ = m.Write(body)
	return m.Sum(nil)
}

func key(secret string) []byte {
	rest, ok := strings.CutPrefix(secret, prefix)
	if !ok {
		return []byte(secret)
	}
	k, err := base64.StdEncoding.DecodeString(rest)
	if err != nil {
		return []byte(secret) // CheckSecret has said so
	}
	return k
}
