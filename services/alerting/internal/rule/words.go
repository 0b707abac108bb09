package rule

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	eventsv1 "github.com/rappel-loop/rappel/proto/gen/go/events/v1"
)

// What was found in the verbatims, by its place in Facts.words.
const (
	sentiment = iota
	intents
	themes
	dimensions
)

// word is one of them, worked out once a revision and not once a rule.
func (f *Facts) word(which int) ref.Val {
	if f.words[which] == nil {
		if which == sentiment {
			f.words[which] = types.String(f.worstSentiment())
		} else {
			f.words[which] = types.NewStringList(types.DefaultTypeAdapter, f.found(which))
		}
	}
	return f.words[which]
}

// worstSentiment is negative if any verbatim is, else positive if any is.
func (f *Facts) worstSentiment() string {
	found := ""
	for _, v := range f.score.GetVerbatims() {
		switch v.GetSentiment().GetLabel() {
		case eventsv1.Sentiment_NEGATIVE:
			return "negative"
		case eventsv1.Sentiment_POSITIVE:
			found = "positive"
		case eventsv1.Sentiment_NEUTRAL:
			if found == "" {
				found = "neutral"
			}
		case eventsv1.Sentiment_LABEL_UNSPECIFIED:
		}
	}
	return found
}

// found are the names of what all verbatims have, each once, in their order.
func (f *Facts) found(which int) []string {
	var names []string
	add := func(name string) {
		if !slices.Contains(names, name) && len(names) < mostItems {
			names = append(names, name)
		}
	}
	for _, v := range f.score.GetVerbatims() {
		if which == intents {
			for _, i := range v.GetIntents() {
				add(strings.ToLower(i.GetIntent().String()))
			}
			continue
		}
		for _, t := range v.GetThemes() {
			if which == themes {
				add(t.GetTheme())
			} else {
				add(strings.ToLower(t.GetDimension().String()))
			}
		}
	}
	return names
}

// wordsOf are the words that a fact can be or hold. Themes have any: a deployment may have
// its own.
var wordsOf = map[string][]string{
	"sentiment":  {"negative", "neutral", "positive", ""},
	"intents":    namesOf(eventsv1.Intent_name),
	"dimensions": namesOf(eventsv1.Dimension_name),

	"history.last_callback.outcome": {"resolved", "partly_resolved", "unresolved", "no_action_needed", "unreachable", Canceled, ""},
}

// namesOf are an enum's values but for the one that says nothing.
func namesOf(values map[int32]string) []string {
	var names []string
	for i := range int32(len(values)) {
		if i > 0 {
			names = append(names, strings.ToLower(values[i]))
		}
	}
	return names
}

// Canceled is the outcome of a callback that came to none.
const Canceled = "canceled"

// path is a variable's name, or a field's below it with points between; empty for anything
// else.
func path(e ast.Expr) string {
	switch e.Kind() {
	case ast.IdentKind:
		return ident(e)
	case ast.SelectKind:
		if s := e.AsSelect(); !s.IsTestOnly() {
			return path(s.Operand()) + "." + s.FieldName()
		}
	default:
	}
	return ""
}

// spelled refuses a word that a fact never is: it would match nobody, and nobody would
// notice.
func (r *reading) spelled(fact ast.Expr, words ...ast.Expr) {
	of := path(fact)
	known, ok := wordsOf[of]
	if !ok {
		return
	}
	for _, w := range words {
		if word, isText := text(w); isText && !slices.Contains(known, word) {
			r.found = append(r.found, guarded{w.ID(), fmt.Sprintf("%q is never in %s: possible are %s", word, of, strings.TrimSuffix(strings.Join(known, ", "), ", "))})
		}
	}
}
