// Command imports takes a large file through the program as it is shipped, kills it amid
// that by kill -9, starts it again, and holds what came of the rows to what the file says;
// then it sends the same file again. It prints how fast that was and how much memory it
// took. Nothing in it asserts a speed.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"text/tabwriter"
	"time"
)

// figure is one thing measured.
type figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

func main() {
	rows := flag.Int("n", 1_000_000, "how many rows the file has")
	output := flag.String("o", "table", "how the figures are printed: table or json")
	bound := flag.Duration("timeout", 60*time.Minute, "how long it may take")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), *bound)
	defer cancel()
	if err := bench(ctx, *rows, *output); err != nil {
		fmt.Fprintln(os.Stderr, "bench-import:", err)
		os.Exit(1) //nolint:gocritic // the context ends with the process
	}
}

func bench(ctx context.Context, rows int, output string) error {
	if output != "table" && output != "json" {
		return fmt.Errorf("-o: %q is neither table nor json", output)
	}
	if rows < 5000 {
		return fmt.Errorf("-n: must be 5000 or more: fewer are read before anybody can kill the process")
	}
	dir, err := os.MkdirTemp("", "rappel-import-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program, err := build(ctx, dir, "./services/rappel/cmd/rappel")
	if err != nil {
		return err
	}
	r := &run{rows: rows, dir: dir, program: program, say: os.Stderr}
	figures, err := r.whole(ctx)
	switch {
	case err != nil:
		return err
	case output == "json":
		return json.NewEncoder(os.Stdout).Encode(figures)
	default:
		return printTable(os.Stdout, figures)
	}
}

// build makes the program as it is shipped.
func build(ctx context.Context, dir, pkg string) (string, error) {
	program := filepath.Join(dir, "rappel")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program, pkg)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("build the program: %w", err)
	}
	return program, nil
}

func printTable(out io.Writer, figures []figure) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, f := range figures {
		fmt.Fprintf(w, "%s\t%.0f %s\t\n", f.Name, f.Value, f.Unit)
	}
	return w.Flush()
}
