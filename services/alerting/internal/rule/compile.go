package rule

import (
	"fmt"
	"regexp"
	"strings"

	"cel.dev/cel-go/cel"
	"go.yaml.in/yaml/v3"
)

// compiler turns conditions into programs.
type compiler struct {
	env     *cel.Env
	maxCost uint64
}

func newCompiler(maxCost uint64) (*compiler, error) {
	env, err := newEnvironment()
	if err != nil {
		return nil, fmt.Errorf("rule language: %w", err)
	}
	return &compiler{env: env, maxCost: maxCost}, nil
}

// compile compiles a rule's condition, which is written at n, or says what is
// wrong with it and where.
func (r *reader) compile(out *Rule, n *yaml.Node, path string) {
	c, source := r.compiler, textSource(out.When)
	ast, issues := c.env.CompileSource(source)
	if issues.Err() != nil {
		for _, e := range issues.Errors() {
			offset, _ := source.LocationOffset(e.Location)
			r.wrongAt(r.locate(n, int(offset)), plain(e.Message))
		}
		return
	}
	if ast.OutputType() != cel.BoolType {
		r.Wrong(n, path, "must be true or false, this is %s: compare it with something", cel.FormatCELType(ast.OutputType()))
		return
	}
	info := ast.NativeRep().SourceInfo()
	out.locate = func(id int64) Position {
		offsets, ok := info.GetOffsetRange(id)
		if !ok {
			return r.position(n)
		}
		return r.locate(n, int(offsets.Start))
	}
	before := r.Count()
	var wrong []guarded
	out.asks, wrong = historyAsked(ast.NativeRep().Expr())
	for _, g := range append(guard(ast.NativeRep()), wrong...) {
		r.wrongAt(out.locate(g.id), g.reason)
	}
	tracked, err := c.price(ast)
	if err != nil {
		r.Wrong(n, path, "%s", err)
	}
	if r.Count() > before {
		return
	}
	opts := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize)}
	if tracked {
		opts = append(opts, cel.CostLimit(c.maxCost))
	}
	out.need = necessary(ast.NativeRep().Expr())
	if out.program, err = c.env.Program(ast, opts...); err != nil {
		r.Wrong(n, path, "cannot be compiled: %s", plain(err.Error()))
	}
}

var (
	inWhat   = regexp.MustCompile(` \(in container '[^']*'\)`)
	operator = regexp.MustCompile(`'_([^'_ ]+)_'`)
)

// helps says what to do where the library's message only says what is.
var helps = []struct{ message, help string }{
	{"undeclared reference", "the names are " + variableNames() + ", Class and Metric"},
	{"token recognition error at: '= '", "== compares"},
	{"comprehension exceeds nesting limit", "exists, all, filter and map can stand in each other twice, not deeper"},
	{"invalid matches argument", "the pattern is no regular expression, or a very large one"},
	{"no matching overload", "the two sides are of kinds that do not go together: a number with a fraction is written 40.0, a text in quotes"},
}

// plain makes a message of the CEL library one line for a person who did not
// write CEL, and helps with the commonest.
func plain(message string) string {
	message, _, _ = strings.Cut(message, "\n")
	message = inWhat.ReplaceAllString(message, "")
	message = operator.ReplaceAllString(message, "'$1'")
	message = strings.ReplaceAll(message, container+".", "")
	for _, h := range helps {
		if strings.Contains(message, h.message) {
			return message + "; " + h.help
		}
	}
	return message
}

func variableNames() string {
	var names []string
	for _, v := range variables() {
		names = append(names, v.name)
	}
	return strings.Join(names, ", ")
}
