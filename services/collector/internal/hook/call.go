package hook

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"time"
)

// Call is one HTTP request of a source.
type Call struct {
	// URL as the source calls it, with its query: behind a proxy, the proxy's.
	URL    string
	Header http.Header
	// Body as it was received.
	Body []byte
	// At is when.
	At time.Time
}

// Push is one thing that a call tells.
type Push struct {
	// ID is the source's own, the same when it is told again; empty when it has none.
	ID string
	// Told is when it was told, in the words of the signature where that says it. It is
	// empty where ID, or Body alone, tells one push from another.
	Told string
	// About names the response it is about, as far as it can be told; pushes about one
	// are handled in order.
	About string
	// Body is JSON.
	Body []byte
}

// Why a call is refused.
var (
	// ErrUnsigned says that a call has no signature and its endpoint allows none.
	ErrUnsigned = errors.New("the call is not signed")
	// ErrSignature says that a signature is not one of the endpoint's secrets'.
	ErrSignature = errors.New("the signature is not of this endpoint's secret")
	// ErrStale says that a call was signed too long ago, or in the future.
	ErrStale = errors.New("the call was signed more than 5 minutes before or after now")
	// ErrBody says that a genuine call's body is not what its source sends.
	ErrBody = errors.New("the body is not what this source sends")
	// ErrEarly says that a source does not show yet what it told of. What it shows comes
	// with it: when it stays so, that was all.
	ErrEarly = errors.New("the source's API does not show yet what was told of")
	// ErrKeys says that the keys of a token's issuer cannot be had now.
	ErrKeys = errors.New("the issuer's keys cannot be had")
)

// Tolerance is how far a signed timestamp may be from now, as Zendesk, HubSpot and the
// reference implementations of Standard Webhooks have it.
const Tolerance = 5 * time.Minute

func fresh(signed, now time.Time) error {
	if d := now.Sub(signed); d > Tolerance || d < -Tolerance {
		return ErrStale
	}
	return nil
}

// EventID is the id of the event that a push becomes: the same push told again has the
// same, so that it is stored once as long as the stream remembers ids.
func (p Push) EventID(endpoint string) string {
	told := []byte(p.ID)
	if p.ID == "" {
		told = p.Body
	}
	h := sha256.New()
	_, _ = h.Write([]byte(endpoint + "\x00"))
	_, _ = h.Write(told)
	if p.Told != "" {
		_, _ = h.Write([]byte("\x00" + p.Told))
	}
	return "push-" + hex.EncodeToString(h.Sum(nil)[:16])
}

// Unnamed is the id of the response that a push is of, where neither the source nor the
// mapping gives one: the same whenever it was told.
func (p Push) Unnamed(endpoint string) string {
	p.Told = ""
	return p.EventID(endpoint)
}

// Lane is a token that pushes about one response share.
func (p Push) Lane() string {
	about := p.About
	if about == "" {
		about = p.ID
	}
	h := sha256.Sum256([]byte(about))
	return hex.EncodeToString(h[:2])[:3]
}
