package access

import (
	"slices"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
	"github.com/rappel-loop/rappel/services/internal/keyfile"
)

// key is an entry with what is asked of it for each call.
type key struct {
	keyfile.Entry
	bucket string // one for all keys of a name: a rotation gives nobody twice the rate
	limit  Limit
}

func newKey(e keyfile.Entry) *key {
	return &key{Entry: e, bucket: "key:" + e.Name, limit: Limit{Rate: e.Rate, Burst: e.Burst}}
}

// Grant is what a caller was let in with; it can be kept.
type Grant struct {
	// KeyName is the name of the caller's key; empty without one.
	KeyName string
	// Surveys and Channels that it may send; empty is any.
	Surveys, Channels []string
}

// Keyed reports whether the caller has a key: where there are keys, all have.
func (c *Caller) Keyed() bool { return c.key != nil }

// Who is one text for all calls of a sender: the name of their key, or else their address.
func (c *Caller) Who() string {
	if c.key == nil {
		return addressBucket(c.address)
	}
	return c.key.bucket
}

// Grant returns what the caller was let in with.
func (c *Caller) Grant() Grant {
	if c.key == nil {
		return Grant{}
	}
	return Grant{c.key.Name, c.key.Surveys, c.key.Channels}
}

// Recall returns a caller who may send what a grant says, and whose calls cost nothing.
func (g *Guard) Recall(grant Grant) *Caller {
	return &Caller{guard: g, key: newKey(keyfile.Entry{Name: grant.KeyName, Surveys: grant.Surveys, Channels: grant.Channels})}
}

// Scoped reports whether the caller may not send everything.
func (c *Caller) Scoped() bool {
	return c.key != nil && len(c.key.Surveys)+len(c.key.Channels) > 0
}

// Scope returns what the caller may not send of a response as it will be stored; nil when
// it may be sent.
func (c *Caller) Scope(r *eventsv1.Response) []response.Violation {
	if c.key == nil {
		return nil
	}
	var found []response.Violation
	if !allows(c.key.Surveys, r.GetSurvey()) {
		found = append(found, response.Violation{Path: "survey", Problem: "is none that this key may send"})
	}
	switch {
	case allows(c.key.Channels, r.GetChannel()):
	case r.GetChannel() == "":
		found = append(found, response.Violation{Path: "channel", Problem: "is required with this key"})
	default:
		found = append(found, response.Violation{Path: "channel", Problem: "is none that this key may send"})
	}
	if len(found) > 0 {
		c.guard.count(KeyScope, c.key)
	}
	return found
}

// ScopeHeld is Scope of a response that is held and would be corrected: one that has no
// channel yet may be given one.
func (c *Caller) ScopeHeld(r *eventsv1.Response) []response.Violation {
	if c.key == nil || r.GetChannel() == "" || allows(c.key.Channels, r.GetChannel()) {
		return nil
	}
	c.guard.count(KeyScope, c.key)
	return []response.Violation{{Path: "channel", Problem: "of what was received before is none that this key may send"}}
}

func allows(list []string, s string) bool { return len(list) == 0 || slices.Contains(list, s) }
