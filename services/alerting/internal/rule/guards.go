package rule

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// guarded is something a condition says that type-checks and is still a mistake.
type guarded struct {
	id     int64
	reason string
}

// asks says which fields are 0 when there is nothing to read, and which field
// tells that apart from a customer who gave the worst score.
var asks = map[string]struct {
	risky []string
	ask   []string
}{
	"nps":   {[]string{"satisfaction", "value"}, []string{"metric", "class"}},
	"csat":  {[]string{"satisfaction", "value"}, []string{"metric", "class"}},
	"ces":   {[]string{"satisfaction", "value"}, []string{"metric", "class"}},
	"fcr":   {[]string{"satisfaction", "value"}, []string{"metric", "class"}},
	"score": {[]string{"worst_satisfaction"}, []string{"worst_class"}},
}

// classesOf lists the classes that a metric can have.
var classesOf = map[string][]eventsv1.Class{
	"nps":  {eventsv1.Class_DETRACTOR, eventsv1.Class_PASSIVE, eventsv1.Class_PROMOTER},
	"csat": {eventsv1.Class_DISSATISFIED, eventsv1.Class_NEUTRAL, eventsv1.Class_SATISFIED},
	"ces":  {eventsv1.Class_HIGH_EFFORT, eventsv1.Class_NEUTRAL, eventsv1.Class_LOW_EFFORT},
	"fcr":  {eventsv1.Class_RESOLVED, eventsv1.Class_UNRESOLVED},
}

// guard finds four mistakes that the type checker cannot see, each of which
// would call the wrong customers, or none, without a word: a number read where
// no question was asked, an attribute read that a response may lack, a class of
// another metric, and a word that a fact never is.
func guard(a *ast.AST) []guarded {
	r := &reading{
		fields: map[string]map[string]int64{}, has: map[string]map[string]int64{},
		keys: map[string]int64{}, asked: map[string]bool{},
	}
	ast.PreOrderVisit(a.Expr(), ast.NewExprVisitor(r.visit))
	r.numbers()
	r.attributes()
	return r.found
}

// compared checks the classes that a metric's class is compared with.
func (r *reading) compared(e ast.Expr, with ...ast.Expr) {
	if e.Kind() != ast.SelectKind || e.AsSelect().FieldName() != "class" || e.AsSelect().Operand().Kind() != ast.IdentKind {
		return
	}
	metric := ident(e.AsSelect().Operand())
	allowed, ok := classesOf[metric]
	if !ok {
		return
	}
	for _, w := range with {
		name, ok := constant(w)
		if !ok {
			continue
		}
		class, isClass := strings.CutPrefix(name, "Class.")
		if isClass && (class == eventsv1.Class_CLASS_UNSPECIFIED.String() || slices.Contains(allowed, eventsv1.Class(eventsv1.Class_value[class]))) {
			continue
		}
		r.found = append(r.found, guarded{w.ID(), fmt.Sprintf("%s.class is never %s: it is %s", metric, name, classNames(allowed))})
	}
}

// numbers refuses a number that is read without asking whether there is one.
func (r *reading) numbers() {
	for name, a := range asks {
		asked := false
		for _, f := range a.ask {
			_, plainly := r.fields[name][f]
			_, under := r.has[name][f]
			asked = asked || plainly || under
		}
		instead := fmt.Sprintf("has(%s.%s)", name, a.ask[0])
		for _, f := range a.risky {
			if id, ok := r.fields[name][f]; ok && !asked {
				r.found = append(r.found, guarded{id, fmt.Sprintf(
					"%s.%s is 0 when nothing was asked, which is also the worst there is: write %s && …", name, f, instead)})
			}
			if id, ok := r.has[name][f]; ok {
				r.found = append(r.found, guarded{id, fmt.Sprintf(
					"has(%s.%s) is false for 0, which is the worst there is: write %s", name, f, instead)})
			}
		}
	}
}

// attributes refuses a key that is read without asking whether it is there.
func (r *reading) attributes() {
	for key, id := range r.keys {
		if !r.asked[key] {
			r.found = append(r.found, guarded{id, fmt.Sprintf(
				"fails on a response without the attribute %q: write attributes[?%q].orValue(\"\")", key, key)})
		}
	}
}

func classNames(classes []eventsv1.Class) string {
	names := make([]string, len(classes))
	for i, c := range classes {
		names[i] = c.String()
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}
