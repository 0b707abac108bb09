package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/rappel-loop/rappel/services/internal/csvfile"
	"github.com/rappel-loop/rappel/services/internal/verbatim/model"
)

// knownColumns are those that say something of a text.
var knownColumns = []string{"scale", "score", "text", "lang", "customer", "sentiment", "themes", "churn", "urgent"}

// known is a text with what is known of it.
type known struct {
	text, lang, customer string
	// class and sentiment are nil where the file does not say.
	class, sentiment *model.Class
	// themes are a subset of the letters PCRG; nil where the file does not say.
	themes        *string
	churn, urgent *bool
}

// readKnown reads the rows of a file that have a text.
func readKnown(file string) ([]known, error) {
	f, err := os.Open(file) //nolint:gosec // the person names it
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := csvfile.New(f, csvfile.Options{})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	at := map[string]int{}
	for _, name := range knownColumns {
		if i := slices.Index(r.Header(), name); i >= 0 {
			at[name] = i
		}
	}
	for _, name := range []string{"scale", "score", "text"} {
		if _, ok := at[name]; !ok {
			return nil, fmt.Errorf("%s: has no column %s; rappel scorer eval --help says which are needed", file, name)
		}
	}
	var out []known
	for {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if rec.Problem != "" {
			return nil, fmt.Errorf("%s:%d: %s", file, rec.Line, rec.Problem)
		}
		cell := func(name string) (string, bool) {
			i, ok := at[name]
			if !ok || i >= len(rec.Cells) {
				return "", ok
			}
			return strings.TrimSpace(rec.Cells[i]), true
		}
		if text, _ := cell("text"); text == "" {
			continue
		}
		k, err := knownOf(cell)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, rec.Line, err)
		}
		out = append(out, k)
	}
}

func knownOf(cell func(string) (string, bool)) (k known, err error) {
	k.text, _ = cell("text")
	k.lang, _ = cell("lang")
	k.customer, _ = cell("customer")
	scale, _ := cell("scale")
	score, _ := cell("score")
	sentiment, _ := cell("sentiment")
	if score != "" || scale != "" || sentiment == "" {
		c, err := classOfScore(scale, score)
		if err != nil {
			return k, err
		}
		k.class = &c
	}
	if sentiment != "" {
		i := slices.Index([]string{"neg", "neu", "pos"}, strings.ToLower(sentiment)[:min(3, len(sentiment))])
		if i < 0 {
			return k, fmt.Errorf("sentiment %q: must be neg, neu or pos", sentiment)
		}
		c := model.Class(i)
		k.sentiment = &c
	}
	if letters, ok := cell("themes"); ok {
		k.themes = &letters
	}
	churn, err1 := flagOf(cell, "churn")
	urgent, err2 := flagOf(cell, "urgent")
	k.churn, k.urgent = churn, urgent
	return k, errors.Join(err1, err2)
}

// flagOf is nil where nothing is said.
func flagOf(cell func(string) (string, bool), name string) (*bool, error) {
	text, _ := cell(name)
	if text == "" {
		return nil, nil
	}
	v, err := strconv.ParseBool(strings.TrimSuffix(text, ".0"))
	if err != nil {
		return nil, fmt.Errorf("%s %q: must be 0 or 1", name, text)
	}
	return &v, nil
}

// classOfScore is what a score says.
func classOfScore(scale, score string) (model.Class, error) {
	if scale == "sentiment3" {
		if i := slices.Index([]string{"negative", "neutral", "positive"}, score); i >= 0 {
			return model.Class(i), nil
		}
	}
	if n, err := strconv.ParseFloat(score, 64); scale == "star5" && err == nil && n >= 1 && n <= 5 {
		switch {
		case n < 3:
			return model.Negative, nil
		case n > 3:
			return model.Positive, nil
		}
		return model.Neutral, nil
	}
	return 0, fmt.Errorf("score %q on scale %q: must be 1 to 5 on star5, or negative, neutral or positive on sentiment3", score, scale)
}
