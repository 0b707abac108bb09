// Package projection makes events of the feed from events of the loop.
//
// Safety. It is an allow-list: an event of the feed is built field by field, and what is not
// written here does not come out. Words of customers and agents, names, numbers and addresses
// never do. What must be a name (a survey, a queue, a rule, a theme) comes out only if it has
// the form of one, so that free words put in its place do not. Responses, alerts and agents
// appear by pseudonyms that only the deployment's secret can make.
//
// It is pure: the same event, secret and configuration give the same event of the feed, with
// the same id.
package projection

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/rappel-loop/rappel/proto/feedevent"
	"github.com/rappel-loop/rappel/proto/subject"
)

// Errors of projecting.
var (
	// ErrUnknownType says that an event is of a type that came after this program.
	ErrUnknownType = errors.New("an event of a type that this program does not know")
	// ErrInvalid says that an event lacks what every event of the feed needs.
	ErrInvalid = errors.New("an event that the feed cannot tell of")
	// ErrUntold says that there is nothing to tell: another event tells of it, or none does.
	ErrUntold = errors.New("an event that the feed does not tell of")
)

// About stands in a subject for a survey or a queue that there is none of.
const About = "_"

// Projector makes events of the feed. Safe for concurrent use.
type Projector struct {
	// Source begins the source of every event; the service follows.
	Source string
	// Attributes are the names of the responses' attributes that come out.
	Attributes []string
	// Pseudonyms are made with the deployment's secret.
	Pseudonyms Pseudonyms
}

// Origin says which stored event is projected.
type Origin struct {
	// Stream and Sequence say where it is stored, ID is its own id.
	Stream   string
	Sequence uint64
	ID       string
	// Traceparent is the W3C trace context it came with; one of another form is left out.
	Traceparent string
}

// Projected is an event of the feed, and what a filter looks at.
type Projected struct {
	feedevent.Event
	// About is the last token of the subject: the survey, or the queue.
	About string
	// Surveys and Queue are what it is about.
	Surveys []string
	Queue   string
}

// id is the event's: the same whenever the same stored event is projected.
func (o Origin) id() string {
	own := o.ID
	if own == "" { // not stored by a bus
		own = fmt.Sprintf("#%d", o.Sequence)
	}
	h := sha256.Sum256([]byte("feed\x00" + o.Stream + "\x00" + own))
	return encode(h[:])
}

var traceparent = regexp.MustCompile(`^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$`)

// envelope is all of an event about a customer but its data.
func (p *Projector) envelope(o Origin, t feedevent.Type, customerKey, service string, at *timestamppb.Timestamp) (feedevent.Event, error) {
	if subject.CheckCustomerKey(customerKey) != nil {
		return feedevent.Event{}, fmt.Errorf("%w: the customer's key is none", ErrInvalid)
	}
	return p.about(o, t, customerKey, service, at)
}

// about is all but the data of an event about whatever has this key.
func (p *Projector) about(o Origin, t feedevent.Type, key, service string, at *timestamppb.Timestamp) (feedevent.Event, error) {
	if at.CheckValid() != nil {
		return feedevent.Event{}, fmt.Errorf("%w: it does not say when it happened", ErrInvalid)
	}
	d, ok := feedevent.Describe(t)
	if !ok {
		return feedevent.Event{}, ErrUnknownType
	}
	e := feedevent.Event{
		SpecVersion: feedevent.SpecVersion, ID: o.id(), Source: p.Source + "/" + service, Type: t, Subject: key,
		Time: at.AsTime(), DataContentType: feedevent.ContentType, DataSchema: d.Schema.URI(), PartitionKey: key,
	}
	if traceparent.MatchString(o.Traceparent) {
		e.Traceparent = o.Traceparent
	}
	return e, nil
}

// attributes are those of a response that the configuration names.
func (p *Projector) attributes(all map[string]string) map[string]string {
	var some map[string]string
	for _, name := range p.Attributes {
		if v, ok := all[name]; ok {
			if some == nil {
				some = map[string]string{}
			}
			some[name] = v
		}
	}
	return some
}

// token is s if it can be a name, as of a survey, a queue or a rule; else nothing.
func token(s string) string {
	if subject.CheckToken(s) != nil {
		return ""
	}
	return s
}

// about is a token of a subject.
func about(s string) string {
	if t := token(s); t != "" {
		return t
	}
	return About
}

// maxLabel bounds a label, in bytes.
const maxLabel = 256

// label is s unless it looks like what reaches a person: a channel or a touchpoint is named
// by its source, in words of its own, and a mapping may have gone wrong.
func label(s string) string {
	digits := 0
	for _, r := range s {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	if len(s) > maxLabel || digits > 4 || strings.ContainsRune(s, '@') {
		return ""
	}
	return s
}

// callbackID is s if it is a callback's id; else nothing.
func callbackID(s string) string {
	if subject.CheckCallbackID(s) != nil {
		return ""
	}
	return s
}

// distinct adds s unless it is empty or there.
func distinct(list []string, s string) []string {
	if s == "" || slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
