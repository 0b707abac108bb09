package page

import (
	"net/url"
	"slices"
	"strings"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
	"github.com/rappel-loop/rappel/services/collector/internal/response"
)

// contact is how whoever asks to be called can be reached, as they wrote it.
type contact struct{ name, phone, email string }

// isStranger says that the link does not tell who answers: only then are they asked for
// more than a number.
func (f *form) isStranger() bool {
	c := f.v.invite.GetCustomer()
	return c.GetId()+c.GetName()+c.GetEmail()+c.GetPhone() == ""
}

// hasPhone says that the customer can be called at a number that they need not be shown.
func (f *form) hasPhone() bool {
	return f.v.invite.GetCustomer().GetPhone() != "" || f.v.held.GetCustomer().GetPhone() != ""
}

func (f *form) readContact(sent url.Values) {
	f.contact = contact{phone: strings.TrimSpace(sent.Get("phone"))}
	if f.isStranger() {
		f.name, f.email = strings.TrimSpace(sent.Get("name")), strings.TrimSpace(sent.Get("email"))
	}
}

// reach adds what was written to a customer. What they leave empty stays as it is held:
// the response's pieces are merged.
func (f *form) reach(c *eventsv1.Customer) {
	for _, to := range []struct {
		field   *string
		written string
	}{{&c.Name, f.name}, {&c.Phone, f.phone}, {&c.Email, f.email}} {
		if to.written != "" {
			*to.field = to.written
		}
	}
}

// input is a field of one line.
type input struct {
	Field, Type, Complete string // Complete is what a browser fills it with
	Label, Value, Problem string
	Required              bool
	Most                  int // characters
}

// inputs are the fields of the contact. A number that is held already is not shown, nor is
// a name: whoever has the link would see them.
func (f *form) inputs(problems []problem) []input {
	say := f.v.say()
	phone := input{
		Field: "phone", Type: "tel", Complete: "tel", Label: say.Phone, Value: f.phone, Required: !f.hasPhone(), Most: response.MaxPhone,
	}
	if f.hasPhone() {
		phone.Label = say.OtherPhone
	}
	all := []input{phone}
	if f.isStranger() {
		all = []input{
			{Field: "name", Type: "text", Complete: "name", Label: say.Name, Value: f.name, Most: response.MaxName},
			phone,
			{Field: "email", Type: "email", Complete: "email", Label: say.Email, Value: f.email, Most: response.MaxEmail},
		}
	}
	for i := range all {
		all[i].Problem = at(problems, all[i].Field)
	}
	return all
}

// refused says at their fields what the collector refuses.
func (f *form) refused(violations []response.Violation) []problem {
	say := f.v.say()
	var found []problem
	for _, v := range violations {
		switch {
		case v.Path == "customer.phone" && f.phone != "":
			found = append(found, problem{"phone", say.BadPhone})
		case v.Path == "customer.email" && f.email != "":
			found = append(found, problem{"email", say.BadEmail})
		case v.Path == "customer.name" && f.name != "":
			found = append(found, problem{"name", say.BadName})
		case strings.HasSuffix(v.Path, ".verbatim"):
			found = append(found, problem{"", say.TooLong})
		default:
			found = append(found, problem{"", say.Again})
		}
	}
	return found
}

// fields stand below the questions, in this order.
var fields = []string{"name", "phone", "email", "slot"}

// inOrder sorts what is wrong as it stands on the page.
func inOrder(problems []problem) []problem {
	slices.SortStableFunc(problems, func(a, b problem) int { return slices.Index(fields, a.Field) - slices.Index(fields, b.Field) })
	return problems
}

// On puts the page beside an input, for its template.
func (i input) On(page *document) map[string]any { return map[string]any{"Input": i, "Page": page} }
