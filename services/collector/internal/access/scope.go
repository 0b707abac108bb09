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
