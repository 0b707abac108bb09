package verbatim

import (
	"fmt"
	"strings"
)

// endings are the classes of inflection: ~er after a stem stands for all of
// these after it. Folding makes é and e one, so each is here once.
var endings = map[string][]string{
	// French verbs.
	"er": strings.Fields("e es ons eons ez ent er ee ees ais ait eais eait ions iez aient eaient ant eant a as ai ames erent erai eras era erons erez eront erais erait erions eriez eraient"),
	"ir": strings.Fields("i ir is it ie ies issons issez issent isse isses issais issait issaient issant irai ira iront irais irait iraient irent"),
	"re": append([]string{""}, strings.Fields("s re ons ez ent e es u ue us ues ais ait aient ant it irent rai ra ront rais rait raient")...),
	// French adjectives and nouns.
	"é":   strings.Fields("e ee es ees"),
	"eux": strings.Fields("eux euse euses eusement"),
	"if":  strings.Fields("f fs ve ves vement"),
	"al":  strings.Fields("al ale aux ales alement"),
	"ant": strings.Fields("ant ante ants antes amment"),
	"ent": strings.Fields("ent ente ents entes emment"),
	"eur": strings.Fields("eur eurs euse euses"),
	"ble": strings.Fields("le les lement"),
	"que": strings.Fields("que ques quement"),
	// English.
	"v":  append([]string{""}, strings.Fields("s ed ing")...),
	"ve": strings.Fields("e es ed ing"),
	"vy": strings.Fields("y ies ied ying"),
	"a":  append([]string{""}, strings.Fields("er est ly")...),
	"ly": append([]string{""}, strings.Fields("ly")...),
	"y":  strings.Fields("y ier iest ily iness"),
	"s":  append([]string{""}, strings.Fields("s")...),
}

// frenchVerbs are the classes after which a bare "pas" negates what is before it.
func isFrenchVerb(class string) bool { return class == "er" || class == "ir" || class == "re" }

// form is one spelling of an entry.
type form struct {
	text string
	verb bool
}

// maxForms bounds how many spellings an entry may have: a slip in the notation
// shall be an error and not a gigabyte.
const maxForms = 4000

// sets are the lists of alternatives that entries name.
type sets map[string][]string

// expand writes an entry's forms out. Notation: (x) may be absent, [a|b] is one of
// them, {set} is one of a set, ~class is a class of endings, _ is a gap of up to
// two small words.
func expand(entry string, known sets) ([]form, error) {
	if entry[0] == ':' { // an emoticon: its brackets are a mouth
		return []form{{text: entry}}, nil
	}
	texts, err := brackets(entry, known)
	if err != nil {
		return nil, err
	}
	var out []form
	for _, t := range texts {
		forms := []form{{}}
		for w := range strings.FieldsSeq(t) {
			stem, class, inflected := strings.Cut(w, "~")
			ends := []string{""}
			if inflected {
				if ends = endings[class]; ends == nil {
					return nil, fmt.Errorf("%q: there is no class ~%s", entry, class)
				}
			}
			next := make([]form, 0, len(forms)*len(ends))
			for _, f := range forms {
				for _, e := range ends {
					next = append(next, form{text: strings.TrimSpace(f.text + " " + stem + e), verb: f.verb || isFrenchVerb(class)})
				}
			}
			forms = next
		}
		if out = append(out, forms...); len(out) > maxForms {
			return nil, fmt.Errorf("%q: stands for more than %d forms", entry, maxForms)
		}
	}
	return out, nil
}

// brackets writes out what ( ), [ | ] and { } stand for.
func brackets(s string, known sets) ([]string, error) {
	i := strings.IndexAny(s, "([{")
	if i < 0 {
		if strings.ContainsAny(s, ")]|}") {
			return nil, fmt.Errorf("%q: a bracket is closed that was not opened", s)
		}
		return []string{s}, nil
	}
	closing := map[byte]string{'(': ")", '[': "]", '{': "}"}[s[i]]
	inner, after, ok := strings.Cut(s[i+1:], closing)
	if !ok || strings.ContainsAny(inner, "([{") {
		return nil, fmt.Errorf("%q: brackets must be closed, and hold no others", s)
	}
	choices := strings.Split(inner, "|")
	switch s[i] {
	case '(':
		choices = []string{"", inner}
	case '{':
		if choices = known[inner]; choices == nil {
			return nil, fmt.Errorf("%q: there is no set {%s}", s, inner)
		}
	}
	rest, err := brackets(after, known)
	if err != nil {
		return nil, err
	}
	if len(rest)*len(choices) > maxForms {
		return nil, fmt.Errorf("%q: stands for more than %d forms", s, maxForms)
	}
	var out []string
	for _, c := range choices {
		for _, r := range rest {
			out = append(out, s[:i]+c+r)
		}
	}
	return out, nil
}

// define adds a line's set, with what its members stand for written out.
func (k sets) define(name string, members []string) error {
	for _, m := range members {
		forms, err := expand(m, k)
		if err != nil {
			return err
		}
		for _, f := range forms {
			k[name] = append(k[name], f.text)
		}
	}
	return nil
}
