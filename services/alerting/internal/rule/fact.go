package rule

import (
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// fact is a question about a response that has one answer, or a few: the answers are
// what an index is looked up by.
type fact struct {
	kind factKind
	// name is the variable, the metric or the attribute that is asked about.
	name string
	// fallback is what holds where the attribute is missing.
	fallback string
}

type factKind uint8

const (
	variableFact  factKind = iota // what a text, a truth or a list of texts is
	classFact                     // the class of a metric's worst answer, or of the response's (score)
	askedFact                     // whether a metric was asked about
	attributeFact                 // the value of an attribute, or the fallback
	givenFact                     // whether an attribute is there
)

// key is one answer to a fact.
type key struct {
	fact
	value string
}

// factOf is the fact that an expression asks for, and how the constants are read that it
// is compared with.
func factOf(e ast.Expr) (fact, func(ast.Expr) (string, bool), bool) {
	switch e.Kind() {
	case ast.IdentKind:
		return fact{kind: variableFact, name: ident(e)}, text, kindOf[ident(e)] == cel.StringKind
	case ast.SelectKind:
		s, of := e.AsSelect(), name(e.AsSelect().Operand())
		_, metric := classesOf[of]
		isClass := metric && s.FieldName() == "class" || of == "score" && s.FieldName() == "worst_class"
		return fact{kind: classFact, name: of}, classNumber, isClass && !s.IsTestOnly()
	case ast.CallKind:
		f, ok := attributeOrElse(e.AsCall())
		return f, text, ok
	default:
		return fact{}, nil, false
	}
}

// attributeOrElse is about attributes[?"x"].orValue("y") and attributes.?x.orValue("y").
func attributeOrElse(c ast.CallExpr) (fact, bool) {
	if c.FunctionName() != "orValue" || !c.IsMemberFunction() || c.Target().Kind() != ast.CallKind || len(c.Args()) != 1 {
		return fact{}, false
	}
	look := c.Target().AsCall()
	if f := look.FunctionName(); f != operators.OptIndex && f != operators.OptSelect || len(look.Args()) != 2 || !isAttributes(look.Args()[0]) {
		return fact{}, false
	}
	k, isText := text(look.Args()[1])
	fallback, constant := text(c.Args()[0])
	return fact{kind: attributeFact, name: k, fallback: fallback}, isText && constant
}

// classNumber is a class as facts answer with it.
func classNumber(e ast.Expr) (string, bool) {
	n, _ := constant(e)
	n, isClass := strings.CutPrefix(n, "Class.")
	class, known := eventsv1.Class_value[n]
	return strconv.Itoa(int(class)), isClass && known
}

// kindOf is the kind of each variable.
var kindOf = func() map[string]cel.Kind {
	out := map[string]cel.Kind{}
	for _, v := range variables() {
		out[v.name] = v.kind.Kind()
	}
	return out
}()
