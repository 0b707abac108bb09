package rule

import (
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// reading is what a condition reads.
type reading struct {
	fields map[string]map[string]int64 // variable, field: where first
	has    map[string]map[string]int64 // the same under has()
	keys   map[string]int64            // attributes["key"]: where first
	asked  map[string]bool             // keys looked for
	found  []guarded
}

func (r *reading) visit(e ast.Expr) {
	if e.Kind() == ast.SelectKind {
		r.selected(e)
	}
	if e.Kind() == ast.CallKind {
		r.called(e.AsCall())
	}
}

func (r *reading) selected(e ast.Expr) {
	s := e.AsSelect()
	if isAttributes(s.Operand()) {
		if s.IsTestOnly() {
			r.asked[s.FieldName()] = true
		} else {
			r.key(s.FieldName(), e.ID())
		}
		return
	}
	if s.Operand().Kind() != ast.IdentKind {
		return
	}
	into := r.fields
	if s.IsTestOnly() {
		into = r.has
	}
	name := ident(s.Operand())
	if into[name] == nil {
		into[name] = map[string]int64{}
	}
	if _, seen := into[name][s.FieldName()]; !seen {
		into[name][s.FieldName()] = e.ID()
	}
}

func (r *reading) called(c ast.CallExpr) {
	args := c.Args()
	if len(args) != 2 {
		return
	}
	switch c.FunctionName() {
	case operators.Index:
		if key, ok := text(args[1]); ok && isAttributes(args[0]) {
			r.key(key, args[1].ID())
		}
	case operators.In, operators.OldIn:
		if key, ok := text(args[0]); ok && isAttributes(args[1]) {
			r.asked[key] = true
		}
		r.compared(args[0], listItems(args[1])...)
		r.spelled(args[0], listItems(args[1])...) // sentiment in ["negative"]
		r.spelled(args[1], args[0])               // "urgent" in intents
	case operators.Equals, operators.NotEquals:
		r.compared(args[0], args[1])
		r.compared(args[1], args[0])
		r.spelled(args[0], args[1])
		r.spelled(args[1], args[0])
	}
}

func (r *reading) key(key string, id int64) {
	if _, seen := r.keys[key]; !seen {
		r.keys[key] = id
	}
}

func isAttributes(e ast.Expr) bool {
	if e.Kind() == ast.IdentKind {
		return ident(e) == "attributes"
	}
	if e.Kind() != ast.SelectKind {
		return false
	}
	s := e.AsSelect()
	return s.FieldName() == "attributes" && s.Operand().Kind() == ast.IdentKind && ident(s.Operand()) == "response"
}

// ident is a variable's name; the checker may have made it absolute.
func ident(e ast.Expr) string { return strings.TrimPrefix(e.AsIdent(), ".") }

// constant is the name of an enum value, as Class.DETRACTOR.
func constant(e ast.Expr) (string, bool) {
	if e.Kind() != ast.IdentKind {
		return "", false
	}
	return strings.CutPrefix(ident(e), container+".")
}

func text(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

func listItems(e ast.Expr) []ast.Expr {
	if e.Kind() != ast.ListKind {
		return nil
	}
	return e.AsList().Elements()
}
