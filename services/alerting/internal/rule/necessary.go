package rule

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// need is what must hold of a response for a condition to be true: of what it is made of,
// all, or any one, or one of the keys. A need is told only where the condition is
// certainly false without it. It is never an error then either: && and || are false, in
// CEL, where one side is (or both are), whatever the other does.
type need struct {
	keys []key
	all  []*need
	any  []*need
}

// necessary is what a condition needs; nil where that cannot be told, so that the
// condition has to be asked.
func necessary(e ast.Expr) *need {
	switch e.Kind() {
	case ast.IdentKind:
		return truth(e, "true")
	case ast.SelectKind:
		s := e.AsSelect()
		if _, metric := classesOf[name(s.Operand())]; metric && s.IsTestOnly() && s.FieldName() == "metric" {
			return keyed(fact{kind: askedFact, name: name(s.Operand())}, "true")
		}
	case ast.CallKind:
		return necessaryCall(e.AsCall())
	default:
	}
	return nil
}

func necessaryCall(c ast.CallExpr) *need {
	args := c.Args()
	switch c.FunctionName() {
	case operators.LogicalAnd:
		return every(args)
	case operators.LogicalOr:
		return either(args)
	case operators.LogicalNot:
		return truth(args[0], "false")
	case operators.Equals:
		if n := oneOf(args[0], args[1:]); n != nil {
			return n
		}
		return oneOf(args[1], args[:1])
	case operators.In, operators.OldIn:
		return within(args[0], args[1])
	default:
		return nil
	}
}

func every(of []ast.Expr) *need {
	n := &need{}
	for _, e := range of {
		if one := necessary(e); one != nil {
			n.all = append(n.all, one)
		}
	}
	if len(n.all) == 0 {
		return nil
	}
	return n
}

func either(of []ast.Expr) *need {
	n := &need{}
	for _, e := range of {
		one := necessary(e)
		if one == nil {
			return nil
		}
		n.any = append(n.any, one)
	}
	return n
}

// within is about "x" in list, "x" in attributes, and fact in ["x", "y"].
func within(what, in ast.Expr) *need {
	if word, ok := text(what); ok {
		if isAttributes(in) {
			return keyed(fact{kind: givenFact, name: word}, "true")
		}
		if kindOf[name(in)] == cel.ListKind {
			return keyed(fact{kind: variableFact, name: name(in)}, word)
		}
		return nil
	}
	if items := listItems(in); len(items) > 0 {
		return oneOf(what, items)
	}
	return nil
}

// oneOf is a fact that equals one of some constants.
func oneOf(e ast.Expr, constants []ast.Expr) *need {
	f, read, ok := factOf(e)
	if !ok {
		return nil
	}
	n := &need{}
	for _, c := range constants {
		value, ok := read(c)
		if !ok {
			return nil
		}
		n.keys = append(n.keys, key{f, value})
	}
	return n
}

func keyed(f fact, value string) *need { return &need{keys: []key{{f, value}}} }

func truth(e ast.Expr, value string) *need {
	if n := name(e); kindOf[n] == cel.BoolKind {
		return keyed(fact{kind: variableFact, name: n}, value)
	}
	return nil
}

// name is a variable's; empty for anything else.
func name(e ast.Expr) string {
	if e.Kind() != ast.IdentKind {
		return ""
	}
	return ident(e)
}
