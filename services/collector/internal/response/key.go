package response

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"fmt"
	"hash"
	"sync"

	"google.golang.org/protobuf/proto"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// MinSecret is the shortest secret, in bytes, that pseudonyms are made under.
const MinSecret = 16

// Keyer makes customers' pseudonyms under a deployment's secret. Whoever lacks
// the secret cannot tell whether a pseudonym is that of a given e-mail address.
// Safe for concurrent use.
type Keyer struct {
	secret []byte
	macs   sync.Pool
}

// NewKeyer returns a keyer, or an error when the secret is too short. Another
// secret gives every customer another key: it must stay as long as the streams.
func NewKeyer(secret []byte) (*Keyer, error) {
	if len(secret) < MinSecret {
		return nil, fmt.Errorf("the secret has %d bytes: at least %d are needed", len(secret), MinSecret)
	}
	return &Keyer{secret: bytes.Clone(secret)}, nil
}

var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// keyLength is 130 bits of the 256.
const keyLength = 26

// Key is the customer's pseudonym: of the customer's id, else the e-mail address,
// else the phone number, else of the response itself, whose customer is then
// like no other. r is normalised and has its id.
func (k *Keyer) Key(r *eventsv1.Response) string {
	c := r.GetCustomer()
	switch {
	case c.GetId() != "":
		return k.mac("id:", c.GetId())
	case c.GetEmail() != "":
		return k.mac("email:", c.GetEmail())
	case c.GetPhone() != "":
		return k.mac("phone:", c.GetPhone())
	default:
		return k.mac("response:", r.GetSurvey()+"/"+r.GetId())
	}
}

// Aliases are the pseudonyms of what else is known of the customer: of the id, the e-mail
// address and the phone number, but for the one that is Key. A response that began without
// any of them keeps its key, and gets them all as aliases.
func (k *Keyer) Aliases(c *eventsv1.Customer, key string) []string {
	var all []string
	for _, alias := range k.Of(c) {
		if alias != key {
			all = append(all, alias)
		}
	}
	return all
}

// Of are the pseudonyms of all that is known of a customer, normalised; the first is the
// key of what they answer.
func (k *Keyer) Of(c *eventsv1.Customer) []string {
	var all []string
	for _, of := range []struct{ kind, value string }{{"id:", c.GetId()}, {"email:", c.GetEmail()}, {"phone:", c.GetPhone()}} {
		if of.value != "" {
			all = append(all, k.mac(of.kind, of.value))
		}
	}
	return all
}

func (k *Keyer) mac(kind, value string) string {
	h, ok := k.macs.Get().(hash.Hash)
	if !ok {
		h = hmac.New(sha256.New, k.secret)
	}
	defer k.macs.Put(h)
	h.Reset()
	h.Write([]byte(kind))
	h.Write([]byte(value))
	var sum [sha256.Size]byte
	return lowerBase32.EncodeToString(h.Sum(sum[:0]))[:keyLength]
}

// Digest tells two submissions of one response apart: the first 64 bits of
// SHA-256. It is only ever compared with the submission before.
type Digest [8]byte

// String is the digest in hexadecimal.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// ParseDigest is String's inverse; ok is false for anything else.
func ParseDigest(s string) (d Digest, ok bool) {
	if len(s) != 2*len(d) {
		return d, false
	}
	n, err := hex.Decode(d[:], []byte(s))
	return d, err == nil && n == len(d)
}

// Identity stands for a survey and a response's id: the first 128 bits of
// SHA-256, so that a ledger of millions holds no texts.
type Identity [16]byte

// IdentityOf hashes a survey, which holds no slash, and a response's id.
func IdentityOf(survey, id string) Identity {
	var buf [256]byte
	b := append(append(append(buf[:0], survey...), '/'), id...)
	sum := sha256.Sum256(b)
	return Identity(sum[:16])
}

var encodings sync.Pool

// digestOf returns the digest of a normalised response and its encoded size. Two
// versions of the program may encode it differently: then a repetition is found
// out by merging it, which is slower and as right.
func digestOf(r *eventsv1.Response) (Digest, int, error) {
	buf, ok := encodings.Get().(*[]byte)
	if !ok {
		buf = new([]byte)
	}
	defer encodings.Put(buf)
	b, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend((*buf)[:0], r)
	if err != nil {
		return Digest{}, 0, err
	}
	if cap(b) <= 64<<10 {
		*buf = b
	}
	sum := sha256.Sum256(b)
	return Digest(sum[:8]), len(b), nil
}
