package rappel

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rappel-loop/rappel/services/internal/bus"
	"github.com/rappel-loop/rappel/services/internal/host"
	"github.com/rappel-loop/rappel/services/rappel/internal/cli"
	"github.com/rappel-loop/rappel/services/rappel/internal/outcome"
	"github.com/rappel-loop/rappel/services/rappel/internal/replay"
)

// playWait bounds the wait for the loop to finish with the sample.
const playWait = time.Minute

// playModule plays a folder of sample answers through the public API once the
// process listens, and shows what came of them. The process goes on serving.
func playModule(dir string, out io.Writer) host.Module {
	return host.Module{Name: "sample", Start: func(_ context.Context, p *host.Process) error {
		server := "http://" + p.HTTPAddr
		p.Go("sample", func(ctx context.Context) error {
			if err := play(ctx, dir, server, p.Bus, out); err != nil {
				return err
			}
			_, err := fmt.Fprintf(out, nextSteps, server)
			return err
		})
		return nil
	}}
}

const nextSteps = `
Serving at %[1]s. Claim the first callback, in another terminal:

  curl -s -X POST %[1]s/v1/callbacks:claim -d '{"agentId":"amina"}'
  RAPPEL_SERVER=%[1]s bin/rappel callbacks claim --agent amina

Ctrl-C stops.
`

// play sends every file of the folder, waits until the loop has handled them,
// and prints the report.
func play(ctx context.Context, dir, server string, b *bus.Bus, out io.Writer) error {
	files, err := sampleFiles(dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		if _, err := fmt.Fprintf(out, "\nPlaying %s\n", f.path); err != nil {
			return err
		}
		if err := cli.Play(ctx, out, replay.Options{File: f.path, Mapping: f.mapping, Server: server, Key: os.Getenv("RAPPEL_KEY"), NoFiles: true}); err != nil {
			return fmt.Errorf("play %s: %w", f.path, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, playWait)
	defer cancel()
	if err := outcome.WaitIdle(ctx, b); err != nil {
		return err
	}
	report, err := outcome.Read(ctx, b)
	if err != nil {
		return err
	}
	return report.Print(out)
}

type sampleFile struct{ path, mapping string }

// sampleFiles lists what a folder holds to play: JSONL files, and CSV files
// that have a mapping of the same name beside them.
func sampleFiles(dir string) ([]sampleFile, error) {
	var files []sampleFile
	for _, pattern := range []string{"*.jsonl", "*.csv"} {
		paths, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			f := sampleFile{path: path}
			if filepath.Ext(path) == ".csv" {
				f.mapping = strings.TrimSuffix(path, ".csv") + ".mapping.yaml"
				if _, err := os.Stat(f.mapping); err != nil {
					continue // a CSV file without a mapping means nothing to us
				}
			}
			if strings.Contains(filepath.Base(path), ".rejects.") {
				continue
			}
			files = append(files, f)
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s holds nothing to play: no .jsonl, and no .csv with a .mapping.yaml", dir)
	}
	return files, nil
}
