package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rappel-loop/rappel/services/rappel/internal/deadletter"
)

// outcomeWait is how long an order is watched; outcomePoll how often.
const (
	outcomeWait = 15 * time.Second
	outcomePoll = 300 * time.Millisecond
)

func redriveLetters(cmd *cobra.Command, e env, o deadLetterOptions, s deadletter.Source, numbers []uint64) error {
	ctx, stop := interruptible(cmd)
	defer stop()
	chosen, err := chooseLetters(ctx, o, s, numbers)
	if err != nil {
		return err
	}
	if len(chosen) > 0 {
		numbers = numbers[:0]
		for _, l := range chosen {
			numbers = append(numbers, l.Number)
		}
		if err := s.Redrive(ctx, numbers); err != nil {
			return err
		}
	}
	after, err := outcome(ctx, e, s, chosen)
	if err != nil {
		return err
	}
	if o.output == "json" {
		return printLetters(cmd.OutOrStdout(), after)
	}
	return printOutcome(cmd.OutOrStdout(), e, after)
}

// chooseLetters are those that are named, or with --all those that are dead. A
// letter that a newer one has followed is no use: it would be watched in vain.
func chooseLetters(ctx context.Context, o deadLetterOptions, s deadletter.Source, numbers []uint64) ([]deadletter.Letter, error) {
	if o.all {
		open, err := s.List(ctx, deadletter.Filter{Consumer: o.consumer, Reason: o.reason})
		return slices.DeleteFunc(open, func(l deadletter.Letter) bool { return l.State != deadletter.Dead }), err
	}
	latest, err := s.List(ctx, deadletter.Filter{Handled: true})
	if err != nil {
		return nil, err
	}
	for _, n := range numbers {
		if !slices.ContainsFunc(latest, func(l deadletter.Letter) bool { return l.Number == n }) {
			return nil, fmt.Errorf("there is no dead letter %d, or a newer one is about the same message: see `dead-letters list --all`", n)
		}
	}
	return slices.DeleteFunc(latest, func(l deadletter.Letter) bool { return !slices.Contains(numbers, l.Number) }), nil
}

// outcome watches what becomes of letters: handled, or another letter about the
// same message, or nothing yet.
func outcome(ctx context.Context, e env, s deadletter.Source, chosen []deadletter.Letter) ([]deadletter.Letter, error) {
	after := []deadletter.Letter{}
	for waited := time.Duration(0); len(chosen) > 0; waited += outcomePoll {
		all, err := s.List(ctx, deadletter.Filter{Handled: true})
		if err != nil {
			return nil, err
		}
		after = slices.DeleteFunc(all, func(l deadletter.Letter) bool {
			return !slices.ContainsFunc(chosen, func(c deadletter.Letter) bool { return c.About(l) })
		})
		waiting := slices.ContainsFunc(after, func(l deadletter.Letter) bool { return l.State == deadletter.Ordered })
		if !waiting || waited >= outcomeWait {
			break
		}
		if err := e.wait(ctx, outcomePoll); err != nil {
			return nil, err
		}
	}
	return after, nil
}

func printOutcome(out io.Writer, e env, letters []deadletter.Letter) error {
	count := map[deadletter.State]int{}
	var failed []deadletter.Letter
	for _, l := range letters {
		count[l.State]++
		if l.State != deadletter.Handled {
			failed = append(failed, l)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "handled         %d\n", count[deadletter.Handled])
	fmt.Fprintf(&b, "given up again  %d\n", count[deadletter.Dead])
	if n := count[deadletter.Ordered]; n > 0 {
		fmt.Fprintf(&b, "not tried yet   %d   is the service running? It is tried as soon as it does\n", n)
	}
	if _, err := io.WriteString(out, b.String()); err != nil || len(failed) == 0 {
		return err
	}
	_, _ = fmt.Fprintln(out)
	return letterTable(out, e, failed)
}
