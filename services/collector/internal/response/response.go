// Package response is what the collector knows of a customer's response: which
// are right, what they look like once normalised, how two pieces of one response
// become a whole, and under which pseudonym the customer goes. It is pure: it
// reads no clock and stores nothing.
//
// One text, one form. Spaces around a text are cut, phones become E.164, e-mail
// addresses lower case in NFC, language tags canonical, line ends \n, and what
// says nothing (an empty attribute, an empty customer, the order of slots) goes.
// So the same answer sent twice has the same digest, and a customer met by phone
// in the shop's notation is the one met by phone in another's.
//
// Everything wrong is named at once, by its JSON path and without its value: a
// value may be personal. Only a metric's own number is repeated.
package response

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/proto/subject"
	scale "github.com/rappel-loop/rappel/services/internal/metric"
)

// Limits of a response. Lengths are in characters, not bytes.
const (
	MaxID             = 128
	MaxCustomerID     = 128
	MaxName           = 200
	MaxEmail          = 254
	MaxPhone          = 64
	MaxLabel          = 64 // channel, touchpoint, question, attribute name
	MaxAnswers        = 100
	MaxVerbatim       = 20_000
	MaxAttributes     = 50
	MaxAttributeValue = 512
	MaxSlots          = 10
	MaxSlot           = 31 * 24 * time.Hour // from one end to the other
	// MaxBytes bounds a whole response, encoded. An event holds two of them, and
	// every later event of the loop holds that event: it keeps them all under the
	// 1 MiB that a NATS server takes unless told otherwise.
	MaxBytes = 256 << 10
)

// Bounds of submittedAt.
var earliest = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

const futureSkew = 24 * time.Hour

// Violation names one wrong field: its JSON path, and what is wrong with it.
type Violation struct{ Path, Problem string }

// Submission is a response that has passed: normalised, with the digest of what
// was sent.
type Submission struct {
	// Response is normalised. Its id and submitted_at may still be absent.
	Response *eventsv1.Response
	// Digest tells two submissions apart.
	Digest Digest
}

// Normaliser checks and normalises responses. Safe for concurrent use.
type Normaliser struct {
	phones    *phones
	languages *languages
	zones     *zones
	scales    *scale.Scales
}

// NewNormaliser returns a normaliser that reads national phone numbers as those
// of defaultRegion, an ISO 3166 code as FR, when the customer's language and
// time zone say nothing better. It fails on a region nobody phones from.
func NewNormaliser(defaultRegion string) (*Normaliser, error) {
	p, err := newPhones(defaultRegion)
	if err != nil {
		return nil, err
	}
	return &Normaliser{phones: p, languages: &languages{}, zones: &zones{}}, nil
}

// WithScales has what an answer is given on said in it, where the deployment declares that for
// its survey and the source does not say: nobody behind has to know of the declaration.
func (n *Normaliser) WithScales(s *scale.Scales) *Normaliser {
	with := *n
	with.scales = s
	return &with
}

// declare gives answers the scales that are declared for them.
func (n *Normaliser) declare(r *eventsv1.Response) {
	if n.scales.Len() == 0 {
		return
	}
	for _, a := range r.GetAnswers() {
		if a.GetMetric() != eventsv1.Metric_METRIC_UNSPECIFIED && a.GetScale() == nil {
			a.Scale = n.scales.Declared(r.GetSurvey(), a)
		}
	}
}

// Normalise brings r, which it takes over, into its one form, or returns
// everything that is wrong with it. now bounds submittedAt.
func (n *Normaliser) Normalise(r *eventsv1.Response, now time.Time) (Submission, []Violation) {
	var c checker
	if r == nil {
		c.add("response", "is required")
		return Submission{}, c.found
	}
	r.Id = c.printable("id", r.GetId(), MaxID)
	r.Survey = c.survey(r.GetSurvey())
	r.Channel = c.line("channel", r.GetChannel(), MaxLabel)
	r.Touchpoint = c.line("touchpoint", r.GetTouchpoint(), MaxLabel)
	r.Customer = n.customer(&c, r.GetCustomer())
	n.declare(r)
	c.answers(r)
	r.Attributes = c.attributes(r.GetAttributes())
	if r.GetConsent() != nil {
		r.Consent.Purpose = c.line("consent.purpose", r.Consent.GetPurpose(), MaxLabel)
		if r.Consent.Callback == nil && r.Consent.GetPurpose() == "" {
			r.Consent = nil
		}
	}
	c.submitted(r.GetSubmittedAt(), now)
	r.CallbackSlots = c.slots(r.GetCallbackSlots())
	if id := r.GetCallbackId(); id != "" && subject.CheckCallbackID(id) != nil {
		c.add("callbackId", "is no callback's id")
	}
	if len(c.found) > 0 {
		return Submission{}, c.found
	}
	digest, size, err := digestOf(r)
	switch {
	case err != nil:
		c.add("response", "cannot be encoded")
	case size > MaxBytes:
		c.add("response", tooLarge(size))
	}
	return Submission{Response: r, Digest: digest}, c.found
}

// CheckWhole returns what keeps a merged response from being stored.
func CheckWhole(r *eventsv1.Response) []Violation {
	var c checker
	if n := len(r.GetAnswers()); n > MaxAnswers {
		c.add("answers", fmt.Sprintf("are %d with those received before, at most %d are kept", n, MaxAnswers))
	}
	if n := len(r.GetAttributes()); n > MaxAttributes {
		c.add("attributes", fmt.Sprintf("are %d with those received before, at most %d are kept", n, MaxAttributes))
	}
	if _, size, err := digestOf(r); err != nil || size > MaxBytes {
		c.add("response", tooLarge(size)+" with what was received before")
	}
	return c.found
}

func tooLarge(size int) string {
	return fmt.Sprintf("is %d bytes when encoded, at most %d are taken", size, MaxBytes)
}

// checker collects violations. A path is made only when something is wrong.
type checker struct {
	found  []Violation
	within string // what the paths begin with: "", "answers", "attributes." or "callbackSlots"
	index  int    // of the answer or the slot
	name   string // of the attribute
}

func (c *checker) add(path, problem string) {
	switch c.within {
	case "answers", "callbackSlots":
		path = c.within + "[" + strconv.Itoa(c.index) + "]" + path
	case "attributes.":
		path = c.within + showable(c.name)
	}
	c.found = append(c.found, Violation{Path: path, Problem: problem})
}

func (c *checker) survey(s string) string {
	const path = "survey"
	before := len(c.found)
	s = c.line(path, s, MaxLabel)
	switch {
	case len(c.found) > before:
	case s == "":
		c.add(path, "is required")
	case subject.CheckToken(s) != nil:
		c.add(path, subject.ErrToken.Error())
	}
	return s
}

func (c *checker) submitted(at *timestamppb.Timestamp, now time.Time) {
	const path = "submittedAt"
	switch {
	case at == nil:
	case at.CheckValid() != nil:
		c.add(path, "is no point in time")
	case at.AsTime().Before(earliest):
		c.add(path, "is before the year 2000")
	case at.AsTime().After(now.Add(futureSkew)):
		c.add(path, "is more than 24 hours in the future")
	}
}

func finite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }
