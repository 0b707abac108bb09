// Package themefile reads the file in which a deployment declares themes of its own.
// docs/verbatims.md shows one.
package themefile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"github.com/rappel-loop/rappel/services/internal/strictyaml"
	"github.com/rappel-loop/rappel/services/internal/verbatim"
)

// Bounds of a file.
const (
	maxFile   = 1 << 20 // bytes
	maxThemes = 500
	maxTerms  = 500 // of a theme, in a language
)

// Open makes an Analyser with the themes of the file at a path; without one it has those that
// are shipped. The error names every fault with its line.
func Open(path string) (*verbatim.Analyser, error) {
	if path == "" {
		return verbatim.New()
	}
	text, err := os.ReadFile(path) //nolint:gosec // the operator names it
	if err != nil {
		return nil, fmt.Errorf("themes_file: %w", err)
	}
	themes, err := Load(filepath.Base(path), text)
	if err != nil {
		return nil, fmt.Errorf("themes_file is refused:\n%w", err)
	}
	a, err := verbatim.New(verbatim.WithThemes(themes...))
	if err != nil {
		return nil, fmt.Errorf("themes_file is refused:\n%w", err)
	}
	return a, nil
}

// Load reads a file; its name is for messages and evidence. The error is a
// *strictyaml.Error. What the terms mean is checked where they are used.
func Load(file string, text []byte) ([]verbatim.OwnTheme, error) {
	r := strictyaml.New(strictyaml.Options{File: file, Limit: maxFile, Empty: "declares no theme: it begins with themes:"})
	var themes []verbatim.OwnTheme
	if root := r.Document(text); root != nil {
		given := r.Object(root, "", strictyaml.Fields{
			"themes": func(n *yaml.Node, path string) {
				r.Most(n, path, maxThemes, "theme", func(n *yaml.Node, path string) {
					t := verbatim.OwnTheme{File: file, Line: n.Line}
					read(r, &t, n, path)
					themes = append(themes, t)
				})
			},
		})
		r.Required(root, "", given, "themes")
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	return themes, nil
}

var errDimension = errors.New("must be P, C, R or G, or a dimension's name")

func read(r *strictyaml.Reader, t *verbatim.OwnTheme, n *yaml.Node, path string) {
	terms := func(into *[]string) func(*yaml.Node, string) {
		return func(n *yaml.Node, path string) {
			*into = r.Texts(n, path)
			if len(*into) > maxTerms {
				r.Wrong(n, path, "holds more than %d terms", maxTerms)
			}
		}
	}
	given := r.Object(n, path, strictyaml.Fields{
		"id": func(n *yaml.Node, path string) { t.ID = r.Text(n, path) },
		"dimension": func(n *yaml.Node, path string) {
			text := r.Text(n, path)
			d, ok := verbatim.ParseDimension(text)
			if text != "" && !ok {
				r.Wrong(n, path, "%s", errDimension)
			}
			t.Dimension = d
		},
		"fr": terms(&t.French), "en": terms(&t.English),
		"polarity": func(n *yaml.Node, path string) {
			t.Polarity = float32(r.Number(n, path, -verbatim.MaxStrength, verbatim.MaxStrength))
		},
	})
	r.Required(n, path, given, "id", "dimension")
}
