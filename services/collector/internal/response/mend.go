package response

import (
	"fmt"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// AttributeDropped is the attribute in which a mended response names what it lost.
const AttributeDropped = "rappel_dropped"

// Mend takes out of r, in place, what the violations name beside its answers, so that a
// score is not lost for an address that is none: a detail of the customer, the channel, an
// attribute, the slots; a verbatim that is too long is cut. An address is first looked for
// in what stands in its place ("Nadia <n@example.org>"). What was lost is named, without its
// value, in the attribute rappel_dropped. r is as it was given, not normalised; it is false
// where something else is wrong, and r is then of no more use.
//
// It is for sources that nobody can answer: who sends an answer by the API is told.
func Mend(r *eventsv1.Response, found []Violation) bool {
	var dropped []string
	for _, v := range found {
		name, ok := mend(r, v.Path)
		if !ok {
			return false
		}
		if name != "" && !slices.Contains(dropped, name) {
			dropped = append(dropped, name)
		}
	}
	if len(dropped) == 0 {
		return true
	}
	for len(r.GetAttributes()) >= MaxAttributes { // one has to make room
		names := make([]string, 0, len(r.GetAttributes()))
		for name := range r.GetAttributes() {
			names = append(names, name)
		}
		delete(r.Attributes, slices.Max(names))
	}
	if r.Attributes == nil {
		r.Attributes = map[string]string{}
	}
	r.Attributes[AttributeDropped] = cutRunes(strings.Join(dropped, " "), MaxAttributeValue)
	return true
}

// mend mends one field, and returns the name of what was lost by it, if anything was.
func mend(r *eventsv1.Response, path string) (lost string, ok bool) {
	switch path {
	case "channel":
		r.Channel = ""
	case "touchpoint":
		r.Touchpoint = ""
	case "consent.purpose":
		r.Consent.Purpose = ""
	case "callbackId":
		r.CallbackId = ""
	case "submittedAt":
		r.SubmittedAt = nil
	default:
		switch {
		case strings.HasPrefix(path, "customer."):
			return mendCustomer(r.GetCustomer(), path)
		case strings.HasPrefix(path, "attributes"):
			return "attributes", mendAttributes(r)
		case strings.HasPrefix(path, "callbackSlots"):
			r.CallbackSlots = nil
			return "callbackSlots", true
		case strings.HasPrefix(path, "answers[") && strings.HasSuffix(path, "].verbatim"):
			return path, mendVerbatim(r, path)
		}
		return "", false
	}
	return path, true
}

func mendCustomer(c *eventsv1.Customer, path string) (string, bool) {
	if c == nil {
		return "", false
	}
	switch path {
	case "customer.id":
		c.Id = ""
	case "customer.name":
		c.Name = ""
	case "customer.email":
		if a, err := mail.ParseAddress(strings.TrimSpace(c.GetEmail())); err == nil && a.Address != c.GetEmail() {
			c.Email = a.Address
			return "", true
		}
		c.Email = ""
	case "customer.phone":
		c.Phone = ""
	case "customer.language":
		c.Language = ""
	case "customer.timeZone":
		c.TimeZone = ""
	default:
		return "", false
	}
	return path, true
}

// mendAttributes keeps the attributes that are right, up to the limit.
func mendAttributes(r *eventsv1.Response) bool {
	names := make([]string, 0, len(r.GetAttributes()))
	for name, value := range r.GetAttributes() {
		var c checker
		if c.attributes(map[string]string{name: value}); len(c.found) == 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	kept := make(map[string]string, len(names))
	for _, name := range names[:min(len(names), MaxAttributes-1)] {
		kept[name] = r.GetAttributes()[name]
	}
	r.Attributes = kept
	return true
}

// mendVerbatim makes a text of what can be kept of one.
func mendVerbatim(r *eventsv1.Response, path string) bool {
	index, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(path, "answers["), "].verbatim"))
	if err != nil || index >= len(r.GetAnswers()) {
		return false
	}
	a := r.GetAnswers()[index]
	text := strings.ToValidUTF8(a.GetVerbatim(), string(utf8.RuneError))
	text = strings.Map(func(c rune) rune {
		if c == '\r' || c < ' ' && c != '\n' && c != '\t' || c >= 0x7f && c < 0xa0 {
			return ' '
		}
		return c
	}, text)
	a.Verbatim = cutRunes(strings.TrimSpace(text), MaxVerbatim)
	if unclean(a.Verbatim, true) == "" && a.Verbatim != "" {
		return true
	}
	// Nothing is left of it: an answer that only had this text goes.
	if a.GetMetric() != eventsv1.Metric_METRIC_UNSPECIFIED || len(r.GetAnswers()) == 1 {
		return false
	}
	a.Verbatim = fmt.Sprintf("[%d bytes that could not be read]", len(text))
	return true
}

// cutRunes shortens s to at most so many characters, and marks it.
func cutRunes(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	n := 0
	for i := range s {
		if n == most-1 {
			return s[:i] + "…"
		}
		n++
	}
	return s
}
