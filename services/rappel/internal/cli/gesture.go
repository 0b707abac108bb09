package cli

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// gestureForm is KIND or KIND:VALUE, with a decimal comma or point and two digits
// behind it at most. A kind is what the API takes.
var gestureForm = regexp.MustCompile(`^([A-Za-z0-9_-]{1,64})(?::([0-9]+)(?:[.,]([0-9]{1,2}))?)?$`)

// parseGesture reads a gesture of goodwill. The value is read digit by digit: no sum
// of money becomes another on the way.
func parseGesture(s string) (*eventsv1.Gesture, bool) {
	m := gestureForm.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return nil, false
	}
	cents, err := strconv.ParseInt("0"+m[2]+(m[3] + "00")[:2], 10, 64)
	if err != nil {
		return nil, false
	}
	return &eventsv1.Gesture{Kind: m[1], Cents: cents}, true
}

// gesture says what the customer was given; empty for nothing.
func (d *desk) gesture(g *eventsv1.Gesture) string {
	if g == nil {
		return ""
	}
	text := d.w.Gesture + d.w.Colon + oneLine(g.GetKind())
	if g.GetCents() == 0 {
		return text
	}
	value := fmt.Sprintf("%d%s%02d", g.GetCents()/100, d.w.Decimal, g.GetCents()%100)
	return text + ", " + strings.TrimSpace(value+" "+oneLine(g.GetCurrency()))
}
