package cli

import (
	"context"
	"io"

	"github.com/rappel-loop/rappel/services/rappel/internal/replay"
)

// Play sends a file as `rappel replay` does, with its progress and its summary
// on out: for a process that plays a sample to itself.
func Play(ctx context.Context, out io.Writer, o replay.Options) error {
	p := newProgress(out, system(), o.File)
	o.OnProgress, o.OnWait = p.update, p.waiting
	s, err := replay.Run(ctx, o)
	p.end()
	if err != nil {
		return err
	}
	printSummary(out, s)
	return nil
}
