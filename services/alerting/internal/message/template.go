package message

import (
	"bytes"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"
	"time"
)

// Bounds of an operator's template.
const (
	// MaxTemplate is how long its text is, in bytes.
	MaxTemplate = 16 << 10
	// MaxOutput is how much it writes, in bytes.
	MaxOutput = 64 << 10
	maxDepth  = 3 // of loops in loops
)

// Template is an operator's own text.
type Template struct{ run func(io.Writer, any) error }

// Fault is what is wrong with a template.
type Fault struct {
	// Line counts from 1, within the template.
	Line    int
	Message string
}

func (f *Fault) Error() string { return fmt.Sprintf("line %d: %s", f.Line, f.Message) }

// Parse reads a template for Facts; html escapes what it shows for HTML. It is tried with
// every kind of notification: what it finds wrong is a *Fault.
func Parse(text string, html bool) (*Template, error) {
	t, err := read(text, html)
	if err != nil {
		return nil, err
	}
	for _, kind := range Kinds() {
		for _, customers := range []bool{false, true} {
			if _, err := t.execute(Of(Sample(kind, time.Unix(0, 0)), SampleOptions(customers))); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// ParseCustomer reads a template for CustomerFacts.
func ParseCustomer(text string, html bool) (*Template, error) {
	t, err := read(text, html)
	if err != nil {
		return nil, err
	}
	_, err = t.execute(OfCustomer("", "fr", "s"))
	return t, err
}

func read(text string, html bool) (*Template, error) {
	if len(text) > MaxTemplate {
		return nil, &Fault{1, fmt.Sprintf("is longer than %d bytes", MaxTemplate)}
	}
	trees, err := parse.Parse(name, text, "", "", functions, builtins)
	if err != nil {
		return nil, fault(err)
	}
	if len(trees) > 1 {
		return nil, &Fault{1, "must define no other template"}
	}
	if f := checked(trees[name]); f != nil {
		return nil, f
	}
	if html {
		t, err := htmltemplate.New(name).Funcs(functions).Option("missingkey=zero").Parse(text)
		if err != nil {
			return nil, fault(err)
		}
		return &Template{t.Execute}, nil
	}
	t, err := template.New(name).Funcs(functions).Option("missingkey=zero").Parse(text)
	if err != nil {
		return nil, fault(err)
	}
	return &Template{t.Execute}, nil
}

const name = "template"

var where = regexp.MustCompile(`(?s)^(?:html/)?template: ?` + name + `:(\d+)(?::\d+)?: (.*)$`)

// fault is an error of the template packages with its line.
func fault(err error) *Fault {
	if m := where.FindStringSubmatch(err.Error()); m != nil {
		n, _ := strconv.Atoi(m[1])
		return &Fault{n, strings.TrimPrefix(m[2], `executing "`+name+`" at `)}
	}
	return &Fault{1, strings.ReplaceAll(err.Error(), "template: "+name+": ", "")}
}

var errTooLong = errors.New("it writes too much")

// bounded is a writer that takes so much, and then ends the template.
type bounded struct {
	bytes.Buffer
	left int
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errTooLong
	}
	return b.Buffer.Write(p)
}

func (t *Template) execute(facts any) (string, error) {
	out := &bounded{left: MaxOutput}
	if err := t.run(out, facts); err != nil {
		if errors.Is(err, errTooLong) {
			return "", &Fault{1, fmt.Sprintf("it writes more than %d bytes", MaxOutput)}
		}
		return "", fault(err)
	}
	return out.String(), nil
}

// Templates are a receiver's own; nil ones are not there.
type Templates struct{ Title, Text, HTML *Template }

// Render says what a notification tells, by the templates where there are any. The document
// can be sent even if there is an error: what a template failed on is said by the built-in text.
func (t Templates) Render(f Facts) (Document, error) { return t.render(Describe(f), f) }

// RenderCustomer says what a customer is told.
func (t Templates) RenderCustomer(f CustomerFacts) (Document, error) {
	return t.render(Document{Title: f.Title, Text: f.Text}, f)
}

func (t Templates) render(d Document, facts any) (Document, error) {
	var errs []error
	run := func(what string, t *Template, set func(string)) {
		if t == nil {
			return
		}
		text, err := t.execute(facts)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", what, err))
			return
		}
		if strings.TrimSpace(text) != "" {
			set(text)
		}
	}
	run("title", t.Title, func(s string) { d.Title = line(s, MaxTitle) })
	run("body", t.Text, func(s string) { d.Text = visible(s) })
	run("html", t.HTML, func(s string) { d.HTML = s })
	return d, errors.Join(errs...)
}

// visible removes what a screen would obey; lines stay.
func visible(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, l := range lines {
		indent := l[:len(l)-len(strings.TrimLeft(l, " "))]
		lines[i] = strings.TrimRight(indent+line(l, MaxOutput), " ")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n") + "\n"
}

// builtins are those of the template packages that a template may call; the rest could make
// much of little.
var builtins = map[string]any{
	"and": true, "or": true, "not": true, "len": true, "index": true, "eq": true, "ne": true, "lt": true, "le": true, "gt": true, "ge": true,
}

var functions = map[string]any{
	"upper": strings.ToUpper, "lower": strings.ToLower, "capital": capital,
	"cut":      func(most int, s string) string { return line(s, max(1, min(most, MaxOutput))) },
	"join":     func(sep string, all []string) string { return line(strings.Join(all, sep), MaxOutput) },
	"theme":    func(language, s string) string { return wordsOf(language).theme(s) },
	"severity": func(language, s string) string { w := wordsOf(language); return w.named(w.Severities, s) },
	"class":    func(language, s string) string { w := wordsOf(language); return w.named(w.Classes, s) },
	"number":   number,
	"date":     func(layout string, t time.Time) string { return t.Format(layout[:min(len(layout), 64)]) },
	"ago":      func(language string, d time.Duration) string { return wordsOf(language).long(d) },
}

func number(language string, v any) string {
	switch v := v.(type) {
	case float64:
		return wordsOf(language).number(v)
	case *float64:
		if v != nil {
			return wordsOf(language).number(*v)
		}
	case int:
		return strconv.Itoa(v)
	}
	return ""
}

// lists are the fields that a loop may go over: each is short.
var lists = []string{"Firing", "Resolved", "Labels", "Verbatims", "Measures", "Series"}

// checked looks for what would make a template run on, or grow.
func checked(t *parse.Tree) *Fault {
	if t == nil || t.Root == nil {
		return nil
	}
	c := checker{text: t}
	c.walk(t.Root, 0)
	return c.fault
}

type checker struct {
	text  *parse.Tree
	fault *Fault
}

func (c *checker) wrong(n parse.Node, message string) {
	if c.fault != nil {
		return
	}
	place, _ := c.text.ErrorContext(n) // template:line:column
	l := 1
	if parts := strings.Split(place, ":"); len(parts) > 1 {
		l, _ = strconv.Atoi(parts[1])
	}
	c.fault = &Fault{l, message}
}

func (c *checker) walk(n parse.Node, depth int) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, one := range n.Nodes {
				c.walk(one, depth)
			}
		}
	case *parse.RangeNode:
		if depth >= maxDepth {
			c.wrong(n, fmt.Sprintf("loops may stand %d deep in each other, not more", maxDepth))
		}
		if !overList(n.Pipe) {
			c.wrong(n, "a loop goes over one of "+strings.Join(lists, ", ")+", as {{range .Firing}}")
		}
		c.branch(n.List, n.ElseList, depth+1)
	case *parse.IfNode:
		c.walk(n.Pipe, depth)
		c.branch(n.List, n.ElseList, depth)
	case *parse.WithNode:
		c.walk(n.Pipe, depth)
		c.branch(n.List, n.ElseList, depth)
	case *parse.TemplateNode:
		c.wrong(n, "must call no other template")
	case *parse.ActionNode:
		c.walk(n.Pipe, depth)
	case *parse.PipeNode:
		if n.IsAssign {
			c.wrong(n, "a variable is set once, by :=")
		}
		for _, cmd := range n.Cmds {
			for _, arg := range cmd.Args {
				c.walk(arg, depth)
			}
		}
	}
}

func (c *checker) branch(then, otherwise *parse.ListNode, depth int) {
	c.walk(then, depth)
	c.walk(otherwise, depth)
}

func overList(p *parse.PipeNode) bool {
	if len(p.Cmds) != 1 || len(p.Cmds[0].Args) != 1 || p.IsAssign {
		return false
	}
	var path []string
	switch n := p.Cmds[0].Args[0].(type) {
	case *parse.FieldNode:
		path = n.Ident
	case *parse.VariableNode:
		path = n.Ident
	}
	return len(path) > 0 && slices.Contains(lists, path[len(path)-1])
}
