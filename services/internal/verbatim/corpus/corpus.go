// Package corpus reads the customer feedback that we have invented: what the
// weights that ship are trained on (All), and what they are measured by (HeldOut). No
// row of it was written by a customer, and none comes from a data set.
//
// A row is a line of five columns with tabs between them: the language (fr, en,
// or xx for others and mixtures); the stars that this customer would give, 1 to 5;
// the dimensions that the text speaks of, as P+,C- (P product, C communication, R
// responsiveness, G overall; +, - or 0 for neither or both), or a full stop; the
// intents, or a full stop; and the text.
//
// It is for tests: a program that imports it carries all of it.
package corpus

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed *.tsv heldout/*.tsv
var embedded embed.FS

// Row is one text with what a careful reader says of it.
type Row struct {
	// File and Line are where it stands.
	File string
	Line int
	// Lang is fr, en or xx.
	Lang string
	// Score is 1 to 5 stars.
	Score int
	// Dimensions are P, C, R and G, each at most once, with a polarity: "P+".
	Dimensions []string
	// Intents are of Intents.
	Intents []string
	// Text is what the customer typed.
	Text string
}

// Intents are those that a row may have.
var Intents = []string{"churn", "legal", "refund", "callback", "urgent", "safety", "praise", "suggestion"}

// All is every row, by file and line.
func All() ([]Row, error) { return Read(embedded) }

// HeldOut are rows by other hands that nothing is trained on, and no rule is written by:
// whoever reads them for what is missed writes others in their place first.
func HeldOut() ([]Row, error) {
	held, err := fs.Sub(embedded, "heldout")
	if err != nil {
		return nil, err
	}
	return Read(held)
}

// Read reads all *.tsv files of a folder, by name. The error names every line that
// is wrong.
func Read(fsys fs.FS) ([]Row, error) {
	files, err := fs.Glob(fsys, "*.tsv")
	if err != nil {
		return nil, err
	}
	var out []Row
	var errs []error
	seen := map[string]string{}
	for _, file := range files {
		text, err := fs.ReadFile(fsys, file)
		errs = append(errs, err)
		for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
			r, err := parse(line)
			r.File, r.Line = file, i+1
			at := fmt.Sprintf("%s:%d", file, i+1)
			if before, ok := seen[r.Text]; ok && len(r.Text) > maxCommon {
				err = errors.Join(err, fmt.Errorf("the same text as %s", before))
			}
			seen[r.Text] = at
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", at, err))
			}
			out = append(out, r)
		}
	}
	return out, errors.Join(errs...)
}

// maxCommon is how long, in bytes, a text may be that several customers type.
const maxCommon = 12

func parse(line string) (r Row, err error) {
	cells := strings.Split(line, "\t")
	if len(cells) != 5 {
		return r, fmt.Errorf("%d columns, must be 5", len(cells))
	}
	r.Lang, r.Text = cells[0], cells[4]
	r.Dimensions, r.Intents = list(cells[2]), list(cells[3])
	var errs []error
	if !slices.Contains([]string{"fr", "en", "xx"}, r.Lang) {
		errs = append(errs, fmt.Errorf("language %q", r.Lang))
	}
	if len(cells[1]) != 1 || cells[1] < "1" || cells[1] > "5" {
		errs = append(errs, fmt.Errorf("score %q", cells[1]))
	} else {
		r.Score = int(cells[1][0] - '0')
	}
	letters := ""
	for _, d := range r.Dimensions {
		if len(d) != 2 || !strings.Contains("PCRG", d[:1]) || !strings.Contains("+-0", d[1:]) || strings.Contains(letters, d[:1]) {
			errs = append(errs, fmt.Errorf("dimension %q", d))
			continue
		}
		letters += d[:1]
	}
	for _, i := range r.Intents {
		if !slices.Contains(Intents, i) {
			errs = append(errs, fmt.Errorf("intent %q", i))
		}
	}
	if strings.TrimSpace(r.Text) == "" {
		errs = append(errs, errors.New("no text"))
	}
	return r, errors.Join(errs...)
}

func list(cell string) []string {
	if cell == "." {
		return nil
	}
	return strings.Split(cell, ",")
}
