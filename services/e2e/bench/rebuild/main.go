// Command rebuild prints what a large number of open callbacks costs: starts,
// memory, and work beside the same work with few. It runs BenchmarkRebuild, which
// uses the program as it is shipped. Nothing in it asserts a speed.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"
)

// figure is one thing measured, as the benchmark writes it.
type figure struct {
	Shape string  `json:"shape"`
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

func main() {
	open := flag.Int("n", 1_000_000, "how many callbacks are open")
	output := flag.String("o", "table", "how the figures are printed: table or json")
	bound := flag.Duration("timeout", 30*time.Minute, "how long it may take")
	flag.Parse()
	if err := run(context.Background(), *open, *output, *bound); err != nil {
		fmt.Fprintln(os.Stderr, "bench-rebuild:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, open int, output string, bound time.Duration) error {
	if output != "table" && output != "json" {
		return fmt.Errorf("-o: %q is neither table nor json", output)
	}
	if open < 2000 {
		return errors.New("-n: must be 2000 or more: it is compared with 1000")
	}
	figures, err := measure(ctx, open, bound)
	switch {
	case err != nil:
		return err
	case output == "json":
		return json.NewEncoder(os.Stdout).Encode(figures)
	default:
		return printTable(os.Stdout, figures)
	}
}

// measure runs the benchmark, whose progress goes to standard error.
func measure(ctx context.Context, open int, bound time.Duration) ([]figure, error) {
	dir, err := os.MkdirTemp("", "rappel-figures-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "figures.json")
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkRebuild$", "-benchtime", "1x", "-timeout", bound.String(),
		"./services/callback-queue/internal/rebuildbench", "-open", strconv.Itoa(open), "-figures", file)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w; it says why above", err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var figures []figure
	return figures, json.Unmarshal(text, &figures)
}

// printTable puts the shapes beside each other.
func printTable(out io.Writer, figures []figure) error {
	var shapes, names []string
	cells := map[[2]string]string{}
	for i, f := range figures {
		if !slices.Contains(shapes, f.Shape) {
			shapes = append(shapes, f.Shape)
		}
		if !slices.Contains(names, f.Name) {
			// What only a later shape has stands where that shape has it.
			at := len(names)
			if i > 0 && figures[i-1].Shape == f.Shape {
				at = slices.Index(names, figures[i-1].Name) + 1
			}
			names = slices.Insert(names, at, f.Name)
		}
		cells[[2]string{f.Shape, f.Name}] = f.text()
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, s := range shapes {
		fmt.Fprint(w, "\t", s)
	}
	fmt.Fprintln(w, "\t")
	for _, name := range names {
		fmt.Fprint(w, name)
		for _, s := range shapes {
			fmt.Fprint(w, "\t", cells[[2]string{s, name}])
		}
		fmt.Fprintln(w, "\t")
	}
	return w.Flush()
}

func (f figure) text() string {
	digits := 2
	if f.Value == float64(int(f.Value)) || f.Value >= 100 {
		digits = 0
	}
	text := strconv.FormatFloat(f.Value, 'f', digits, 64)
	if f.Unit != "" {
		text += " " + f.Unit
	}
	return text
}
