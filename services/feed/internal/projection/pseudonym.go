package projection

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// Pseudonyms stand for what leads to people: a source's ids of responses, which may be the
// numbers of orders, and the names of agents. Who does not have the secret can't find out what
// one stands for, not by trying every number either.
type Pseudonyms struct{ secret []byte }

// NewPseudonyms makes pseudonyms with a secret.
func NewPseudonyms(secret []byte) Pseudonyms { return Pseudonyms{secret: secret} }

func (p Pseudonyms) of(kind string, parts ...string) string {
	mac := hmac.New(sha256.New, p.secret)
	mac.Write([]byte(kind))
	for _, part := range parts {
		mac.Write([]byte{0})
		mac.Write([]byte(part))
	}
	return encode(mac.Sum(nil))
}

// response is a response's; its id is unique in its survey.
func (p Pseudonyms) response(survey, id string) string { return p.of("response", survey, id) }

func (p Pseudonyms) alert(id string) string { return p.of("alert", id) }

// agent is an agent's; nobody's is empty.
func (p Pseudonyms) agent(id string) string {
	if id == "" {
		return ""
	}
	return p.of("agent", id)
}

var alphabet = base32.StdEncoding.WithPadding(base32.NoPadding)

// encode is 26 characters of lower-case base32, as a customer's key has.
func encode(sum []byte) string { return strings.ToLower(alphabet.EncodeToString(sum))[:26] }
