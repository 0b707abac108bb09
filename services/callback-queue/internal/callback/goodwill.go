package callback

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Gesture is what a customer was given as a sign of goodwill; the zero Gesture is
// none.
type Gesture struct {
	// Kind is what, as voucher: 1 to 64 letters, digits, _ or -.
	Kind string
	// Cents is its value in hundredths of Currency, 0 or more; Currency is the
	// policy's, an ISO 4217 code.
	Cents    int64
	Currency string
}

// Goodwill is what may be given, and by whom.
type Goodwill struct {
	// Currency is that of every gesture, an ISO 4217 code.
	Currency string
	// Limits are by the agent's role. Without any, everybody may give anything; else
	// who has a role that is not there may give nothing.
	Limits map[string]GoodwillLimit
}

// GoodwillLimit is what agents of one role may give.
type GoodwillLimit struct {
	// Cents is the most for one callback, in hundredths.
	Cents int64
	// Kinds are what; none is anything.
	Kinds []string
}

// GoodwillError says that a gesture is beyond what the agent's role may give.
type GoodwillError struct {
	Limit    GoodwillLimit
	Currency string
	// Given is what was given before, in hundredths.
	Given int64
}

// Error says what may be given.
func (e *GoodwillError) Error() string {
	if e.Limit.Cents == 0 {
		return "the agent's role may give nothing"
	}
	text := fmt.Sprintf("the agent's role may give up to %d.%02d %s", e.Limit.Cents/100, e.Limit.Cents%100, e.Currency)
	if len(e.Limit.Kinds) > 0 {
		text += " as " + strings.Join(e.Limit.Kinds, " or ")
	}
	if e.Given > 0 {
		text += fmt.Sprintf(", and %d.%02d is given already", e.Given/100, e.Given%100)
	}
	return text
}

// check notes what is wrong with a gesture in itself.
func (g Gesture) check(f *fields) {
	if g == (Gesture{}) {
		return
	}
	f.check(isName(g.Kind), "gesture.kind", "must be 1 to 64 letters, digits, _ or -")
	f.check(g.Cents >= 0 && g.Cents <= maxCents, "gesture.cents", "must be 0 to 1000000000")
}

// maxCents bounds a gesture: ten million is a slip of the finger.
const maxCents = 1_000_000_000

// allow returns a *GoodwillError unless the role may give the gesture to a customer who was
// given something for the same callback before, in hundredths, and a *ValidationError when
// it is in another currency.
func (w Goodwill) allow(g Gesture, role string, given int64) error {
	var f fields
	f.check(g.Currency == "" || g.Currency == w.Currency, "gesture.currency", "must be "+w.Currency+", or left out")
	if err := f.err(); err != nil {
		return err
	}
	if g == (Gesture{}) || len(w.Limits) == 0 {
		return nil
	}
	limit := w.Limits[role]
	if g.Cents > 0 && g.Cents > limit.Cents-given || limit.Cents == 0 || len(limit.Kinds) > 0 && !slices.Contains(limit.Kinds, g.Kind) {
		return &GoodwillError{Limit: limit, Currency: w.Currency, Given: given}
	}
	return nil
}

func (w Goodwill) check(f *fields) {
	f.check(len(w.Currency) == 3 && strings.ToUpper(w.Currency) == w.Currency, "goodwill.currency", "must be an ISO 4217 code, as EUR")
	for _, role := range slices.Sorted(maps.Keys(w.Limits)) {
		l, field := w.Limits[role], "goodwill.roles."+role
		if role != "" && !isName(role) {
			f.check(false, "goodwill.roles", "must be named by at most 64 letters, digits, _ or -")
			continue
		}
		f.check(l.Cents >= 0 && l.Cents <= maxCents, field+".up_to", "must be 0 to 10000000")
		f.check(!slices.ContainsFunc(l.Kinds, func(k string) bool { return !isName(k) }), field+".kinds", "must each be 1 to 64 letters, digits, _ or -")
	}
}
