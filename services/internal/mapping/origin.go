package mapping

import (
	"strconv"
	"strings"
)

// Origin says which columns a field of a row's response came from, so that what
// the collector refuses can be shown as what the person sees in the file:
// answers[0].value becomes "Note sur 10". A field it does not know is returned
// as it is.
func (b *Bound) Origin(row Row, field string) string { return b.m.origin(row, field) }

func (m *Mapping) origin(row Row, field string) string {
	head, _, _ := strings.Cut(field, ".")
	if inner, ok := strings.CutPrefix(head, "answers["); ok {
		i, err := strconv.Atoi(strings.TrimSuffix(inner, "]"))
		if err == nil && i >= 0 && i < len(row.answers) && row.answers[i] != "" {
			return row.answers[i]
		}
		return field
	}
	var v *value
	switch field {
	case "survey":
		v = m.survey
	case "id":
		v = m.id
	case "channel":
		v = m.channel
	case "consent.purpose":
		v = m.purpose
	case "touchpoint":
		v = m.touchpoint
	case "callbackId":
		v = m.callbackID
	case "submittedAt":
		if m.submittedAt != nil {
			return label([]string{m.submittedAt.place})
		}
	default:
		if name, ok := strings.CutPrefix(field, "customer."); ok {
			v = m.customer[name]
		}
	}
	if v != nil && len(v.places()) > 0 {
		return label(v.places())
	}
	return field
}
