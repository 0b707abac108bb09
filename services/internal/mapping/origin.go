package mapping

import (
	"strconv"
	"strings"
)

// Origin says which columns a field of a row's response came from, so that what
// the collector refuses can be shown as what the person sees in the file:
// answers[0].value becomes "Note sur 10". A field it does not know is returned
// as it is.
func (b *Bound) Origin(row Row, field string) string {
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
		v = b.m.survey
	case "id":
		v = b.m.id
	case "channel":
		v = b.m.channel
	case "touchpoint":
		v = b.m.touchpoint
	case "submittedAt":
		if b.m.submittedAt != nil {
			return label([]string{b.m.submittedAt.column})
		}
	default:
		if name, ok := strings.CutPrefix(field, "customer."); ok {
			v = b.m.customer[name]
		}
	}
	if v != nil && len(v.columns()) > 0 {
		return label(v.columns())
	}
	return field
}
